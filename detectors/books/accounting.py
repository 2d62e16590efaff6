"""Legal payment accounting: a payment counts once, at its own time, with what was settled less what came back.

CONTRACT, "A payment counts once in legal totals": from its first `ordered` or `settled` event; a later `settled` with
the same `payment_id` replaces the amount; a return takes back its own amount, a cancellation the whole. Here that holds
in whatever order the events come: the payment's time is the earliest of its events', its amount that of the latest
`settled` one (by event time, then by ledger order), and a return that comes first waits for its payment, if that is its
institution's own.

An id is only what a sender wrote. Events join when they also agree, and in doubt they count: a payment counted twice is
seen and can be taken back, one that vanished is not.

* One institution, or a UETR (payment_ids.py); the same party, direction and currency; amounts that are no multiples of
  each other, and across institutions no further apart than by charges (charges.py). An order is settled once, and told
  of at most a day after its settlement.
* What was said is said anew once by each institution, of the same foreign side, within `RESTATED_DAYS`. The next
  one shows that the id names several payments (a constant): it counts, and what it had hidden is put back.
* One institution's word about a payment that another one tells too takes nothing away, whoever told it first and
  whatever it says anew: the larger amount and the larger worth count, no document is shown where either says so, and
  typologies look at the payment again under the second word. Words that would put it into another legal year, under
  another purpose, or out of what has a worth in USD, are of two payments.
* An institution takes back what it told itself: what another one told of the payment too counts until that takes it
  back as well. Which of them pays is not in the records.
* After all of a payment came back, no later event joins it.

Whatever has an id in common and does not agree is a payment of its own, counted as `payment.reused`.
"""

from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from detectors.books import payments, reversals
from detectors.books.charges import apart_by_charges
from detectors.books.party import MOST_RESTATED, Party, Restated, Reversal
from detectors.books.payments import (
    NO_DOCUMENT,
    ORDERED,
    OUT,
    RATE_MISSING,
    RESTATED,
    REVERSED,
    SECONDED,
    SETTLED,
    SMALL_REMITTER,
    Payment,
    at,
)
from detectors.values.legal_calendar import DAY_US, local
from detectors.values.shares import fairly_cut

# A correction follows within days; longer than a week and the holidays around it, and it is told by a return instead.
RESTATED_DAYS = 10
RESTATED_US = RESTATED_DAYS * DAY_US
# Two institutions' words and one correction each; only while all that was replaced is kept and can be put back.
MOST_STATEMENTS = 3

# Why an event of a known id is counted: it is another payment; it was said anew; a return or cancellation names a
# payment it does not agree with; an institution takes back what another one told, and what that told stands.
Join = Literal["payment.reused", "payment.restated", "reversal.mismatched", "reversal.foreign"]
# What an institution says of a payment by these puts it under a rule; another one's silence takes it out of none.
_STRICTER = NO_DOCUMENT | SMALL_REMITTER
JOINS: tuple[Join, ...] = ("payment.reused", "payment.restated", "reversal.mismatched", "reversal.foreign")


class Incoming(NamedTuple):
    """A transaction as the accounting sees it: its row if it counts as new, its status, and what it reverses.

    `zone` is that of legal years.
    """

    row: Payment
    status: str
    original: int
    currency: str
    institution: str
    late: bool
    zone: ZoneInfo


class Effect(NamedTuple):
    """What an event did to the legal totals: `new`, `amended`, `reversed`, `known` (no change), `pending`, `late`.

    `payment` is the payment as it now counts, None for reversals and late events; `join` what is to be counted;
    `second` that a second institution tells of the payment for the first time.
    """

    kind: str
    payment: Payment | None
    join: Join | None = None
    second: bool = False


class _Joined(NamedTuple):
    """The index of the payment that an event joins, and how: `settles`, `ordered`, `restates`, `seconded`."""

    place: int
    how: str


