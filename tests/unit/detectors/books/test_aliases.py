"""No sender's names push out what another one's returns and payees are known by."""

import pytest

from detectors.books.aliases import ROOM, make_room
from detectors.books.party import MOST_ALIASES, Party, unpack
from detectors.books.payments import exact_sum, rows
from tests.support.ledger import Ledger, later
from tests.support.told_payments import NAMES, A, B, X, payment

OLD, NEW = "k1.0a3.remitter", "k2.0a3.remitter"


def as_sent(name: str) -> str:
    """Every institution has a share of its own."""
    return name


def paid(*rows_of: tuple[int, int, int]) -> Party:
    """A party whose payments have these first events, payees and institutions."""
    told = [payment(event, 100, beneficiary=payee, institution=bank) for event, payee, bank in rows_of]
    return Party(names=list(NAMES), payments=b"".join(row.packed() for row in told))


def settlements(party: Party, numbers: range, first: int) -> None:
    """So many names of a payment's first event."""
    party.settlements |= dict.fromkeys(numbers, first)


def test_a_table_with_room_stays_as_it_is():
    """999 names, though no payment has any of them; aliases and settlements each for itself."""
    party = paid((1, 7, A))
    settlements(party, range(100, 1099), 9)
    party.aliases = dict.fromkeys(range(1000), 9)
    before = dict(party.settlements)
    make_room(party, as_sent)
    assert party.settlements == before
    assert list(party.aliases) == list(range(100, 1000))
    assert (MOST_ALIASES, ROOM) == (1000, 900)


@pytest.mark.parametrize("count", [1000, 1300])
def test_what_no_payment_refers_to_goes_first_the_oldest_of_it(count):
    """Of a full table 900 stay in their order: the 850 in use, though they are the oldest, and the newest others."""
    party = paid((1, 7, A))
    settlements(party, range(850), 1)
    settlements(party, range(850, count), 9)
    make_room(party, as_sent)
    assert list(party.settlements) == [*range(850), *range(count - 50, count)]
    assert {party.settlements[number] for number in range(850)} == {1}


def test_each_institution_keeps_its_share_of_those_in_use_the_newest():
    """BANKX has 1 000 newer ones, BANKA five older ones, and one that no payment refers to goes."""
    party = paid((1, 7, A), (2, 8, X))
    settlements(party, range(5), 1)
    settlements(party, range(5, 6), 9)
    settlements(party, range(6, 1006), 2)
    make_room(party, as_sent)
    assert list(party.settlements) == [*range(5), *range(111, 1006)]


def test_institutions_without_a_share_have_one_together():
    """Names cost nothing: BANKB and BANKX stand for two of them, and leave BANKA half of the room."""
    party = paid((1, 7, A), (2, 8, B), (3, 9, X))
    settlements(party, range(500), 1)
    settlements(party, range(500, 1000), 2)
    settlements(party, range(1000, 1500), 3)
    make_room(party, lambda name: name if name == "BANKA" else "")
    kept = list(party.settlements)
    assert kept[:450] == list(range(50, 500))
    assert kept[450:] == list(range(1050, 1500))


def test_a_payee_of_two_institutions_is_that_ones_who_paid_it_last():
    party = paid((1, 7, A), (2, 7, X), (3, 8, A), (4, 9, X))
    party.aliases = dict.fromkeys(range(5), 7) | dict.fromkeys(range(5, 10), 8) | dict.fromkeys(range(10, 1010), 9)
    make_room(party, as_sent)
    assert list(party.aliases) == [*range(5, 10), *range(115, 1010)]


@pytest.mark.parametrize("cents", [0, MOST_ALIASES + 5])
def test_a_return_finds_its_settlement_whatever_another_bank_settled(cents):
    """BANKB's 60 000 come back; BANKX settled a cent a thousand times in between."""
    ledger = Ledger()
    ledger.pay("o", later(hours=0), "60000", status="ordered", payment_id="P1", institution="BANKB")
    ledger.pay("s", later(hours=1), "60000", payment_id="P1", institution="BANKB")
    for number in range(cents):
        for status, hours in (("ordered", 2), ("settled", 3)):
            ledger.pay(
                f"{status}{number}",
                later(hours=hours, seconds=number),
                "0.01",
                status=status,
                payment_id=f"X{number}",
                institution="BANKX",
            )
    ledger.pay("r", later(hours=10), "60000", status="returned", original_event_id="s", institution="BANKB")
    party = unpack(ledger.state.parties[OLD])
    assert exact_sum(rows(party)["usd"]) == cents
    assert len(party.settlements) <= MOST_ALIASES


@pytest.mark.parametrize("made_up", [0, MOST_ALIASES + 5])
def test_a_payee_is_one_after_a_rotation_whatever_another_bank_paid_in_it(made_up):
    """BANKB pays two payees in the overlap and after it; BANKX pays a thousand made-up ones in it."""
    ledger = Ledger()

    def pay(name: str, hours: float, payee: str, bank: str, *, overlap: bool) -> None:
        token = f"k2.111.{payee}"
        previous = {NEW: OLD, token: f"k1.111.{payee}"} if overlap else {}
        ledger.pay(name, later(hours=hours), "10", party=NEW, counterparty=token, previous=previous, institution=bank)

    for payee in "ab":
        pay(f"before {payee}", 0, payee, "BANKB", overlap=True)
    for number in range(made_up):
        pay(f"x{number}", 1, f"x{number}", "BANKX", overlap=True)
    for payee in "ab":
        pay(f"after {payee}", 30, payee, "BANKB", overlap=False)
    party = unpack(ledger.state.parties[NEW])
    own = rows(party)[rows(party)["institution"] == party.names.index("BANKB")]
    assert len(own) == 4
    assert len(set(own["beneficiary"].tolist())) == 2
