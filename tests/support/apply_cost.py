"""What `apply` costs for a party at its bounds: one busy party, partitions that are warm, records that are measured."""

from datetime import timedelta

from detectors.contracts.configuration import Configuration
from detectors.core import Outputs
from tests.support.ledger import Ledger, later, payment
from tests.support.own_cpu import own_cpu

PARTY = "k1.0a3.busy"
NOW = later(days=100)
MOST_SECONDS = 0.020
# 2 048 rows (147 kB), 20 kB of folded days, 4 608 names of 32 letters (157 kB), 64 parts of 20 series (61 kB),
# 2 000 other names (36 kB), and what is counted in tens
MOST_BYTES = 420_000


class Measured:
    """The slowest of the records applied, and how many there were.

    Each record goes to equal partitions, and the quickest one counts: what other processes do to this one's caches is
    no cost of `apply`. Everything else is the same in all.
    """

    def __init__(self, *twins: Ledger) -> None:
        self.twins, self.slowest, self.what, self.count = twins, 0.0, "", 0

    def put(self, what: str, event: object) -> Outputs:
        """Apply a record and keep its time if it is the slowest."""
        seconds = []
        for ledger in self.twins:
            origin = ledger.origin()
            with own_cpu() as measured:
                outputs = ledger.put(event, origin)
            seconds.append(measured.seconds)
        self.count += 1
        if min(seconds) > self.slowest:
            self.slowest, self.what = min(seconds), what
        return outputs

    def pay(self, what: str, event_id: str, at: object, amount: str = "4900", **fields: object) -> Outputs:
        """Apply a payment of the busy party."""
        given = {"party": PARTY, "counterparty": "k1.111.payee0"} | fields
        return self.put(what, payment(event_id, at, amount, **given))


def warmed(config: Configuration | None = None) -> Ledger:
    """A ledger whose models are built: their first event takes 10 ms a segment, and River's import a second."""
    ledger = Ledger(config)
    ledger.rate(NOW - timedelta(hours=30), "1400")
    ledger.rate(NOW, "1400")
    for party_type in ("person", "company"):
        for direction in ("in", "out"):
            ledger.pay(
                f"warm {party_type} {direction}",
                NOW - timedelta(hours=1),
                party="k1.0a3.warm",
                party_type=party_type,
                direction=direction,
            )
    return ledger
