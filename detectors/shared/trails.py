"""Trails: what a foreign party or account passes on, told to the residents on both sides of it.

A payment has one resident. So money that goes from a resident over a foreign party to another resident is seen by the
foreign party's node alone, and a cycle over two foreign parties by no node. Therefore a node that takes from one
resident and pays another tells both of them: it writes their payments once more, as legs of kind `resident`, to the
nodes of the two. There a rule sees cycles of up to five hops (t15_round_tripping.py).

It tells of residents with at least `share_min` of what came to the node, or of what left it, and at least that share of
`sum_min`. So a market with many customers tells nothing, and a node tells of four on each side at most. Told are the
payments that the node has proofs of, its newest; the others are cut, and counted. Of a sender of whom the node keeps a
sample it tells nothing.

What one sender makes up must not make the others' residents small: the node tells as well of those who are large
without what one of the senders with most told.

Nothing is remembered of what was told: the rows before a leg and those after it say by themselves what is to be told.
A corrected rate is applied by each node to its own rows.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.books import payments
from detectors.books.party import Party
from detectors.books.payments import NO_DOCUMENT, OUT, REVERSED, ROW, SETTLED, Payment, Rows, unpacked_rows
from detectors.books.proofs import Proof, commitment_text
from detectors.contracts.events import Leg, LegKind, Status, Trail
from detectors.shared import nodes
from detectors.shared.alerts import Judged
from detectors.typologies import node_rules
from detectors.values.legal_calendar import from_us, local
from detectors.values.money import Exact, decimal_text

# Kinds of nodes that pass something on.
KINDS: tuple[LegKind, ...] = ("counterparty", "account")
# Four residents on each side of at most 50 proven payments each.
MOST_TOLD = 400
# Senders with most of each side, without whom it is looked at too.
MOST_LEFT_OUT = 4
# Whose payments each resident is told of, by number.
Told = dict[int, set[int]]


class Written(NamedTuple):
    """What a leg has a node tell others, in order, and how many payments more there were to tell, but for proofs."""

    legs: tuple[tuple[Leg, str], ...] = ()
    cut: int = 0


class _Floor(NamedTuple):
    """From how much on a resident is told of: hundredths of the whole, and hundredths of USD cents."""

    share: int
    least: int


def told_by(case: Judged, was: bytes) -> Written:
    """The legs that a node writes after a leg; `was` are the packed rows before it. Each comes with its commitment.

    Cost: 4 us for a node that only pays or only takes, 0.1 ms for one of 512 payments, 10 us for each that is told.
    """
    node = case.node
    if case.thing.kind not in KINDS or node.payments == was:
        return Written()
    floor = _floor(case)
    if floor is None:
        return Written()
    then, now = _told_of_node(case, was, floor), _told_of_node(case, node.payments, floor)
    if not then and not now:
        return Written()
    proofs = {proof.offset: proof for proof in node.proofs}
    tokens, known = nodes.residents_of(node), set(_packed(was))
    legs: list[tuple[Leg, str]] = []
    cut = 0
    for to, row in _to_tell(node, then, now, known):
        proof = proofs.get(row.offset)
        if proof is None or len(legs) == MOST_TOLD or to not in tokens or row.beneficiary not in tokens:
            cut += 1
        else:
            legs.append((_leg(case, tokens[to], tokens[row.beneficiary], row, proof), commitment_text(proof.original)))
    return Written(tuple(legs), cut)


def _floor(case: Judged) -> _Floor | None:
    """The least of those that rules over residents ask for; None where none is switched on, or none has its limits."""
    rules, rulebook = case.configuration.rules, case.effective.rulebook
    day = local(case.at_us, case.effective.zone).date()
    found = []
    for one in node_rules("resident"):
        share, least = rulebook.limit(one.id, "share_min", day), rulebook.limit(one.id, "sum_min", day)
        if one.id in rules and rules[one.id].enabled and share is not None and least is not None:
            found.append(_Floor(share.cents, share.cents * least.cents))
    return min(found, default=None)


def _told_of_node(case: Judged, packed: bytes, floor: _Floor) -> Told:
    """As `_told` of packed rows, without those of senders of whom a sample is kept."""
    found = unpacked_rows(packed)
    out = found["flags"] & OUT != 0
    if out.all() or not out.any():  # nearly every node; sums cost ten times as much
        return {}
    numbers, known_as = found["institution"].tolist(), case.state.shares.known_as
    names = {number: known_as(case.node.names[number]) for number in set(numbers)}
    levels = nodes.sample_of(case.node).levels
    whole = [place for place, number in enumerate(numbers) if names[number] not in levels]
    return _told(found.take(whole), floor, [names[numbers[place]] for place in whole])


def _told(found: Rows, floor: _Floor, senders: Sequence[str] = ()) -> Told:
    """Residents with another one on the other side, each with those whose payments it is told of, itself included.

    `senders` says who told each row: residents count who are large in all rows, or in those without one sender's.
    """
    out, whose = found["flags"] & OUT != 0, senders or [""] * len(found)
    told: Told = {}
    sides = [_NodeSide.of(found, mask, whose) for mask in (out, ~out)]
    for sender in (None, *_most_told(sides)):
        payers, payees = (side.large(floor, sender) for side in sides)
        for payer in payers:
            for payee in payees:
                if payer != payee:
                    told.setdefault(payer, set()).update((payer, payee))
                    told.setdefault(payee, set()).update((payer, payee))
    return told


class _NodeSide(NamedTuple):
    """USD cents of one side of a node by resident, and those that each sender told."""

    sums: dict[int, int]
    by_sender: dict[str, dict[int, int]]

    @classmethod
    def of(cls, found: Rows, mask: npt.NDArray[np.bool_], senders: Sequence[str]) -> "_NodeSide":
        """The sums of the rows of a side. Cost: 0.2 us a row."""
        side, (residents, usd) = cls({}, {}), (found[name].tolist() for name in ("beneficiary", "usd"))
        for place in np.flatnonzero(mask).tolist():
            who, cents, own = residents[place], usd[place], side.by_sender.setdefault(senders[place], {})
            side.sums[who] = side.sums.get(who, 0) + cents
            own[who] = own.get(who, 0) + cents
        return side

    def large(self, floor: _Floor, sender: str | None) -> list[int]:
        """Residents with so much of the side, without what a sender told of it where one is named."""
        gone: dict[int, int] = {} if sender is None else self.by_sender.get(sender, {})
        whole = sum(self.sums.values()) - sum(gone.values())
        least = max(floor.least, floor.share * whole)
        return [who for who, cents in self.sums.items() if 100 * (cents - gone.get(who, 0)) >= least]


def _most_told(sides: Sequence[_NodeSide]) -> list[str]:
    """Senders with most of a side, without whom it is looked at too; none where one told all."""
    names = dict.fromkeys(name for side in sides for name in side.by_sender)
    if len(names) < 2:  # noqa: PLR2004 - one told all
        return []
    found: set[str] = set()
    for side in sides:
        sums = {name: sum(own.values()) for name, own in side.by_sender.items()}
        found.update(sorted(sums, key=lambda name: (-sums[name], name))[:MOST_LEFT_OUT])
    return sorted(found)


def _packed(packed: bytes) -> list[bytes]:
    size = ROW.itemsize
    return [packed[start : start + size] for start in range(0, len(packed), size)]


def _to_tell(node: Party, then: Told, now: Told, known: set[bytes]) -> Iterator[tuple[int, Payment]]:
    """Each resident with each payment that it was not told of, or that counts otherwise by now.

    Who is no longer among the largest is still told what becomes of payments that it was told of.
    """
    found = [(row, payments.unpacked(row)) for row in _packed(node.payments)]
    for to in sorted(then.keys() | now.keys()):
        before, after = then.get(to, set()), now.get(to, set())
        for packed, row in found:
            if row.beneficiary in before:
                if packed not in known:
                    yield to, row
            elif row.beneficiary in after:
                yield to, row


def _leg(case: Judged, to: str, who: str, row: Payment, proof: Proof) -> Leg:
    via = case.thing.name
    said = case.leg.previous
    return Leg(
        event_id=proof.event_id,
        identity="",
        body="",
        event_time=from_us(row.time),
        direction="out" if row.flags & OUT else "in",
        status=_status(row),
        party=who,
        counterparty=via,
        counterparty_country=case.leg.counterparty_country,
        institution=case.node.names[row.institution],
        amount=decimal_text(Exact(row.amount, row.exponent)),
        currency=case.node.names[row.currency],
        purpose=case.node.names[row.purpose] or None,
        evidence="none" if row.flags & NO_DOCUMENT else "shown",
        previous={token: said[token] for token in (to, who, via) if token in said},
        trail=Trail(resident=to, via=case.thing.kind, event=row.event, topic=case.state.topics[proof.topic]),
        kind="resident",
    )


def _status(row: Payment) -> Status:
    if row.flags & REVERSED:
        return "returned"
    return "settled" if row.flags & SETTLED else "ordered"
