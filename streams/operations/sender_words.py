"""Counts, by institution, what it merely says of its payments and what thereby leaves a rule.

Nothing here can be checked by fxwatch: a bank says that papers were not needed, that a report was made, that a party is
a bank. What can be seen is that one institution says it far more often than the others do.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from detectors.contracts.events import Origin, Transaction

Word = Literal["event", "exempt", "reported", "bank", "history", "noted", "type_differs"]
WORDS: tuple[Word, ...] = get_args(Word)
# `event` is what the others are shares of; the rest are shown as shares
SHARES = WORDS[1:]
# What becomes of a payment by its date or currency, which are the sender's words too: dated so far back that it is in
# no legal total, or in a currency without a rate, worth 0 USD. And the first payment of a party, which is kept for
# over a year. The partition's past tells it, so it is in the metric alone.
UNCOUNTED = ("late", "rate_missing", "new_party")

# Our judgement: what is worth a look is so often the median of the others, and at least this share of its payments.
FAR_TIMES, FAR_SHARE = 3.0, 0.1
# fewer payments say nothing about a habit
FEWEST = 30
# two institutions have no peers to speak of
LEAST_PEERS = 2


def words(event: Transaction, origin: Origin) -> Iterator[Word]:
    """What is said of a payment: `event` always, then whatever takes it out of a rule or had to be mended at the door.

    `type_differs` needs the party's past and is told by the core.
    """
    yield "event"
    if event.evidence == "exempt":
        yield "exempt"
    if event.report_no is not None:
        yield "reported"
    if event.party_type == "bank":
        yield "bank"
    if origin.history:
        yield "history"
    if event.notes:
        yield "noted"


class InstitutionRow(NamedTuple):
    """An institution: its payments, what share of them (0 to 1) each word was said of, and the words that stand out."""

    institution: str
    events: int
    shares: dict[str, float]
    far: tuple[str, ...]


def compare_institutions(counts: Mapping[str, Mapping[str, int]]) -> list[InstitutionRow]:
    """Institutions by payments, each beside the median of the others that have `FEWEST` or more."""
    shares: dict[str, dict[str, float]] = {
        name: {word: told.get(word, 0) / told["event"] for word in SHARES}
        for name, told in counts.items()
        if told.get("event")
    }
    known = {word: sorted(shares[name][word] for name in shares if counts[name]["event"] >= FEWEST) for word in SHARES}
    rows = []
    for name, held in shares.items():
        enough = counts[name]["event"] >= FEWEST
        far = tuple(word for word in SHARES if enough and _is_far(held[word], known[word]))
        rows.append(InstitutionRow(name, counts[name]["event"], held, far))
    return sorted(rows, key=lambda row: (-row.events, row.institution))


def _is_far(share: float, ordered: Sequence[float]) -> bool:
    others = list(ordered)
    others.remove(share)
    return len(others) >= LEAST_PEERS and share >= FAR_SHARE and share >= FAR_TIMES * median(others)


def median(ordered: Sequence[float]) -> float:
    """The middle of ordered numbers; 0 of none."""
    if not ordered:
        return 0.0
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
