"""Write a Headway processor in Python: a decorator around your function, and a host for it.

    from headway_kit import Item, Permanent, processor
    from headway_kit.wsgi import wsgi_app

    @processor
    def process(item: Item):
        if not item.value.get("email"):
            raise Permanent("no email", code="no-email")
        return {"contact": save(item.value, key=item.idempotency_key)}

    app = wsgi_app(process)

Hosts: `headway_kit.aws_lambda`, `headway_kit.asgi`, `headway_kit.wsgi`.
"""

from headway_kit.errors import ItemError, Permanent, Retryable, Throttled
from headway_kit.item import Item
from headway_kit.processor import Processor, batch_processor, processor
from headway_kit.signature import SecretError

__all__ = [
    "Item",
    "ItemError",
    "Permanent",
    "Processor",
    "Retryable",
    "SecretError",
    "Throttled",
    "batch_processor",
    "processor",
]
