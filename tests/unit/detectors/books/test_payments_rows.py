"""A party's packed payment rows: found, written, pruned, renumbered and added up."""

import msgspec
import numpy as np
import pytest

from detectors.books import payments
from detectors.books.party import Party, Restated, Reversal
from detectors.books.payments import MOST_NAMESAKES, NO_DOCUMENT, OUT, SETTLED, Payment
from detectors.books.proofs import Proof
from detectors.typologies import wanted
from detectors.values.legal_calendar import DAY_US
from tests.support.wanted import horizons_of

ROW = Payment(time=100, amount_us=101, event=2**64 - 1, payment=2**63 + 5, beneficiary=9, usd=-3, amount=77, offset=12,
              purpose=1, institution=2, currency=3, exponent=4, flags=OUT | SETTLED)  # fmt: skip
BACK = Reversal(
    original=1,
    payment=0,
    time_us=0,
    whole=False,
    outbound=True,
    mantissa=1,
    exponent=0,
    currency="USD",
    institution="BANKA",
    beneficiary=1,
)


def row(**changes: int) -> Payment:
    """`ROW` with some other values."""
    return msgspec.structs.replace(ROW, **changes)


def party_of(*found: Payment, **fields) -> Party:
    """A party of these rows, in this order."""
    return Party(payments=b"".join(one.packed() for one in found), **fields)


def offsets(party: Party) -> list[int]:
    """The rows' ledger positions, in ledger order."""
    return payments.rows(party)["offset"].tolist()


# Rows


def test_a_row_is_72_bytes_and_comes_back_as_it_was():
    """As one row and as columns of the table: every value, also numbers of 64 bits without a sign."""
    packed = ROW.packed()
    assert len(packed) == 72 == payments.ROW.itemsize
    assert payments.unpacked(packed) == ROW
    (found,) = payments.unpacked_rows(packed)
    assert dict(zip(payments.ROW.names, found.tolist(), strict=True)) == msgspec.structs.asdict(ROW)


def test_rows_are_appended_inserted_and_written_at_their_index():
    """In the middle of others, which stay as they are."""
    party = Party()
    assert [payments.append(party, row(offset=number)) for number in range(3)] == [0, 1, 2]
    payments.write(party, 1, row(offset=10))
    assert offsets(party) == [0, 10, 2]
    payments.insert(party, 1, row(offset=20).packed())
    assert offsets(party) == [0, 20, 10, 2]
    assert [payments.at(party, place).offset for place in range(4)] == [0, 20, 10, 2]


def test_the_newest_row_of_an_event_is_found_and_zero_is_no_event():
    """Of two rows with a number the later one; none for an unknown number, none for 0 though a row has it."""
    party = party_of(row(event=7), row(event=0), row(event=7), row(event=2**64 - 1))
    assert payments.of_event(party, 7) == 2
    assert payments.of_event(party, 2**64 - 1) == 3
    assert payments.of_event(party, 8) is None
    assert payments.of_event(party, 0) is None
    assert payments.of_event(Party(), 7) is None


def test_the_rows_of_a_payment_number_are_told_newest_first():
    """None for 0, though a row has it, and none without rows."""
    party = party_of(row(payment=5), row(payment=0), row(payment=5), row(payment=6))
    assert payments.of_payment(party, 5, 2) == [2, 0]
    assert payments.of_payment(party, 0, 2) == []
    assert payments.of_payment(Party(), 5, 2) == []


def test_up_to_the_bound_every_row_of_a_payment_number_is_told():
    """64 rows of two institutions, 40 of them the institution's own: all 64."""
    party = party_of(*(row(payment=5, institution=2 if number < 40 else 3) for number in range(MOST_NAMESAKES)))
    assert payments.of_payment(party, 5, 2) == list(range(MOST_NAMESAKES))[::-1]


def test_of_more_rows_the_institution_has_half_and_the_others_oldest_and_newest_a_quarter_each():
    """100 rows of a number, of which the 50 odd ones are the institution's: its newest 32, 16 and 16 of the others."""
    party = party_of(*(row(payment=5, institution=2 + number % 2) for number in range(100)))
    own = list(range(37, 100, 2))
    others = [*range(0, 32, 2), *range(68, 100, 2)]
    assert (len(own), len(others)) == (32, 32)
    assert payments.of_payment(party, 5, 3) == sorted(own + others, reverse=True)


# Pruning

FULL, SHORT = 1000, 2000
DOCUMENTED = OUT | SETTLED
ORDER = OUT
UNDOCUMENTED = OUT | SETTLED | NO_DOCUMENT


@pytest.mark.parametrize(
    ("time", "flags", "stays"),
    [
        (FULL, UNDOCUMENTED, True),
        (FULL - 1, UNDOCUMENTED, False),
        (FULL, ORDER, True),
        (FULL - 1, ORDER, False),
        (SHORT, DOCUMENTED, True),
        (SHORT - 1, DOCUMENTED, False),
        (FULL, ORDER | NO_DOCUMENT, True),
    ],
)
def test_what_the_law_adds_up_or_awaits_is_kept_longest(time, flags, stays):
    """Closed at both horizons; a documented and settled payment leaves at the nearer one."""
    newest = [row(time=SHORT, flags=DOCUMENTED, offset=number) for number in range(3)]
    party = party_of(row(time=time, flags=flags, offset=9), *newest)
    payments.prune(party, horizons_of(FULL, SHORT))
    assert offsets(party) == ([9] if stays else []) + [0, 1, 2]


