import pytest
from headway_kit import Item, Permanent
from processor import contacts


def contact(email):
    job = "00000000-0000-0000-0000-000000000000"
    return Item({"name": " Ada ", "email": email}, index=0, job=job, idempotency_key=f"{job}/0")


def test_an_address_is_brought_into_one_form():
    assert contacts(contact("Ada@Example.com ")) == {"name": "Ada", "email": "ada@example.com"}


@pytest.mark.parametrize("email", ["", "ada", "@example.com", "ada@example"])
def test_what_is_no_address_fails_for_good(email):
    with pytest.raises(Permanent) as failed:
        contacts(contact(email))
    assert failed.value.code == "email"
