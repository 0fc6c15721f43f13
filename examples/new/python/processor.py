"""Checks contacts. An item is a row of the file; its members are the columns."""

import os

from headway_kit import Item, Permanent, processor
from headway_kit.aws_lambda import lambda_handler
from headway_kit.wsgi import serve


@processor
def contacts(item: Item):
    """Checks a contact's address and brings it into one form."""
    email = item.value["email"].strip().lower()
    user, _, host = email.partition("@")
    if not user or "." not in host:
        # Trying again would change nothing: the item fails, and is listed under this code. What is not caught, such as a
        # KeyError, is tried 5 times, with growing waits: so raise `Permanent` for a row that is bad.
        raise Permanent(f"{item.value['email']!r} is not an email address", code="email")
    # Your own work goes here. If something fails temporarily, raise `Retryable`. An item may come more than once: give
    # `item.idempotency_key` to whatever you call. It is the same on every try.
    return {"name": item.value["name"].strip(), "email": email}


handler = lambda_handler(contacts)

if __name__ == "__main__":
    # It prints `serving on …`, which tools/with-endpoint.sh waits for.
    serve(contacts, port=int(os.environ.get("PORT", "8000")))
