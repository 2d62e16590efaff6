"""The totals of folded payments to the cent: by day, by bank, by direction; what is folded first, what is let go."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors.books import folded_payments
from detectors.books.folded_payments import LARGEST_TOTAL, Day, Folded, Needs, folded_of
from detectors.books.party import Party
from detectors.books.payments import NO_DOCUMENT, ORDERED, OUT, SETTLED, SMALL_REMITTER, Payment, rows, unpacked_rows
from detectors.books.proofs import Proof
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.few_rows import few_rows
from tests.support.wanted import needs_of

NAMES = ["", "BANKA"]
SEOUL = ZoneInfo("Asia/Seoul")
# midnight of 4 March in Seoul
MIDNIGHT = to_us(datetime(2025, 3, 3, 15, tzinfo=UTC))
MORNING = to_us(datetime(2025, 3, 3, 1, tzinfo=UTC))
HOUR = 3_600_000_000
THIRD, FOURTH = date(2025, 3, 3).toordinal(), date(2025, 3, 4).toordinal()
LEGAL = OUT | NO_DOCUMENT | SETTLED
LEGAL_ORDER = OUT | NO_DOCUMENT | ORDERED
SHOWN = OUT | SETTLED
LOW, HIGH = 400_000, 500_000
NAMES = ["", "BANKA", "BANKB"]
EMPTY = Payment(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def row(time: int, usd: int, flags: int = LEGAL, offset: int = 0, institution: int = 1) -> Payment:
    """A payment of a time, amount in cents, and flags."""
    return msgspec.structs.replace(EMPTY, time=time, usd=usd, flags=flags, offset=offset, institution=institution)


def table(*found: Payment):
    """These rows as columns."""
    return unpacked_rows(b"".join(one.packed() for one in found))


def needs(clock_us: int, lateness_days: int = 35) -> Needs:
    """The clock, in Seoul, and T01's band of 4 000 to 5 000 USD."""
    return needs_of(clock_us, lateness_days * DAY_US, (LOW, HIGH), SEOUL)


# Figures


def test_two_days_figures_are_added_one_by_one_and_cut():
    """Eight figures, none mistaken for another; beyond 63 bits the largest."""
    first, second = Day(1, 2, 3, 4, 5, 6, 7, 8), Day(10, 20, 30, 40, 50, 60, 70, 80)
    assert first.plus(second) == Day(11, 22, 33, 44, 55, 66, 77, 88)
    assert Day(total=LARGEST_TOTAL - 1).plus(Day(total=1)).total == LARGEST_TOTAL
    assert Day(total=LARGEST_TOTAL - 1).plus(Day(total=2)).total == LARGEST_TOTAL == 2**63 - 1


def test_a_year_holds_its_first_and_last_day_and_no_other():
    """In order of the days, however they came."""
    first, last = date(2025, 1, 1).toordinal(), date(2025, 12, 31).toordinal()
    days = {last: Day(1), first - 1: Day(10), first: Day(100), last + 1: Day(1000)}
    found = Folded(days=days)
    assert list(found.of_year(2025).items()) == [(first, Day(100)), (last, Day(1))]
    assert found.annual_total(2025) == 101


def test_payments_are_counted_from_the_first_to_the_last_day():
    """Both of them, and none beside."""
    found = Folded(days={THIRD + number: Day(7, 10**number) for number in range(4)})
    assert found.counted(date.fromordinal(THIRD + 1), date.fromordinal(THIRD + 2)) == 110


@pytest.mark.parametrize(("outbound", "cents"), [(False, 300 + 5000), (True, 400 + 6000)])
def test_a_flow_holds_whole_days_after_the_one_it_begins_in_to_the_one_it_ends_in(outbound, cents):
    """Of the two half days at its ends the later one: UTC days 11 and 12 between noon of the 10th and of the 12th."""
    flows = {10: (1, 2), 11: (300, 400), 12: (5000, 6000), 13: (70_000, 80_000)}
    begin, end = 10 * DAY_US + 12 * HOUR, 12 * DAY_US + 12 * HOUR
    assert Folded(flows=flows).flow(outbound, begin, end) == cents
    assert Folded(flows=flows).flow(outbound, 10 * DAY_US, 13 * DAY_US - 1) == cents


