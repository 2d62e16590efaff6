"""Returns and cancellations: which payment each takes back from, how much, and once only.

A reversal names an event of its own institution (`original_event_id`), or a payment by its id. It takes back only where
direction, currency and parties agree and, by id alone, where one payment only can be meant; a return of twice what was
paid, or more, is of another payment. What finds no payment waits for one that agrees, of its own institution.

An institution takes back what it told itself. Of a payment that two tell, what both took back is gone: the records do
not say which of them pays, and another one's word takes nothing away. A return of an institution that told nothing of
the payment takes nothing back, and waits for its own word.
Failure prevented: one record takes back the payment of another bank, of another direction, or, by an id that a bank
gives to everything, one payment after the other.
"""

import msgspec

from detectors.books import payments
from detectors.books.charges import apart_by_charges
from detectors.books.party import MOST_REVERSALS, Party, Reversal
from detectors.books.payments import OUT, REVERSED, SECONDED, Payment, at, write
from detectors.values import money
from detectors.values.legal_calendar import DAY_US
from detectors.values.shares import OTHERS, fairly_cut

# Within one institution an order may be carried out in part, and a slip is corrected. What is twice as much, or half,
# is a multiple: another payment. Across institutions amounts differ by charges only (charges.py).
MULTIPLE = 2
# no institution's number in a party's table of names
NOBODY = -1
# no institution's name: of one whose word about a payment is forgotten, and still stands
FORGOTTEN = ""
# A value date without a time is midnight, up to a day before the order of that day.
DATE_ONLY_US = DAY_US


def reverse(party: Party, reversal: Reversal) -> tuple[bool, str | None]:
    """Keep a new reversal and take it back: (whether it found its payment, the fault it is counted under, if any).

    `reversal.foreign`: another institution's word of the payment stands, and keeps what this one says came back.
    """
    places, named = _meant(party, reversal)
    party.reversals = kept(party, [*party.reversals, reversal])
    if len(places) != 1:
        return False, "reversal.mismatched" if named else None
    told = tellers(party, at(party, places[0]))
    if reversal.institution not in told:
        return False, "reversal.foreign"
    return True, "reversal.foreign" if _take_back(party, places[0], len(party.reversals) - 1, told) else None


def tellers(party: Party, row: Payment) -> set[str]:
    """The institutions whose word of a payment stands; `FORGOTTEN` for another one's that is not kept any more."""
    words = {payments.unpacked(one.row).institution for one in party.restated if one.first == row.event}
    names = {party.names[number] for number in {row.institution, *words}}
    return {*names, FORGOTTEN} if row.flags & SECONDED and len(names) == 1 else names


def kept(party: Party, reversals: list[Reversal]) -> list[Reversal]:
    """At most `MOST_REVERSALS`, each institution its share; all that this party never paid through have one together.

    Failure prevented: twenty returns of nothing by one bank, and another bank's return that came before its payment
    took nothing back.
    """
    if len(reversals) <= MOST_REVERSALS:
        return reversals
    known = {party.names[number] for number in set(payments.rows(party)["institution"].tolist())}
    return fairly_cut(reversals, MOST_REVERSALS, lambda one: one.institution if one.institution in known else OTHERS)


def less_reversals(party: Party, place: int) -> Payment:
    """Take back from a fresh amount what its returns took, in ledger order; the payment as it counts then.

    Reversals that waited are taken now if this is the payment they name.
    """
    row = at(party, place)
    told = tellers(party, row)
    _forget_what_was_taken(party, row)
    for number, reversal in enumerate(party.reversals):
        if reversal.taken == row.event or (
            not reversal.taken
            and reversal.institution in told
            and _names(party, reversal, row)
            and _meant(party, reversal)[0] == [place]
        ):
            _take_back(party, place, number, told)
    return at(party, place)


def give_back(party: Party, place: int) -> None:
    """Make a payment what was said of it, before it is known anew who told it; `less_reversals` takes back again."""
    row = fresh(party, at(party, place))
    write(party, place, row)
    _forget_what_was_taken(party, row)


def _forget_what_was_taken(party: Party, row: Payment) -> None:
    party.reversals = [
        msgspec.structs.replace(one, took=0, took_exponent=0, took_usd=0) if one.taken == row.event else one
        for one in party.reversals
    ]


def fresh(party: Party, row: Payment) -> Payment:
    """The row as it was said, before anything was taken back; exact while its reversals are kept."""
    took = [one for one in party.reversals if one.taken == row.event]
    if not took:
        return row
    places = max([row.exponent, *(one.took_exponent for one in took)])
    amount = row.amount * 10 ** (places - row.exponent)
    amount += sum(one.took * 10 ** (places - one.took_exponent) for one in took)
    fitted = money.fitted(money.Exact(amount, places))
    usd = row.usd + sum(one.took_usd for one in took)
    return msgspec.structs.replace(
        row, amount=fitted.mantissa, exponent=fitted.exponent, usd=usd, flags=row.flags & ~REVERSED
    )


