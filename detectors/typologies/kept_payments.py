"""Payments that a rule remembers in its own slot, beside the party's rows: few, and each with a tag of the rule's.

A row is dropped some weeks after its payment where no rule wants it for longer. A slot of these outlives it at 40 bytes
a payment, for the few parties that have any.
"""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from detectors.books.party import token_number
from detectors.books.payments import rows_where
from detectors.typologies.base import Context, Finding, Past, largest_others

# Payments that a rule remembers of a party. Beyond them, of the sender that has most, the smallest goes: no later
# finding rests on fewer cents than it could. Failure prevented: a flood of one bank hides what another bank told.
MOST_KEPT = 64


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A payment: event time, ledger position, USD cents as it counts now, what the rule tells it by, its sender.

    `sender` is whose share it takes a place in, as a hash (shares.py). `event` is the number of its first event, which
    stays when its settlement takes another ledger position.
    """

    time_us: int
    offset: int
    usd: int
    tag: int
    sender: int = 0
    event: int = 0


def of_payment(context: Context, tag: int) -> Kept:
    """The payment at hand."""
    row = context.payment
    return Kept(row.time, row.offset, row.usd, tag, token_number(context.sender), row.event)


def added(kept: Sequence[Kept], one: Kept, oldest_us: int) -> list[Kept]:
    """These and one more, without those of before `oldest_us`; at most `MOST_KEPT`."""
    found = [each for each in (*kept, one) if each.time_us >= oldest_us]
    if len(found) > MOST_KEPT:
        senders = [each.sender for each in found]
        most = max(senders.count(sender) for sender in senders)
        found.remove(min((each for each in found if senders.count(each.sender) == most), key=lambda each: each.usd))
    return found


def restated(past: Past, kept: Iterable[Kept]) -> list[Kept]:
    """These at the amounts of now: returned ones leave; those whose rows are gone stay as they were."""
    rows = past.rows
    columns = (rows[name].tolist() for name in ("event", "time", "offset", "usd"))
    now = {event: (time, offset, usd) for event, time, offset, usd in zip(*columns, strict=True)}
    found = []
    for one in kept:
        time, offset, usd = now.get(one.event, (one.time_us, one.offset, one.usd))
        if usd:
            found.append(msgspec.structs.replace(one, time_us=time, offset=offset, usd=usd))
    return found


def with_now(context: Context, kept: Iterable[Kept], tag: int, since_us: int) -> list[Kept]:
    """Those of a tag in (since, the payment's time], in order of time, the payment at hand once, as it is now."""
    now = of_payment(context, tag)
    found = [one for one in kept if one.tag == tag and one.event != now.event and since_us < one.time_us <= now.time_us]
    return sorted([*found, now], key=lambda one: (one.time_us, one.offset))


def by_institution(context: Context, kept: Sequence[Kept]) -> dict[str, int]:
    """USD cents by institution, the payment's own first; those whose rows are kept no more are left out."""
    names = {context.payment.offset: context.names[context.payment.institution]}
    rows = rows_where(context.rows, np.isin(context.rows["offset"], np.array([one.offset for one in kept], "<i8")))
    names |= {int(row["offset"]): context.names[row["institution"]] for row in rows}
    found = {context.names[context.payment.institution]: 0}
    for one in kept:
        if one.offset in names:
            found[names[one.offset]] = found.get(names[one.offset], 0) + one.usd
    return found


def with_parts(context: Context, finding: Finding, pieces: Sequence[Kept], least: int) -> Finding:
    """The finding with its payments, and what of it came from which institution; a rest counts above `least` cents."""
    own, parts = context.names[context.payment.institution], by_institution(context, pieces)
    rests = [(name, finding.size - parts[name]) for name in largest_others(tuple(parts.items()), own)]
    return msgspec.structs.replace(
        finding,
        offsets=tuple(one.offset for one in pieces),
        institutions=tuple(sorted(name for name, cents in parts.items() if cents)),
        institution=own,
        parts=tuple(parts.items()),
        without=tuple((name, rest) for name, rest in rests if rest > least),
        alone=parts[own] if parts[own] > least else 0,
    )