# What is folded first


def test_folding_is_due_beyond_the_bound():
    """Exactly 2 048 rows stay."""
    row_bytes = EMPTY.packed()
    assert not folded_payments.is_due(Party(payments=row_bytes * 2048))
    assert folded_payments.is_due(Party(payments=row_bytes * 2049))


def test_what_is_needed_least_goes_first():
    """Each kind at its very edge: the band's ends, ninety days before the latest that may come, seven of the clock."""
    clock = MORNING
    past, week = clock - (35 + 90) * DAY_US, clock - 7 * DAY_US
    expected = [
        # not added up by law, the oldest first: shown, incoming, an order with documents too old to be awaited
        row(past - 5, 1, SHOWN),
        row(past - 4, 9, NO_DOCUMENT | SETTLED),
        row(week - 1, 5, OUT | ORDERED),
        row(clock, 1, SHOWN),
        # added up and beyond every window, whatever it is
        row(past - 3, HIGH + 1),
        row(past - 2, LOW),
        row(past - 1, 2),
        # under the band, the smallest first, whenever they were; orders of more than a week ago among them
        row(clock, 1),
        row(past, 2),
        row(clock - 1, 3),
        row(week - 1, 4, LEGAL_ORDER),
        row(past, LOW - 1),
        # over the band, the oldest first
        row(clock - 9, HIGH + 1),
        row(clock - 8, HIGH + 9),
        row(clock - 7, HIGH + 2),
        # may yet be settled: with documents, then without, the oldest first
        row(week, 7, OUT | ORDERED),
        row(week + 1, 6, OUT | ORDERED),
        row(week, 8, LEGAL_ORDER),
        row(week + 1, 7, LEGAL_ORDER),
        row(week + 2, HIGH + 1, LEGAL_ORDER),
        # pieces, the oldest first
        row(past, HIGH),
        row(week - 1, LOW),
        row(week, LOW + 1, LEGAL_ORDER),
        row(clock, LOW),
    ]
    for stride in (1, 5, 11):
        mixed = [expected[number * stride % len(expected)] for number in range(len(expected))]
        found = folded_payments._least_needed_first(table(*mixed), NAMES, needs(clock)).tolist()
        assert [mixed[number] for number in found] == expected


def test_of_equal_payments_the_earlier_in_the_ledger_goes_first():
    """Equal times and amounts: by ledger position, so that a replay folds the same."""
    same = [row(MORNING, 5, offset=offset) for offset in (3, 1, 2)]
    assert folded_payments._least_needed_first(table(*same), NAMES, needs(MORNING)).tolist() == [1, 2, 0]


def test_folding_keeps_the_rest_in_ledger_order_with_its_proofs():
    """Seven rows to four: the three smallest go into totals, with their proofs; what was folded before stays."""
    cents = (5, 900, 3, 800, 4, 700, 600)
    found = [row(MORNING + number, usd, offset=number) for number, usd in enumerate(cents)]
    party = Party(payments=b"".join(one.packed() for one in found), names=["", "BANKA"])
    party.proofs = [Proof(offset, 0, "", b"") for offset in range(7)]
    party.folded = msgspec.msgpack.encode(Folded(count=10, days={THIRD: Day(1, 1)}))
    with few_rows(6, 4):
        assert folded_payments.fold(party, needs(MORNING)) == 3
    assert rows(party)["usd"].tolist() == [900, 800, 700, 600]
    assert [proof.offset for proof in party.proofs] == [1, 3, 5, 6]
    kept = folded_of(party)
    assert (kept.count, kept.days) == (13, {THIRD: Day(13, 4)})


