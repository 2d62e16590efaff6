"""A firm with a profile in a ledger of its own, for tests of rules on firms: each payment has a won rate of its day."""

from datetime import date, datetime
from typing import Any

from detectors.contracts.configuration import Configuration
from detectors.contracts.events import Profile
from detectors.core import Outputs
from tests.support.ledger import START, Ledger, digest16

PARTY = "k1.0a3.firm"
# 1 400 won to the dollar
WON = 1_400
YOUNG = {"registered_on": date(2024, 12, 1), "capital_krw": "14000000"}
OLD = {"registered_on": date(2001, 5, 7), "capital_krw": "1400000000"}


class FirmLedger(Ledger):
    """The ledger of one firm; `fired` are the strengths of what fired, by event and typology."""

    def __init__(self, config: Configuration | None = None, **facts: Any) -> None:
        super().__init__(config)
        self.fired: dict[str, dict[str, float]] = {}
        self.seen: list[Outputs] = []
        if facts:
            self.profile(START, **facts)

    def profile(self, at: datetime, party: str = PARTY, **facts: Any) -> None:
        """What is known of the firm from now on."""
        name = f"profile{len(self.log)}"
        given = {"event_id": name, "identity": digest16(name), "body": digest16(name), "as_of": at}
        self.put(Profile(**given | {"party": party, "party_type": "company"} | facts), self.origin("fx.profiles.v1"))

    def send(self, name: str, at: datetime, usd: float, linked: float | None = None, **fields: Any) -> Outputs:
        """An import payment with documents; `linked` is the exchange-linked inflow as a part of it."""
        self.rate(at, str(WON))
        told = {} if linked is None else {"exchange_linked_inflow_24h": f"{usd * linked * WON:.0f}"}
        usual = {"party": PARTY, "party_type": "company", "purpose": "10101", "evidence": "shown"}
        outputs = self.pay(name, at, f"{usd:.2f}", **usual | told | fields)
        if outputs.assessed is not None:
            self.fired[name] = dict(outputs.assessed.fired)
        self.seen.append(outputs)
        return outputs

    def firing(self, typology: str) -> list[str]:
        """The events at which a typology fired, in order."""
        return [name for name, found in self.fired.items() if typology in found]

    def measured(self, typology: str) -> dict[str, Any]:
        """What the newest alert of a typology measured, by name."""
        hits = [hit for seen in self.seen for alert in seen.alerts for hit in alert.typologies if hit.id == typology]
        return {one.name: one.value for one in hits[-1].measured}