def account(party: Party, incoming: Incoming) -> Effect:
    """Bring the party's payments up to date with one event. Cost: 1-2 us, and 6 us more where it has to be matched.

    At most `payments.MOST_NAMESAKES` payments of one id are looked at, the newest: 50 us for an id that never changes.
    """
    row = incoming.row
    if incoming.status in {"returned", "cancelled"}:
        return _reversed(party, incoming)
    if incoming.late:
        return Effect("late", None)
    namesakes = payments.of_payment(party, row.payment, row.institution)
    joined = _joined(party, namesakes, row, incoming.zone) if namesakes else None
    if joined is not None:
        return _join(party, joined, row, incoming.zone)
    if namesakes:
        _put_back(party, namesakes, row)
    place = payments.append(party, row)
    return Effect("new", reversals.less_reversals(party, place), "payment.reused" if namesakes else None)


def _reversed(party: Party, incoming: Incoming) -> Effect:
    row = incoming.row
    reversal = Reversal(
        incoming.original,
        row.payment,
        row.time,
        incoming.status == "cancelled",
        bool(row.flags & OUT),
        row.amount,
        row.exponent,
        incoming.currency,
        incoming.institution,
        row.beneficiary,
    )
    found, fault = reversals.reverse(party, reversal)
    return Effect("reversed" if found else "pending", None, fault)  # type: ignore[arg-type]


def _joined(party: Party, namesakes: list[int], new: Payment, zone: ZoneInfo) -> _Joined | None:
    """The payment that an event of the same id joins; the same foreign side first, then the newest."""
    found = [(place, at(party, place)) for place in namesakes]
    agreeing = [(place, old) for place, old in found if _agrees(party, old, new, zone)]
    agreeing.sort(key=lambda each: each[1].beneficiary != new.beneficiary)
    for place, old in agreeing:
        how = _pairs(old, new) if old.institution == new.institution else None
        if how is not None:
            return _Joined(place, how)
    # an id that named several payments of this institution restates none of them, one that named several of others
    # tells nothing about which of those is meant
    own = sum(old.institution == new.institution for _, old in found)
    foreign = sum(old.institution != new.institution for _, old in agreeing)
    for place, old in agreeing:
        same = old.institution == new.institution
        if own == same and (same or foreign == 1) and _may_restate(party, old, new):
            return _Joined(place, "restates" if same else "seconded")
    return None


def _agrees(party: Party, old: Payment, new: Payment, zone: ZoneInfo) -> bool:
    if (old.flags ^ new.flags) & OUT or old.currency != new.currency:
        return False
    if old.flags & REVERSED:
        last = max((one.time_us for one in party.reversals if one.taken == old.event), default=None)
        if last is None or new.time > last:
            return False
    said = reversals.fresh(party, old)
    if old.institution == new.institution:
        return reversals.plausible((said.amount, said.exponent), (new.amount, new.exponent))
    return apart_by_charges(said, new.amount, new.exponent) and _count_alike(party, old, new, zone)


def _count_alike(party: Party, old: Payment, new: Payment, zone: ZoneInfo) -> bool:
    """Whether rules take two institutions' words about one payment alike; where not, each is a payment of its own.

    Failure prevented: a bank tells another's payments by their UETRs first, dated before the new year, on a Sunday
    without rates or with a purpose each, and they are in no yearly total, worth nothing, or no pieces of one transfer.
    """
    if (old.flags ^ new.flags) & RATE_MISSING or not _same_year(old, new, zone):
        return False
    return old.purpose == new.purpose or not (party.names[old.purpose] and party.names[new.purpose])


def _same_year(old: Payment, new: Payment, zone: ZoneInfo) -> bool:
    return local(old.time, zone).year == local(new.time, zone).year


def _pairs(old: Payment, new: Payment) -> str | None:
    """Whether one is the order of the other's settlement: each payment has one of each."""
    if new.flags & SETTLED:
        return None if old.flags & SETTLED else "settles"
    # what was never ordered was settled
    return "ordered" if not old.flags & ORDERED and new.time <= old.amount_us + reversals.DATE_ONLY_US else None


