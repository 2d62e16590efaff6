"""A partition of `fx.legs.v1` being written and applied at once."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from detectors.contracts import legs
from detectors.contracts.alert import Alert
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import (
    ConfigurationChange,
    Declaration,
    Disposition,
    Leg,
    Origin,
    Rate,
    Source,
    Transaction,
)
from detectors.shared.core import SharedOutputs, apply
from detectors.shared.state import SharedState
from tests.support.ledger import Ledger, configuration, digest16, payment, stamp

PAYEE = "k1.111.payee"


def resident(number: int, slot: int | None = None) -> str:
    """A resident's token, under a slot of its own."""
    return f"k1.{(number * 37) % 4096 if slot is None else slot:03x}.resident{number}"


def legs_of(event: Transaction | Declaration, *kinds: str) -> list[Leg]:
    """The legs that ingest writes for a record, those of some kinds only where any are named."""
    short = legs.shorten(event)
    found = [
        msgspec.structs.replace(short, kind=thing.kind, number=number)
        for number, thing in enumerate(legs.name_shared(event))
    ]
    return [leg for leg in found if not kinds or leg.kind in kinds]


class LegLog:
    """`state` is what was learned, `log` what was written; all legs come to this partition, whatever their slots."""

    def __init__(self, config: Configuration | None = None) -> None:
        self.state = SharedState.new(3)
        self.log: list[tuple[Leg | Disposition | Rate | ConfigurationChange, Origin]] = []
        self._origins = Ledger()
        first = Origin(offset=0, source=None, commitment="", timestamp_ms=0)
        self.put(ConfigurationChange(configuration=config or configuration()), first)

    def put(self, record: Leg | Disposition | Rate | ConfigurationChange, origin: Origin) -> SharedOutputs:
        """Apply a record as it is."""
        self.log.append((record, origin))
        return apply(self.state, record, origin)

    def send(self, event: Transaction | Declaration, *kinds: str, history: bool = False) -> list[SharedOutputs]:
        """Apply the legs of a record, each with the record's source."""
        origin = self._origins.origin(history=history)
        at = event.declared_time if isinstance(event, Declaration) else event.event_time
        return [
            self.put(leg, msgspec.structs.replace(origin, offset=len(self.log), timestamp_ms=stamp(at)))
            for leg in legs_of(event, *kinds)
        ]

    def pay(
        self, event_id: str, at: datetime, amount: str = "4900", who: int = 1, **fields: Any
    ) -> list[SharedOutputs]:
        """Apply the legs of a resident's payment; `kinds` may say which, what is not given is that of `payment`."""
        kinds, history = fields.pop("kinds", ("counterparty",)), fields.pop("history", False)
        return self.send(payment(event_id, at, amount, **{"party": resident(who)} | fields), *kinds, history=history)

    def rate(self, at: datetime, mid: str = "1400", base: str = "USD", quote: str = "KRW") -> SharedOutputs:
        """Apply a reference rate."""
        name = f"{base}/{quote}{at.isoformat()}{len(self.log)}"
        fields = {"event_id": name, "identity": digest16(name), "body": digest16(mid)}
        rate = Rate(**fields, base=base, quote=quote, mid=mid, rate_time=at)
        origin = self._origins.origin("fx.rates.v1")
        return self.put(rate, msgspec.structs.replace(origin, offset=len(self.log), timestamp_ms=stamp(at)))

    def judge(self, alert: Alert, at: datetime, verdict: str = "refuted", **fields: Any) -> SharedOutputs:
        """Apply an officer's record on an alert about a shared thing; with `until`, a snooze of its first typology."""
        assert alert.shared
        until: timedelta | None = fields.pop("until", None)
        rest = {} if until is None else {"snooze_until": at + until, "snooze_typology": alert.typologies[0].id}
        given = {
            "event_id": f"{verdict}{at.isoformat()}",
            "alert_id": alert.alert_id,
            "party": alert.party,
            "verdict": verdict if until is None else "inconclusive",
            "reason_hash": "2" * 32,
            "investigator": "I-17",
            "decided_at": at,
            "shared_kind": alert.shared.kind,
            "shared_token": alert.shared.token,
        }
        given |= rest | fields
        officer = str(given["investigator"])
        told = repr(sorted((name, str(one)) for name, one in given.items()))
        prints = {"identity": digest16(officer + str(given["event_id"])), "body": digest16(told)}
        origin = self._origins.origin("fx.dispositions.v1")
        record = Disposition(**prints | given)
        return self.put(record, msgspec.structs.replace(origin, offset=len(self.log), timestamp_ms=stamp(at)))


class TrailLog(LegLog):
    """The same, into which what nodes tell residents comes back at once; `raised` are the alerts of all legs."""

    def __init__(self, config: Configuration | None = None) -> None:
        self.raised: list[Alert] = []
        self._told: list[SharedOutputs] = []
        super().__init__(config)

    def put(self, record: Leg | Disposition | Rate | ConfigurationChange, origin: Origin) -> SharedOutputs:
        """Apply a record, then the trails that follow from it."""
        outputs = super().put(record, origin)
        self.raised += outputs.alerts
        for number, (leg, commitment) in enumerate(outputs.trails):
            cause = Source(self.state.ledger_topic, self.state.partition, origin.offset)
            here = Origin(
                offset=len(self.log),
                source=cause,
                commitment=commitment,
                timestamp_ms=origin.timestamp_ms,
                history=origin.history,
            )
            self._told.append(self.put(msgspec.structs.replace(leg, number=number), here))
        return outputs

    def send(self, event: Transaction | Declaration, *kinds: str, history: bool = False) -> list[SharedOutputs]:
        """As before; what came of the trails that follow stands behind what came of the legs."""
        known = len(self._told)
        return [*super().send(event, *kinds, history=history), *self._told[known:]]
