"""Returns and cancellations: which payment each takes back from, how much, and once only.

A reversal names an event of its own institution (`original_event_id`), or a payment by its id. It takes back only where
direction, currency and parties agree and, by id alone, where one payment only can be meant; a return of twice what was
paid, or more, is of another payment. What finds no payment waits for one that agrees, of its own institution.
Failure prevented: one record takes back the payment of another bank, of another direction, or, by an id that a bank
gives to everything, one payment after the other.
"""

import msgspec

from detectors import money, payments
from detectors.calendar import DAY_US
from detectors.charges import apart_by_charges
from detectors.party import MOST_REVERSALS, Party, Reversal
from detectors.payments import OUT, REVERSED, Payment, at, write
from detectors.shares import OTHERS, fairly_cut

# Within one institution an order may be carried out in part, and a slip is corrected. What is twice as much, or half,
# is a multiple: another payment. Across institutions amounts differ by charges only (charges.py).
MULTIPLE = 2
# no institution's number in a party's table of names
NOBODY = -1
# A value date without a time is midnight, up to a day before the order of that day.
DATE_ONLY_US = DAY_US


def reverse(party: Party, reversal: Reversal) -> tuple[bool, str | None]:
    """Keep a new reversal and take it back: (whether it found its payment, the fault it is counted under, if any)."""
    places, named = _meant(party, reversal)
    party.reversals = kept(party, [*party.reversals, reversal])
    if len(places) != 1:
        return False, "reversal.mismatched" if named else None
    row = at(party, places[0])
    _take_back(party, places[0], len(party.reversals) - 1)
    others = {payments.unpacked(one.row).institution for one in party.restated if one.first == row.event}
    foreign = any(party.names[one] != reversal.institution for one in {row.institution, *others})
    return True, "reversal.foreign" if foreign else None


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
    for number, reversal in enumerate(party.reversals):
        if reversal.taken == row.event or (
            not reversal.taken and _names(party, reversal, row) and _meant(party, reversal)[0] == [place]
        ):
            _take_back(party, place, number)
    return at(party, place)


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


def move(party: Party, first: int, other: int) -> None:
    """What was taken back of one payment was of another, of which it is the first event."""
    party.reversals = [
        msgspec.structs.replace(one, taken=other) if one.taken == first else one for one in party.reversals
    ]


def _names(party: Party, reversal: Reversal, row: Payment) -> bool:
    """Whether a reversal that waits names a payment; the others need no look through all rows.

    By its id it waits for a payment of its own institution alone. Failure prevented: a bank sends a return under a UETR
    before another bank tells the payment, which then never counts, and no alert comes of it.
    """
    if reversal.original and party.first_event(reversal.original) == row.event:
        return True
    return party.names[row.institution] == reversal.institution and reversal.payment == row.payment


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
    agreeing = [place for place in namesakes if _agrees_by_id(party, at(party, place), reversal)]
    # its own payments first: a payment that another bank made up under a UETR must not make it unclear which is meant
    own = [place for place in agreeing if at(party, place).institution == institution]
    return own or agreeing, bool(namesakes)


def _agrees(party: Party, row: Payment, reversal: Reversal) -> bool:
    if bool(row.flags & OUT) != reversal.outbound or party.names[row.currency] != reversal.currency:
        return False
    paid = fresh(party, row)
    return reversal.whole or _below_multiple((reversal.mantissa, reversal.exponent), (paid.amount, paid.exponent))


def _agrees_by_id(party: Party, row: Payment, reversal: Reversal) -> bool:
    """By id alone more has to agree: the foreign side, the order in time, and across institutions the amount.

    What comes back through another bank comes back as a whole, less charges.
    """
    if row.beneficiary != reversal.beneficiary or reversal.time_us < row.time - DATE_ONLY_US:
        return False
    foreign = party.names[row.institution] != reversal.institution
    if foreign and not apart_by_charges(fresh(party, row), reversal.mantissa, reversal.exponent):
        return False
    return _agrees(party, row, reversal)


def _take_back(party: Party, place: int, number: int) -> None:
    """Reduce a payment: the whole, or in proportion of its own currency, so that no change of rates leaves a rest."""
    row, reversal = at(party, place), party.reversals[number]
    places = max(row.exponent, reversal.exponent)
    had = row.amount * 10 ** (places - row.exponent)
    back = reversal.mantissa * 10 ** (places - reversal.exponent)
    rest = 0 if reversal.whole else max(had - back, 0)
    usd = money.half_even(row.usd * rest, had) if had else 0
    party.reversals[number] = msgspec.structs.replace(
        reversal, taken=row.event, took=had - rest, took_exponent=places, took_usd=row.usd - usd
    )
    row.amount, row.exponent = money.fitted(money.Exact(rest, places))
    row.usd = usd
    if row.amount == 0:
        row.flags |= REVERSED
    write(party, place, row)