def _may_restate(party: Party, old: Payment, new: Payment) -> bool:
    if old.beneficiary != new.beneficiary or abs(new.amount_us - old.amount_us) > RESTATED_US:
        return False
    same = old.institution == new.institution
    if same and (old.flags ^ new.flags) & SETTLED:
        return False
    if not old.flags & RESTATED or (not same and _paired_word(party, old, new) is not None):
        return True
    said = [payments.unpacked(one.row) for one in party.restated if one.first == old.event]
    if not same and any(one.institution not in {old.institution, new.institution} for one in said):
        return False
    # another institution said its word, and may correct it once, as the first one may
    own = sum(one.institution == new.institution for one in said)
    return 0 < len(said) < MOST_STATEMENTS and own <= (0 if same else 1)


def _paired_word(party: Party, old: Payment, new: Payment) -> int | None:
    """The place of what another institution had said of a payment, its order where this settles it, or the reverse.

    Failure prevented: a bank tells a UETR first, and the order and the settlement of the bank that pays both count.
    """
    for number, one in enumerate(party.restated):
        if one.first == old.event and not one.standing:
            row = payments.unpacked(one.row)
            if row.institution == new.institution and _pairs(row, new) is not None:
                return number
    return None


def _join(party: Party, joined: _Joined, new: Payment, zone: ZoneInfo) -> Effect:
    """Another event of a payment that counts already."""
    place, how = joined
    old = at(party, place)
    party.settle(new.event, old.event)
    if how == "seconded":
        return _second(party, place, old, new)
    replaces = bool(new.flags & SETTLED) and (
        how == "settles" or (how == "restates" and new.amount_us >= old.amount_us)
    )
    flags = (old.flags | new.flags) & ORDERED | old.flags & (RESTATED | SECONDED)
    if how == "restates":
        flags |= RESTATED
        said = reversals.fresh(party, old) if replaces else new
        _remember(party, Restated(old.event, new.event if replaces else 0, said.packed()))
    others = _others_words(party, old, new)
    time = min(old.time, new.time)
    if others and not _same_year(old, new, zone):
        time = old.time
    stands = old
    if replaces:
        stands = new
        for other in others:
            stands = _at_least(party, stands, other)
    stands = msgspec.structs.replace(stands, time=time, event=old.event, flags=stands.flags | flags)
    payments.write(party, place, stands)
    join: Join | None = "payment.restated" if how == "restates" else None
    if not replaces and time == old.time:
        return Effect("known", stands, join)
    return Effect("amended", reversals.less_reversals(party, place) if replaces else stands, join)


def _others_words(party: Party, old: Payment, new: Payment) -> list[Payment]:
    """What other institutions than the one that speaks say of a payment.

    Failure prevented: a bank tells another's payment of 100 000 by its UETR first, and then says that it was of 50 001,
    or that it was ordered last year. Where no word of a second institution is kept any more, what stands is theirs.
    """
    said = [payments.unpacked(one.row) for one in party.restated if one.first == old.event and not one.standing]
    others = [row for row in said if row.institution != new.institution]
    if not others and old.flags & SECONDED:
        return [old]
    return others


def _at_least(party: Party, one: Payment, other: Payment) -> Payment:
    """A payment no lower, and under no fewer rules, than another institution's word about it."""
    if other.amount * 10**one.exponent > one.amount * 10**other.exponent:
        one = msgspec.structs.replace(one, amount=other.amount, exponent=other.exponent)
    flags = one.flags | other.flags & _STRICTER
    if not other.flags & RATE_MISSING:
        flags &= ~RATE_MISSING
    purpose = other.purpose if party.names[other.purpose] else one.purpose
    return msgspec.structs.replace(one, usd=max(one.usd, other.usd), purpose=purpose, flags=flags)


def _second(party: Party, place: int, old: Payment, new: Payment) -> Effect:
    """Another institution's word: it may only add to what counts, and keeps what others took back of it, as is told."""
    join: Join = "payment.restated"
    if reversals.taken_by_another(party, old.event, new.institution):
        join = "reversal.foreign"
    first_word = not any(
        one.first == old.event and payments.unpacked(one.row).institution == new.institution for one in party.restated
    )
    _remember_word(party, old, new)
    stands = _at_least(party, reversals.fresh(party, old), new)
    payments.write(party, place, msgspec.structs.replace(stands, flags=stands.flags | RESTATED | SECONDED))
    return Effect("amended", reversals.less_reversals(party, place), join, first_word)


