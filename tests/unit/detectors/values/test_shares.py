"""One sender's records push out its own fingerprints, never those of others: their repetitions are told."""

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.books.fingerprints import Fingerprints, Known
from detectors.books.party import unpack
from detectors.books.payments import exact_sum, rows
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import DAY_US
from detectors.values.shares import AT_ONCE, MOST_SHARES, OTHERS, Shares, fairly_cut
from tests.support.ledger import Ledger, configuration, later
from tests.support.own_cpu import own_cpu

PARTY = "k1.0a3.remitter"
SIZE = 300


def ledger_of(banks: int, each: int, listed: tuple[str, ...] = ()) -> Ledger:
    """A partition with a window of 300 in which so many banks have sent so many payments each."""
    tables = {"admission": {"institutions": list(listed)}} if listed else {}
    book = Ledger(configuration(engine={"fingerprints": SIZE}, **tables))
    for number in range(each):
        for bank in range(banks):
            book.pay(f"e{number}", later(minutes=number), "10", institution=f"BANK{bank:02d}KR")
    return book


def flood(book: Ledger, senders: Iterable[str], at_hours: float = 1) -> None:
    """A payment of each of these, of another party."""
    for number, sender in enumerate(senders):
        book.pay(f"f{number}", later(hours=at_hours), "1", institution=sender, party="k1.0a3.flood")


def told(book: Ledger, bank: int, number: int) -> str:
    """What becomes of a bank's payment that is sent again."""
    return book.pay(f"e{number}", later(minutes=number), "10", institution=f"BANK{bank:02d}KR").outcome


def total(book: Ledger) -> int:
    """USD cents of the party."""
    return exact_sum(rows(unpack(book.state.parties[PARTY]))["usd"])


@pytest.mark.parametrize("names", ["none", "one", "another each"])
def test_a_flood_makes_no_other_bank_s_repetition_count_twice(names):
    """Five banks' ten payments each, 1 000 payments of a sixth (or of 1 000 made-up ones), and all are sent again.

    The window is of 300 events; each of the banks keeps all that it sent.
    """
    book = ledger_of(banks=AT_ONCE, each=1)
    flood(book, {"none": [], "one": ["FLOODKR"] * 1000, "another each": [f"F{one}KR" for one in range(1000)]}[names])
    before = total(book)
    assert {told(book, bank, 0) for bank in range(AT_ONCE)} == {"duplicate"}
    assert total(book) == before == AT_ONCE * 10_00