@pytest.mark.parametrize(("count", "left"), [(3, 3), (4, 0), (5, 5), (8, 0), (0, 0)])
def test_rows_are_looked_at_once_in_four(count, left):
    """All of them are older than any window; with 3 or 5 rows nothing is looked at."""
    party = party_of(*(row(time=0, offset=number) for number in range(count)))
    payments.prune(party, horizons_of(FULL, SHORT))
    assert len(payments.rows(party)) == left


def test_with_a_row_go_its_proof_and_what_is_as_old():
    """Proofs of the rows that stay; returns and what was restated from the nearer horizon on."""
    proofs = [Proof(offset, 0, f"e{offset}", b"") for offset in (1, 2, 3, 4, 5)]
    backs = [msgspec.structs.replace(BACK, time_us=at) for at in (SHORT - 1, SHORT, SHORT + 1)]
    said = [Restated(at, 0, row(time=at).packed()) for at in (SHORT - 1, SHORT, SHORT + 1)]
    old = [row(time=0, offset=1), *(row(time=SHORT, offset=number) for number in (2, 3, 4))]
    party = party_of(*old, proofs=proofs, reversals=backs, restated=said)
    payments.prune(party, horizons_of(FULL, SHORT))
    assert [proof.offset for proof in party.proofs] == [2, 3, 4]
    assert [one.time_us for one in party.reversals] == [SHORT, SHORT + 1]
    assert [one.first for one in party.restated] == [SHORT, SHORT + 1]


def test_what_was_taken_back_of_a_payment_is_kept_as_long_as_the_payment():
    """However old; not of one that leaves, nor of one whose number is only near, nor one that still waits."""
    near = 2**62
    stays = [row(time=SHORT, event=each, offset=2) for each in (near, 7, 8)]
    backs = [msgspec.structs.replace(BACK, time_us=SHORT - 1, taken=taken) for taken in (near, near + 1, 7, 9, 0)]
    party = party_of(row(time=0, event=9, offset=1), *stays, reversals=backs)
    payments.prune(party, horizons_of(FULL, SHORT))
    assert [one.taken for one in party.reversals] == [near, 7]


def test_what_was_said_of_a_payment_is_kept_as_long_as_the_payment():
    """However old; not of one that leaves, nor of one whose number is only near."""
    near = 2**62
    stays = [row(time=SHORT, event=each, offset=2) for each in (near, 7, *range(100, 141))]
    said = [Restated(first, 0, row(time=SHORT - 1).packed()) for first in (near, near + 1, 7, 9)]
    party = party_of(row(time=0, event=9, offset=1), *stays, restated=said)
    payments.prune(party, horizons_of(FULL, SHORT))
    assert [one.first for one in party.restated] == [near, 7]


def test_the_horizons_are_the_years_start_or_ninety_days_and_seven_days():
    """Both count from the watermark less the lateness; in January ninety days reach further back than the year."""
    watermark, lateness = 400 * DAY_US, 35 * DAY_US
    assert wanted().horizons(watermark, lateness, 200 * DAY_US) == horizons_of(200 * DAY_US, 358 * DAY_US)
    assert wanted().horizons(watermark, lateness, 364 * DAY_US) == horizons_of(275 * DAY_US, 358 * DAY_US)


# Names


def named(party: Party, packed: bytes) -> list[tuple[str, str, str]]:
    """Purpose, institution and currency of packed rows, as words."""
    found = payments.unpacked_rows(packed)
    return [tuple(party.names[one[column]] for column in payments.NAMED) for one in found]


def test_names_in_use_are_kept_and_rows_and_what_was_restated_still_say_the_same():
    """Of seven names the four in use are left, those that only a restated row uses among them."""
    party = party_of(row(purpose=1, institution=4, currency=6), row(purpose=6, institution=1, currency=4))
    party.names = ["unused", "gift", "unused too", "BANKB", "BANKA", "unused three", "USD"]
    party.restated = [
        Restated(1, 0, row(purpose=6, institution=3, currency=1).packed()),
        Restated(2, 5, row(purpose=4, institution=6, currency=3).packed()),
    ]
    payments.forget_names(party)
    assert party.names == ["gift", "BANKB", "BANKA", "USD"]
    assert named(party, party.payments) == [("gift", "BANKA", "USD"), ("USD", "gift", "BANKA")]
    assert [(one.first, one.standing, named(party, one.row)) for one in party.restated] == [
        (1, 0, [("USD", "BANKB", "gift")]),
        (2, 5, [("BANKA", "USD", "BANKB")]),
    ]
    changed = {"purpose": 0, "institution": 2, "currency": 3}
    assert payments.at(party, 0) == row(**changed)