def _remember_word(party: Party, old: Payment, new: Payment) -> None:
    number = _paired_word(party, old, new)
    if number is None:
        _remember(party, Restated(old.event, 0, new.packed()))
        return
    earlier = payments.unpacked(party.restated[number].row)
    word = new if new.flags & SETTLED else earlier
    whole = msgspec.structs.replace(
        word,
        event=earlier.event,
        time=min(earlier.time, new.time),
        flags=word.flags | (earlier.flags | new.flags) & ORDERED,
    )
    party.restated[number] = Restated(old.event, 0, whole.packed())


def _remember(party: Party, restated: Restated) -> None:
    party.restated = kept([*party.restated, restated])


def kept(restated: list[Restated]) -> list[Restated]:
    """At most `MOST_RESTATED`, each institution its share of what it said.

    Failure prevented: a bank that corrects each of its payments, and what it or another had hidden of an id that proves
    to name several payments could not be put back.
    """
    if len(restated) <= MOST_RESTATED:
        return restated
    return fairly_cut(restated, MOST_RESTATED, lambda one: payments.unpacked(one.row).institution)


def _put_back(party: Party, namesakes: list[int], new: Payment) -> None:
    """Count what had been said of payments of an id that names several: each was a payment of its own.

    Put back is what this institution said, and what two institutions said of one payment of the same direction: two
    tell one payment, and whatever comes beside it under its id shows that the id tells nothing. What was taken back
    meanwhile stays with the event that stood, and what another institution took back goes with its word.
    Failure prevented: two banks whose software writes one UETR on every record, and of 34 payments 17 counted.
    """
    firsts = {at(party, place).event: place for place in namesakes}
    kept: list[Restated] = []
    hidden: list[Restated] = []
    for one in party.restated:
        (hidden if one.first in firsts and _shown(party, firsts[one.first], one, new) else kept).append(one)
    party.restated = kept
    others = _others_hidden(party, firsts, hidden)
    for first in others:
        reversals.give_back(party, firsts[first])
    # the newest first, so that indices before them stay as they are, and of each what took the place of its own word
    for one in sorted(hidden, key=lambda each: (-firsts[each.first], not each.standing)):
        place = firsts[one.first]
        standing, row = at(party, place), payments.unpacked(one.row)
        if one.standing:
            reversals.move(party, one.first, one.standing)
            party.settlements.pop(one.standing, None)
            own_time = msgspec.structs.replace(standing, event=one.standing, time=standing.amount_us)
            payments.write(party, place, own_time)
        else:
            party.settlements.pop(row.event, None)
        payments.insert(party, place, row.packed())
    stood = {one.first: one.standing for one in hidden if one.standing}
    for first, words in others.items():
        _take_back_apart(party, first, stood.get(first, first), words)


def _others_hidden(party: Party, firsts: dict[int, int], hidden: list[Restated]) -> dict[int, list[Payment]]:
    """By first event, what is put back that another institution told of a payment, the newest word first."""
    found: dict[int, list[Payment]] = {}
    for one in reversed(hidden):
        word = payments.unpacked(one.row)
        if word.institution != at(party, firsts[one.first]).institution:
            found.setdefault(one.first, []).append(word)
    return found


def _take_back_apart(party: Party, first: int, stood: int, words: list[Payment]) -> None:
    """Take back of a payment, and of each word that was put back, what its own institution took back of it."""
    for word in words:
        reversals.move(party, stood, word.event, party.names[word.institution])
    for event in dict.fromkeys([first, stood, *(word.event for word in words)]):
        place = payments.of_event(party, event)
        assert place is not None  # each was put back, or stood
        alone = at(party, place)
        alone.flags &= ~SECONDED
        if len(reversals.tellers(party, alone)) == 1:
            payments.write(party, place, alone)
        reversals.less_reversals(party, place)


def _shown(party: Party, place: int, hidden: Restated, new: Payment) -> bool:
    """Whether an event that joined no payment shows that what was said of this one was a payment of its own."""
    row, word = at(party, place), payments.unpacked(hidden.row)
    alike = not (row.flags ^ new.flags) & OUT
    return word.institution == new.institution or (alike and word.institution != row.institution)