# Into the totals


def test_each_payment_is_added_where_it_belongs():
    """By legal day, by bank and year, by direction and UTC day; only what the law adds up counts as such."""
    found = Folded(
        count=10, days={THIRD: Day(1, 1)}, institutions={2025: {"BANKA": (1, 1)}}, flows={MORNING // DAY_US: (1, 1)}
    )
    new_year = to_us(datetime(2025, 12, 31, 15, tzinfo=UTC))
    folded_payments._add(
        found,
        table(
            row(MORNING, 100),
            row(MORNING + HOUR, 20, LEGAL | SMALL_REMITTER),
            row(MORNING + 2 * HOUR, 3, LEGAL_ORDER, institution=2),
            row(MORNING, 1000, SHOWN),
            row(MORNING, 2000, NO_DOCUMENT | SETTLED),
            row(MORNING, 0),
            row(MIDNIGHT - 1, 7),
            row(MIDNIGHT, 5),
            row(new_year, 40, LEGAL | SMALL_REMITTER),
            row(new_year + 1, 2, LEGAL_ORDER | SMALL_REMITTER),
        ),
        NAMES,
        needs(MORNING),
    )
    assert found.count == 20
    assert found.days == {
        THIRD: Day(131, 5, small=20, small_count=1, ordered=3, ordered_count=1),
        FOURTH: Day(5, 1),
        date(2026, 1, 1).toordinal(): Day(42, 2, small=42, small_count=2, ordered=2, ordered_count=1),
    }
    assert found.institutions == {2025: {"BANKA": (133, 21), "BANKB": (3, 0)}, 2026: {"BANKA": (42, 42)}}
    assert found.flows == {MORNING // DAY_US: (2001, 1136), new_year // DAY_US: (0, 42)}


def test_orders_of_a_day_are_counted_one_by_one():
    """Two that were not settled when they were folded."""
    found = Folded()
    folded_payments._add(
        found, table(row(MORNING, 3, LEGAL_ORDER), row(MORNING + HOUR, 4, LEGAL_ORDER)), NAMES, needs(MORNING)
    )
    assert found.days == {THIRD: Day(7, 2, ordered=7, ordered_count=2)}


def test_flows_and_shares_are_added_and_cut():
    """In and out, all and small: each to its own, none beyond 63 bits."""
    flows = {}
    for cents in ((1, 20), (300, 4000), (LARGEST_TOTAL, 0), (0, LARGEST_TOTAL)):
        folded_payments._flow(flows, 7, cents)
        if cents == (300, 4000):
            assert flows == {7: (301, 4020)}
    assert flows == {7: (LARGEST_TOTAL, LARGEST_TOTAL)}
    shares = {}
    for cents in ((20, 1), (4000, 300), (LARGEST_TOTAL, 0), (0, LARGEST_TOTAL)):
        folded_payments._share(shares, [("BANKA", cents)])
        if cents == (4000, 300):
            assert shares == {"BANKA": (4020, 301)}
    assert shares == {"BANKA": (LARGEST_TOTAL, LARGEST_TOTAL)}


def test_the_sixty_fifth_institution_stands_with_the_others():
    """Sixty-four have their own place, also later; the nameless one takes the rest."""
    shares = {}
    for number in range(66):
        folded_payments._share(shares, [(f"BANK{number}", (1, 0))])
    folded_payments._share(shares, [("BANK63", (10, 0))])
    assert len(shares) == 65
    assert (shares["BANK63"], shares[folded_payments.OTHERS]) == ((11, 0), (2, 0))
    assert "BANK64" not in shares


# Letting go


@pytest.mark.parametrize(
    ("clock", "first"),
    [
        (datetime(2025, 3, 10, tzinfo=UTC), date(2024, 11, 5)),
        (datetime(2025, 12, 1, tzinfo=UTC), date(2025, 1, 1)),
        # 4 February 15:30 UTC is the 5th in Seoul: 35 days before is the first of January
        (datetime(2026, 2, 4, 15, 30, tzinfo=UTC), date(2025, 10, 3)),
    ],
)
def test_days_are_kept_of_this_year_and_of_ninety_days(clock, first):
    """From the latest that an event may still come: 35 days before the clock, and all of that day's year."""
    days = {first.toordinal() + number: Day(1) for number in (1, 0, -1)}
    found = Folded(days=days, institutions={first.year - 2: {}, first.year: {"BANKA": (1, 0)}})
    folded_payments._forget(found, needs(to_us(clock)))
    assert list(found.days) == [first.toordinal(), first.toordinal() + 1]
    assert found.institutions == {first.year: {"BANKA": (1, 0)}}


def test_flows_are_kept_for_sixty_days():
    """Counted back from the newest; without any, nothing fails."""
    found = Folded(flows={1000: (1, 1), 1001: (2, 2), 1060: (3, 3)})
    folded_payments._forget(found, needs(MORNING))
    assert found.flows == {1001: (2, 2), 1060: (3, 3)}
    empty = Folded()
    folded_payments._forget(empty, needs(MORNING))
    assert empty == Folded()


@pytest.mark.parametrize(("count", "oldest"), [(800, 1), (801, 11), (802, 111)])
def test_beyond_800_days_the_two_oldest_become_one(count, oldest):
    """The later one of both stands for them, whatever the order in which they came; 800 are left alone."""
    first = date(2025, 1, 1).toordinal()
    days = {first + number: Day(10**number if number < 3 else 0) for number in range(count)}
    found = Folded(days=dict(reversed(days.items())))
    folded_payments._forget(found, needs(MORNING))
    assert list(found.days) == [first + number for number in range(count - 800, count)]
    assert next(iter(found.days.values())) == Day(oldest)


def test_a_return_that_found_no_payment_stands_on_the_day_of_the_clock():
    """In Seoul; beside what stands there, and only where payments were folded. Old days go with it."""
    plain = Party()
    folded_payments.note_return(plain, 30, needs(MIDNIGHT))
    assert plain.folded == b""
    party = Party(folded=msgspec.msgpack.encode(Folded(days={1: Day(9), FOURTH: Day(5, 1)})))
    folded_payments.note_return(party, 30, needs(MIDNIGHT))
    folded_payments.note_return(party, 4, needs(MIDNIGHT - 1))
    assert folded_of(party).days == {FOURTH: Day(5, 1, returned=30, returns=1), THIRD: Day(returned=4, returns=1)}


def test_what_two_tokens_of_a_party_had_folded_is_added_up():
    """Every figure of both; where one had nothing folded, the other's as it is."""
    one = Folded(1, {THIRD: Day(1, 2)}, {2025: {"BANKA": (5, 6)}}, {7: (1, 2)})
    two = Folded(10, {THIRD: Day(10, 20), FOURTH: Day(3, 4)}, {2025: {"BANKA": (50, 60), "BANKB": (7, 8)},
                 2026: {"BANKB": (1, 0)}}, {7: (10, 20), 8: (3, 4)})  # fmt: skip
    packed = [Party(folded=msgspec.msgpack.encode(each)) for each in (one, two)]
    both = folded_of(Party(folded=folded_payments.join(*packed)))
    assert both.count == 11
    assert both.days == {THIRD: Day(11, 22), FOURTH: Day(3, 4)}
    assert both.institutions == {2025: {"BANKA": (55, 66), "BANKB": (7, 8)}, 2026: {"BANKB": (1, 0)}}
    assert both.flows == {7: (11, 22), 8: (3, 4)}
    for pair in ((packed[0], Party()), (Party(), packed[0])):
        assert folded_payments.join(*pair) == packed[0].folded
    assert folded_payments.join(Party(), Party()) == b""