def taken_by_another(party: Party, first: int, institution: int) -> bool:
    """Whether another institution took back of the payment with this first event."""
    name = party.names[institution]
    return any(one.taken == first and one.institution != name for one in party.reversals)


def move(party: Party, first: int, other: int, institution: str | None = None) -> None:
    """What was taken back of one payment, all or by one institution, was of another, of which it is the first event."""
    party.reversals = [
        msgspec.structs.replace(one, taken=other)
        if one.taken == first and institution in {None, one.institution}
        else one
        for one in party.reversals
    ]


def _names(party: Party, reversal: Reversal, row: Payment) -> bool:
    """Whether a reversal that waits names a payment; the others need no look through all rows."""
    if reversal.original and party.first_event(reversal.original) == row.event:
        return True
    return row.payment != 0 and reversal.payment == row.payment


def plausible(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two amounts (mantissa, exponent) of one currency may be of one payment: neither a multiple."""
    return _below_multiple(one, other) and _below_multiple(other, one)


def _below_multiple(amount: tuple[int, int], base: tuple[int, int]) -> bool:
    scaled: int = amount[0] * 10 ** base[1]
    return scaled < MULTIPLE * base[0] * int(10 ** amount[1])


def _meant(party: Party, reversal: Reversal) -> tuple[list[int], bool]:
    """(the payments that a reversal may mean, whether any payment has a name that it gives)."""
    place = payments.of_event(party, party.first_event(reversal.original)) if reversal.original else None
    if place is not None:
        agrees = _agrees(party, at(party, place), reversal)
        return [place] if agrees else [], True
    institution = party.names.index(reversal.institution) if reversal.institution in party.names else NOBODY
    namesakes = payments.of_payment(party, reversal.payment, institution)
    found = [(place, at(party, place)) for place in namesakes]
    events = {row.event for _, row in found}
    words = [(one.first, payments.unpacked(one.row)) for one in party.restated if one.first in events]
    told = {first for first, word in words if word.institution == institution}
    own = [place for place, row in found if row.institution == institution or row.event in told]
    agreeing = [place for place, row in found if _agrees_by_id(party, row, reversal, own=place in own)]
    # what it told first: a payment that another bank made up under a UETR must not make it unclear which is meant
    return [place for place in agreeing if place in own] or agreeing, bool(namesakes)


def _agrees(party: Party, row: Payment, reversal: Reversal) -> bool:
    if bool(row.flags & OUT) != reversal.outbound or party.names[row.currency] != reversal.currency:
        return False
    paid = fresh(party, row)
    return reversal.whole or _below_multiple((reversal.mantissa, reversal.exponent), (paid.amount, paid.exponent))


def _agrees_by_id(party: Party, row: Payment, reversal: Reversal, *, own: bool) -> bool:
    """By id alone more has to agree: the foreign side, the order in time, and across institutions the amount.

    What comes back through a bank that told nothing of a payment comes back as a whole, less charges.
    """
    if row.beneficiary != reversal.beneficiary or reversal.time_us < row.time - DATE_ONLY_US:
        return False
    if not own and not apart_by_charges(fresh(party, row), reversal.mantissa, reversal.exponent):
        return False
    return _agrees(party, row, reversal)


def _take_back(party: Party, place: int, number: int, told: set[str]) -> bool:
    """Reduce a payment by what all institutions that `told` it took back; whether another one's word keeps some of it.

    The whole, or in proportion of its own currency, so that no change of rates leaves a rest.
    """
    row, reversal = at(party, place), party.reversals[number]
    every = [*(one for one in party.reversals[:number] if one.taken == row.event), reversal]
    places = max(row.exponent, *(max(one.exponent, one.took_exponent) for one in every))
    had = row.amount * 10 ** (places - row.exponent)
    said = had + sum(one.took * 10 ** (places - one.took_exponent) for one in every)
    back = dict.fromkeys([*told, *(one.institution for one in every)], 0)
    for one in every:
        back[one.institution] += said if one.whole else one.mantissa * 10 ** (places - one.exponent)
    # never more than there is: words that were forgotten since give nothing back
    rest = min(max(said - min(back[name] for name in told), 0), had)
    usd = money.half_even(row.usd * rest, had) if had else 0
    party.reversals[number] = msgspec.structs.replace(
        reversal, taken=row.event, took=had - rest, took_exponent=places, took_usd=row.usd - usd
    )
    row.amount, row.exponent = money.fitted(money.Exact(rest, places))
    row.usd = usd
    if row.amount == 0:
        row.flags |= REVERSED
    write(party, place, row)
    return bool(rest > max(said - back[reversal.institution], 0))