def test_names_beyond_255_are_numbered_in_full():
    """300 names in use after 300 that are not: the last row still has its own."""
    party = party_of(*(row(purpose=300 + number, institution=300, currency=300) for number in range(300)))
    party.names = [f"n{number}" for number in range(600)]
    payments.forget_names(party)
    assert party.names == [f"n{number}" for number in range(300, 600)]
    assert named(party, party.payments)[-1] == ("n599", "n300", "n300")


def test_two_parties_rows_are_joined_the_earlier_first_under_the_current_ones_names():
    """The same words in another order of numbers, in rows and in what was restated of them."""
    current = party_of(row(purpose=0, institution=1, currency=2, offset=30), names=["gift", "BANKA", "USD"])
    current.restated = [Restated(3, 0, row(purpose=0, institution=1, currency=2).packed())]
    earlier = party_of(
        row(purpose=2, institution=3, currency=0, offset=10),
        row(purpose=1, institution=3, currency=2, offset=20),
        names=["USD", "study", "gift", "BANKB"],
    )
    earlier.restated = [
        Restated(1, 4, row(purpose=1, institution=3, currency=0).packed()),
        Restated(2, 0, row(purpose=2, institution=3, currency=0).packed()),
    ]
    current.payments, current.restated = payments.joined(current, earlier)
    assert offsets(current) == [10, 20, 30]
    assert named(current, current.payments) == [
        ("gift", "BANKB", "USD"),
        ("study", "BANKB", "gift"),
        ("gift", "BANKA", "USD"),
    ]
    assert [(one.first, one.standing, *named(current, one.row)) for one in current.restated] == [
        (1, 4, ("study", "BANKB", "USD")),
        (2, 0, ("gift", "BANKB", "USD")),
        (3, 0, ("gift", "BANKA", "USD")),
    ]


def test_a_party_without_payments_or_names_joins_another():
    """It was only known by a profile, say."""
    current = party_of(row(purpose=0, institution=0, currency=0), names=["USD"])
    assert payments.joined(current, Party()) == (current.payments, [])


# Sums


def test_columns_are_summed_for_each_key():
    """The smallest key first, exact beyond 64 bits; truths are counted, and no rows have no sums."""
    keys, cents = np.array([7, -3, 7, 9, -3, 7], "<i8"), np.array([1, 20, 300, 4_000, 50_000, 600_000], "<i8")
    assert list(payments.sums_by(keys, cents, cents > 20).items()) == [
        (-3, [50_020, 1]),
        (7, [600_301, 2]),
        (9, [4_000, 1]),
    ]
    large = np.array([2**62, 2**62, 2**62], "<i8")
    assert payments.sums_by(np.array([1, 1, 2], "<u2"), large, large > 0) == {1: [2**63, 2], 2: [2**62, 1]}
    assert payments.sums_by(keys[:0], cents[:0]) == {}


def test_rows_where_a_mask_is_true():
    """In their order, with all their columns."""
    found = payments.rows(party_of(row(offset=1), row(offset=2), row(offset=3, usd=7)))
    assert payments.rows_where(found, np.array([True, False, True])).tolist() == [found[0].item(), found[2].item()]


@pytest.mark.parametrize("count", [1, 100, 101, 128, 200])
@pytest.mark.parametrize("each", [1, -1, 2**56, 2**56 - 1, -(2**56), 2**62])
def test_sums_are_exact_beyond_64_bits(count, each):
    """128 amounts of 2^56 cents are 2^63, one more than 64 bits hold."""
    values = np.full(count, each, "<i8")
    assert payments.exact_sum(values) == count * each
    if each > 0:
        assert [int(one) for one in payments.running_sums(values)] == [number * each for number in range(count + 1)]


def test_sums_that_fit_are_made_of_64_bit_integers():
    """As fast as numpy is; Python's integers, ten times slower, only where 64 bits might not do."""
    fits = np.full(128, 2**56 - 1, "<i8")
    assert payments.running_sums(fits).dtype == np.dtype("<i8")
    assert payments.running_sums(fits + 1).dtype == np.dtype(object)


def test_a_sum_of_nothing_is_zero():
    """No window of no payments."""
    nothing = np.zeros(0, "<i8")
    assert payments.exact_sum(nothing) == 0
    assert payments.running_sums(nothing).tolist() == [0]


@pytest.mark.parametrize(("outbound", "cents"), [(True, 10 + 100), (False, 3 + 30)])
def test_a_window_holds_one_direction_and_both_its_ends(outbound, cents):
    """Out 10 and 100, in 3 and 30 at the ends; as much a microsecond outside of them does not count."""
    found = [(1000, OUT, 10), (2000, OUT | SETTLED, 100), (1000, 0, 3), (2000, SETTLED | NO_DOCUMENT, 30),
             (999, OUT, 1000), (2001, OUT, 1000), (999, 0, 1000), (2001, 0, 1000)]  # fmt: skip
    table = payments.rows(party_of(*(row(time=time, flags=flags, usd=usd) for time, flags, usd in found)))
    assert payments.window_sum(table, outbound, 1000, 2000) == cents
