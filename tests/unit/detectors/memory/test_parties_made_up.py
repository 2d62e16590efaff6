"""Made-up parties push out each other, never a bank's own customers: those keep their yearly totals."""

import math
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from detectors.books.party import owner_of, unpack
from detectors.books.payments import exact_sum, rows
from detectors.contracts.events import ConfigurationChange, Profile
from detectors.memory.state import MOST_SWEPT, PartitionState
from detectors.values.shares import AT_ONCE, OFFICES, OTHERS
from tests.support.ledger import START, Ledger, configuration, digest16, later
from tests.support.own_cpu import own_cpu

SIZE, CUSTOMERS, FLOOD = 200, 20, 1_500
LISTED = ("BANKA", "BANKB")


def book_of(size: int = SIZE, listed: tuple[str, ...] = LISTED) -> Ledger:
    """A partition that remembers so many parties."""
    return Ledger(configuration(engine={"parties": size}, admission={"institutions": list(listed)}))


def pay_all(book: Ledger, day: int, amount: str, institution: str = "BANKA", count: int = CUSTOMERS) -> list[Any]:
    """A payment of each of the bank's customers; their outputs."""
    return [
        book.pay(
            f"d{day}",
            later(days=day, minutes=number),
            amount,
            institution=institution,
            party=f"k1.0a3.customer{number}",
            channel="branch",
        )
        for number in range(count)
    ]


def flood(book: Ledger, senders: list[str], count: int = FLOOD, day: float = 1) -> None:
    """So many payments of a dollar, each of another made-up party, by these institutions in turn."""
    for number in range(count):
        book.pay(
            "f",
            later(days=day, seconds=number),
            "1",
            institution=senders[number % len(senders)],
            party=f"k1.0a3.made{day}-{number}",
        )


def tell(book: Ledger, name: str, at: datetime, party: str) -> None:
    """A profile of a person."""
    event = Profile(
        event_id=name, identity=digest16(name), body=digest16(name), as_of=at, party=party, party_type="person"
    )
    book.put(event, book.origin("fx.profiles.v1"))


def change(book: Ledger, size: int, listed: list[str]) -> None:
    """Another configuration comes into force."""
    new = configuration(engine={"parties": size}, admission={"institutions": listed})
    book.put(ConfigurationChange(configuration=new), book.origin("fx.rules.v1"))


def yearly_totals(outputs: list[Any]) -> list[tuple[str, str]]:
    """Of each alert by rule: the typology, and the year's total that it measured, in USD."""
    return [
        (hit.id, measured.value)
        for one in outputs
        for alert in one.alerts
        for hit in alert.typologies
        for measured in hit.measured
        if measured.name == "annual_total"
    ]


NAMES = {"none": [], "one": ["EVIL"], "another each": [f"F{one}" for one in range(FLOOD)], "listed": ["BANKB"]}


@pytest.mark.parametrize("names", NAMES)
def test_a_flood_of_parties_takes_no_bank_customers_yearly_totals(names):
    """60 000 USD each, 1 500 made-up parties where 200 are remembered, 60 000 each: the cap of 100 000 is crossed.

    By one name, by 1 500, by another listed bank. Before there was a share for each, or with one order for all, the
    second payment was the first of a party that nobody knew. Without a flood nothing is forgotten.
    """
    book = book_of()
    assert yearly_totals(pay_all(book, 0, "60000")) == []
    flood(book, NAMES[names], FLOOD if names != "none" else 0)
    assert yearly_totals(pay_all(book, 2, "60000")) == [("T02", "120000.00")] * CUSTOMERS
    gone = max(CUSTOMERS + FLOOD - SIZE, 0) if names != "none" else 0
    assert book.state.counters["parties_forgotten"] == gone
    assert len(book.state.parties) == (SIZE if gone else CUSTOMERS)
    assert book.state.parties.held("BANKA") == CUSTOMERS


def test_a_party_that_was_forgotten_begins_anew():
    """What forgetting costs: 120 000 USD of a made-up name's own party come to 60 000, and are not alerted on."""
    book = book_of()
    pay_all(book, 0, "60000", "EVIL", count=1)
    flood(book, ["EVIL"])
    assert yearly_totals(pay_all(book, 2, "60000", "EVIL", count=1)) == []
    found = unpack(book.state.parties["k1.0a3.customer0"])
    assert (exact_sum(rows(found)["usd"]), found.first_us) == (60_000_00, int(later(days=2).timestamp() * 1e6))


