"""By which numbers events and payments are found: a UETR across banks, any other id within its bank."""

import pytest

from detectors.books.party import token_number
from detectors.books.payment_ids import event_number, is_uetr, payment_number

UETR = "97ed4827-7b6f-4491-a06f-b548d5a7512d"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (UETR, True),
        (UETR.upper(), True),
        ("97ED4827-7b6f-4491-A06f-b548d5a7512D", True),
        *((UETR.replace("-a", f"-{variant}"), True) for variant in "89b"),
        (UETR.replace("-a", "-7"), False),
        (UETR.replace("-a", "-c"), False),
        (UETR.replace("-4491", "-1491"), False),
        (UETR.replace("-4491", "-5491"), False),
        (UETR[:-1], False),
        (UETR + "0", False),
        (UETR.replace("-", ""), False),
        (UETR.replace("d4827", "g4827"), False),
        (UETR.replace("-", " "), False),
        ("00000000-0000-4000-8000-000000000000", False),
        ("00000001-0000-4000-8000-000000000000", True),
        ("44444444-4444-4444-8444-444444444440", False),
        ("", False),
    ],
)
def test_a_uetr_is_told_by_its_form_and_is_no_filler(text, expected):
    """Version 4, variant 1, either case; three different digits are a filler, four are none."""
    assert is_uetr(text) is expected


def test_a_payments_number_is_that_of_its_uetr_or_of_its_banks_own_id():
    """A UETR is the same at every bank and in either case; any other id means something at its own bank only."""
    assert payment_number("BANKA", UETR) == payment_number("BANKB", UETR.upper()) == token_number(UETR)
    assert payment_number("BANKA", "REF1") == token_number("BANKA|REF1")
    assert payment_number("BANKB", "REF1") == token_number("BANKB|REF1")
    assert payment_number("BANKA", "ref1") != payment_number("BANKA", "REF1")
    assert payment_number("BANKA", None) == payment_number("BANKA", "") == 0


def test_an_events_number_is_its_banks_own():
    """Even where its id has the form of a UETR; 0 stands for no id."""
    assert event_number("BANKA", "E1") == token_number("BANKA|E1")
    assert event_number("BANKA", UETR) == token_number(f"BANKA|{UETR}")
    assert event_number("BANKA", None) == event_number("BANKA", "") == 0


def test_no_bank_and_id_make_the_text_of_another():
    """A name that holds the sign between name and id is written with its length in front."""
    assert event_number("BANKB|2025", "7") == token_number("|10|BANKB|2025|7")
    assert event_number("BANKB", "2025|7") == token_number("BANKB|2025|7")
    assert len({event_number("A|B", "C"), event_number("A", "B|C"), event_number("", "A|B|C")}) == 3
    assert payment_number("BANKB|2025", "7") != payment_number("BANKB", "2025|7")