@pytest.mark.parametrize(("senders", "kept"), [(["FLOODKR"], 51), ([f"F{one}KR" for one in range(400)], 34)])
def test_a_busy_bank_keeps_its_share(senders, kept):
    """Five banks of 60 payments on a day, which is all there is room for, and on the next a flood of 1 200.

    One more sender counts for the mean of six. With 59 made-up names that have shares, and one for all others of them,
    more than half is left.
    """
    book = ledger_of(banks=5, each=60)
    flood(book, senders * (1200 // len(senders)), at_hours=24)
    window = book.state.fingerprints["transaction"]
    assert len(window) == SIZE
    assert min(window.held(f"BANK{bank:02d}KR") for bank in range(5)) == kept
    for bank in range(5):
        assert told(book, bank, 60 - kept) == "duplicate"
        assert told(book, bank, 59) == "duplicate"


def test_a_large_banks_events_go_as_far_back_as_those_of_small_ones():
    """One bank with three quarters of the payments, nine others: after weeks each is told for about as long.

    Equal shares would have left the large one 30 of its events, a tenth of what the plain window had.
    """
    book = Ledger(configuration(engine={"fingerprints": SIZE}))
    for number in range(28 * 40):
        bank = 0 if number % 4 else 1 + number // 4 % 9
        book.pay(f"e{number}", later(hours=0.6 * number), "10", institution=f"BANK{bank:02d}KR")
    window = book.state.fingerprints["transaction"]
    held = [window.held(f"BANK{bank:02d}KR") for bank in range(10)]
    assert sum(held) == SIZE
    # it counts for as much as all others together, and has what they leave
    assert held[0] >= 120
    assert min(held[1:]) >= 15


def test_a_new_bank_has_an_equal_share_on_its_first_day():
    """Nine banks fill the window for weeks; a tenth that begins with 30 payments has as many told, of 300 places."""
    book = Ledger(configuration(engine={"fingerprints": SIZE}))
    for number in range(28 * 45):
        book.pay(f"e{number}", later(hours=0.53 * number), "10", institution=f"BANK{number % 9:02d}KR")
    for number in range(30):
        book.pay(f"n{number}", later(days=28, minutes=number), "10", institution="NEWKR")
    for number in range(9):
        book.pay(f"z{number}", later(days=28, hours=2), "10", institution=f"BANK{number:02d}KR")
    assert book.state.fingerprints["transaction"].held("NEWKR") >= 24


def test_a_flood_of_weeks_leaves_half_to_others():
    """What goes on becomes usual, and then counts for no more than all others together."""
    book = Ledger(configuration(engine={"fingerprints": SIZE}))
    for day in range(60):
        for bank in range(5):
            book.pay(f"e{day}", later(days=day, minutes=bank), "10", institution=f"BANK{bank:02d}KR")
        flood(book, ["FLOODKR"] * 20 if day < 59 else ["FLOODKR"] * 600, at_hours=24 * day + 1)
    held = [book.state.fingerprints["transaction"].held(f"BANK{bank:02d}KR") for bank in range(5)]
    assert min(held) >= 30


def test_a_lone_bank_has_the_whole_window():
    """Shares cost nobody anything while there is room: 300 of one bank are told, the 301st back is not."""
    book = ledger_of(banks=1, each=SIZE + 1)
    assert told(book, 0, 1) == "duplicate"
    assert told(book, 0, 0) == "applied"


def test_what_a_bank_says_otherwise_is_a_conflict_after_a_flood():
    """Not only repetitions are told: another amount under the same event is refused, with where the first stands."""
    book = ledger_of(banks=2, each=1)
    flood(book, ["FLOODKR"] * 1000)
    outputs = book.pay("e0", later(), "9999", institution="BANK01KR")
    assert outputs.outcome == "conflict"
    assert outputs.notice.first.offset == 1


def sent(shares: Shares, sender: str, clock_us: int) -> tuple[str, str | None]:
    """The share of a sender after it sent, and who gave his up for it."""
    given = shares.give(sender, clock_us)
    return shares.known_as(sender), given.given_up


def test_made_up_names_get_one_share_a_day_together():
    """After the first 64 a new name has its own share once a day of the clock, up to 256; then when one is silent."""
    shares = Shares()
    for place in range(AT_ONCE):
        assert sent(shares, f"BANK{place}", DAY_US) == (f"BANK{place}", None)
    assert {sent(shares, f"F{place}", DAY_US) for place in range(1000)} == {(OTHERS, None)}
    for day in range(2, 2 + MOST_SHARES - AT_ONCE):
        names = [sent(shares, f"F{day}-{place}", day * DAY_US)[0] for place in range(3)]
        assert names == [f"F{day}-0", OTHERS, OTHERS]
        assert all(sent(shares, f"BANK{place}", day * DAY_US) == (f"BANK{place}", None) for place in range(AT_ONCE))
    last = 2 + MOST_SHARES - AT_ONCE
    # the first made-up one has been silent for long, and gives way
    assert sent(shares, "NEWKR", last * DAY_US) == ("NEWKR", "F2-0")
    assert sent(shares, "BANK0", last * DAY_US) == ("BANK0", None)


def test_a_share_is_not_given_up_by_a_bank_that_was_silent_for_a_month():
    """Within 35 days nobody loses a share, however many ask for one."""
    shares = Shares()
    for day in range(MOST_SHARES):
        shares.give(f"BANK{day}", DAY_US * day)
    for day in range(MOST_SHARES):
        shares.give(f"BANK{day}", DAY_US * MOST_SHARES)
    assert sent(shares, "NEWKR", DAY_US * (MOST_SHARES + 35)) == (OTHERS, None)
    assert sent(shares, "NEWKR", DAY_US * (MOST_SHARES + 36)) == ("NEWKR", "BANK0")


def test_an_institution_of_the_configuration_has_a_share_whoever_came_first():
    """64 made-up banks were there first; the one that is listed, in either form of its BIC, has its own at once."""
    book = Ledger(configuration(engine={"fingerprints": SIZE}, admission={"institutions": ["LATEKRSEXXX"]}))
    flood(book, [f"F{one}KR" for one in range(2 * AT_ONCE)])
    book.pay("e", later(), "10", institution="LATEKRSE")
    book.pay("n", later(), "10", institution="NOTLISTED")
    flood(book, [f"F{one}KR" for one in range(1000)], at_hours=2)
    window = book.state.fingerprints["transaction"]
    assert (window.held("LATEKRSE"), window.held("NOTLISTED")) == (1, 0)
    book.pay("e", later(), "10", institution="LATEKRSEXXX")
    assert window.held("LATEKRSE") == 2
    assert book.pay("e", later(), "10", institution="LATEKRSE").outcome == "duplicate"


def test_an_institution_that_is_listed_no_more_is_one_of_the_others():
    """Its events stay, as the oldest of those without a share."""
    window = Fingerprints(100)
    for number, sender in enumerate(["A", OTHERS, "B", "A", OTHERS]):
        window.add(bytes([number]) * 16, Known(b"b" * 16, 0, 0, number), sender=sender)
    window.surrender_all_but({"B"}.__contains__)
    window.share_out({"B": 1, OTHERS: 2})
    assert (window.held("A"), window.held("B"), window.held()) == (0, 1, 4)
    window.resize(3)
    assert [window.find(bytes([number]) * 16) is None for number in range(5)] == [True, False, False, True, False]


def test_a_snapshot_cut_anywhere_in_a_flood_comes_to_the_same():
    """Saved and loaded every few records, with equal shares, gives the same digest and the same outcomes."""
    whole, cut = ledger_of(3, 0), ledger_of(3, 0)
    for number in range(2 * SIZE):
        for book in (whole, cut):
            sender = f"F{number}KR" if number % 3 else f"BANK{number % 7:02d}KR"
            book.pay(f"e{number}", later(hours=number), "10", institution=sender)
        if number % 37 == 0:
            cut.state = PartitionState.thaw(list(cut.state.freeze().sections()))
    assert whole.state.freeze().digest() == cut.state.freeze().digest()
    assert len(whole.state.fingerprints["transaction"]) == SIZE


@pytest.mark.parametrize("senders", [b"", b"\xc0", b"\x91\x92\xa1A\x02", b"\x92\x92\xa1A\x01\x92\xa1B\x00"])
def test_damaged_senders_are_told(senders):
    """No list, more events than there are, a sender without any."""
    window = Fingerprints(10)
    window.add(b"a" * 16, Known(b"b" * 16, 0, 0, 0), sender="A")
    with pytest.raises(ValueError, match=r"damaged|truncated|Expected"):
        Fingerprints.from_state(10, b"".join(window.to_state()), senders)


def test_a_flood_of_names_costs_microseconds():
    """20 000 events of as many senders into a full window: under 30 us each (measured: 2 to 3)."""
    window, shares = Fingerprints(5_000), Shares()
    with own_cpu() as spent:
        for number in range(20_000):
            name = sent(shares, f"F{number}", number * DAY_US // 100)[0]
            window.add(number.to_bytes(16, "big"), Known(b"b" * 16, 0, 0, number), sender=name)
    assert spent.seconds / 20_000 < 30e-6


def test_the_fair_cut_takes_from_who_has_most():
    """The oldest of the sender that has most; of two that have as many, the oldest; nothing where there is room."""
    assert fairly_cut(["a1", "b1", "b2", "b3"], 3, lambda one: one[0]) == ["a1", "b2", "b3"]
    assert fairly_cut(["a1", "b1", "a2", "b2"], 3, lambda one: one[0]) == ["b1", "a2", "b2"]
    assert fairly_cut(["a1", "b1"], 2, lambda one: one[0]) == ["a1", "b1"]


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(0, 40))
def test_the_fair_cut_is_one_step_after_the_other(senders, most):
    """All at once it is what it would be if one went at a time."""
    kept = list(enumerate(senders))
    left = list(kept)
    while len(left) > most:
        held = Counter(sender for _, sender in left)
        left.remove(next(one for one in left if held[one[1]] == max(held.values())))
    assert fairly_cut(kept, most, lambda one: one[1]) == left