def test_the_others_keep_parties_without_a_share_no_longer_than_the_flood_lets_them():
    """64 made-up names take the shares that are given at once; a bank that no list names is then one of the others."""
    book = book_of()
    for number in range(AT_ONCE):
        book.pay("n", later(seconds=number), "1", institution=f"NAME{number}", party=f"k1.0a3.n{number}")
    pay_all(book, 0, "60000", "UNLISTED", count=3)
    assert book.state.parties.held() == 3
    flood(book, [f"F{one}" for one in range(FLOOD)])
    assert not any(f"k1.0a3.customer{number}" in book.state.parties for number in range(3))
    # each of the names keeps what it told of
    assert [book.state.parties.held(f"NAME{number}") for number in range(AT_ONCE)] == [1] * AT_ONCE


def test_a_listed_bank_takes_its_customers_from_whoever_told_of_them_first():
    """A made-up name pays a dollar for each customer, the bank 60 000; then the name floods, and no total is lost."""
    book = book_of()
    pay_all(book, 0, "1", "EVIL")
    assert book.state.parties.held("EVIL") == CUSTOMERS
    pay_all(book, 0.1, "60000")
    assert (book.state.parties.held("EVIL"), book.state.parties.held("BANKA")) == (0, CUSTOMERS)
    # telling of them once more takes none of them back, nor does another listed bank
    pay_all(book, 0.2, "1", "EVIL")
    pay_all(book, 0.3, "1", "BANKB")
    flood(book, ["EVIL"], FLOOD // 2)
    flood(book, ["BANKB"], FLOOD // 2, day=1.5)
    assert yearly_totals(pay_all(book, 2, "60000")) == [("T02", "120003.00")] * CUSTOMERS


def test_customers_known_by_their_profiles_alone_outlast_a_flood():
    """30 profiles, 1 500 made-up parties: a quarter of the places is for parties that only offices told of."""
    book = book_of()
    for number in range(30):
        tell(book, f"p{number}", START, f"k1.0a3.customer{number}")
    assert book.state.parties.held(OFFICES) == 30
    flood(book, [f"F{one}" for one in range(FLOOD)])
    assert book.state.parties.held(OFFICES) == 30
    pay_all(book, 2, "10")
    assert (book.state.parties.held(OFFICES), book.state.parties.held("BANKA")) == (10, 20)


def test_a_flood_of_profiles_pushes_out_profiles():
    """1 500 profiles of parties that never pay: the bank's customers stay, and the newest profiles."""
    book = book_of()
    pay_all(book, 0, "60000")
    for number in range(FLOOD):
        tell(book, f"q{number}", later(days=1), f"k1.0a3.never{number}")
    assert (book.state.parties.held("BANKA"), book.state.parties.held(OFFICES)) == (CUSTOMERS, SIZE - CUSTOMERS)
    assert f"k1.0a3.never{FLOOD - SIZE + CUSTOMERS}" in book.state.parties
    assert yearly_totals(pay_all(book, 2, "60000")) == [("T02", "120000.00")] * CUSTOMERS


def test_verdicts_and_what_is_said_without_a_share_change_no_owner():
    """A party stays its bank's, whoever pays for it."""
    book = book_of()
    pay_all(book, 0, "10", count=1)
    pay_all(book, 1, "10", "NEW", count=1)
    assert owner_of(book.state.parties["k1.0a3.customer0"]) == "BANKA"
    assert book.state.parties.held(OTHERS) == 0


def test_a_smaller_size_is_reached_within_the_next_records_by_a_few_hundred_at_a_time():
    """1 500 parties, then room for 100: 256 go at each of the next payments, and nothing but that."""
    book = book_of(size=10_000)
    pay_all(book, 0, "60000")
    flood(book, ["EVIL"])
    change(book, 100, list(LISTED))
    sizes = [len(book.state.parties)]
    for number in range(7):
        book.pay(f"s{number}", later(days=2, seconds=number), "1", institution="EVIL", party="k1.0a3.made1-1499")
        sizes.append(len(book.state.parties))
    assert sizes == [1520, 1264, 1008, 752, 496, 240, 100, 100]
    assert max(before - after for before, after in pairwise(sizes)) == MOST_SWEPT
    assert yearly_totals(pay_all(book, 3, "60000")) == [("T02", "120000.00")] * CUSTOMERS


def test_a_party_that_is_forgotten_leaves_no_former_name():
    """In a key rotation each made-up party has a former token too; those of parties that stay lead to them."""
    book = book_of()
    for number in range(FLOOD):
        token = f"k2.0a3.made{number}"
        book.pay(
            "f", later(seconds=number), "1", institution="EVIL", party=token, previous={token: f"k1.0a3.m{number}"}
        )
    kept = {f"k1.0a3.m{number}" for number in range(FLOOD - SIZE, FLOOD)}
    assert set(book.state.renamed) == kept
    assert all(book.state.newest_name(former) in book.state.parties for former in kept)


def test_a_snapshot_cut_anywhere_in_a_flood_comes_to_the_same():
    """Saved and loaded every few records, while shares are given, lost and listed, and sizes change."""
    whole, cut = book_of(size=40), book_of(size=40)
    for number in range(900):
        for book in (whole, cut):
            sender = f"F{number % 90}" if number % 3 else ("BANKA", "BANKB")[number % 2]
            token = f"k1.0a3.{number * number % 101}"
            more = {"previous": {token: f"k0.0a3.{number % 101}"}} if number % 5 == 0 else {}
            book.pay(f"e{number}", later(hours=20 * number), "10", institution=sender, party=token, **more)
            if number % 300 == 299:
                change(book, *((40, ["BANKA", "F7"]) if number == 599 else (30, ["BANKB"])))
        if number % 7 == 0:
            cut.state = PartitionState.thaw(list(cut.state.freeze().sections()))
            assert list(cut.state.parties) == list(whole.state.parties)
            assert cut.state.parties._over == whole.state.parties._over
    assert whole.state.freeze().digest() == cut.state.freeze().digest()
    assert whole.state.counters["parties_forgotten"] > 250


def test_a_full_partition_costs_a_record_hardly_more():
    """1 500 payments of as many parties where there is room for all, and where there is for 200: 20 us more at most.

    One figure is held against another: the cheapest of up to five each, because a busy machine can only add to either.
    """
    spent = {10_000: math.inf, SIZE: math.inf}
    for _ in range(5):
        for size, least in spent.items():
            book = book_of(size)
            flood(book, ["WARM"], 200, day=0.5)
            with own_cpu() as measured:
                flood(book, [f"F{one}" for one in range(FLOOD)])
            spent[size] = min(least, measured.seconds / FLOOD)
        if spent[SIZE] < spent[10_000] * 1.3 + 20e-6:
            return
    pytest.fail(f"seconds a record, by room for parties: {spent}")


@pytest.mark.parametrize("listed", [["BANKA", "BANKX"], ["BANKA"], []], ids=["both", "the flooding one", "none"])
def test_a_flood_takes_no_total_of_customers_that_another_bank_told_of_first(listed):
    """A dollar for each customer before the bank's own 60 000, then made-up parties without end: all 20 alerted.

    Before, they were of whoever told of them first, or is listed, and went with its own: 0 of 20.
    """
    book = book_of(listed=tuple(listed))
    pay_all(book, 0, "1", "BANKA")
    pay_all(book, 0.1, "60000", "BANKX")
    flood(book, ["BANKA"])
    assert yearly_totals(pay_all(book, 2, "60000", "BANKX")) == [("T02", "120001.00")] * CUSTOMERS
    assert book.state.parties.held("BANKX") == CUSTOMERS


def test_a_flood_takes_no_profile_of_parties_that_the_flooding_bank_paid_for():
    """20 profiles, a dollar for each by a listed bank, and its flood: all 20 are known as persons still."""
    book = book_of()
    for number in range(CUSTOMERS):
        tell(book, f"p{number}", later(minutes=number), f"k1.0a3.customer{number}")
    pay_all(book, 0.1, "1", "BANKA")
    flood(book, ["BANKA"])
    assert [unpack(book.state.parties[f"k1.0a3.customer{number}"]).facts.party_type for number in range(CUSTOMERS)] == (
        ["person"] * CUSTOMERS
    )
    assert book.state.parties.held(OFFICES) == CUSTOMERS
