"""A planned payment as JSON, and the answer to it."""

from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from detectors.contracts.configuration import Configuration, fingerprint
from detectors.contracts.limits import Rulebook
from detectors.precheck.check import check
from detectors.precheck.planned import Duty, Planned
from streams.errors import UsageError

# As a record of the contract.
MOST_BYTES = 64 * 1024
# A time without an offset would be read by the clock of whatever machine answers.
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


def find_legal_day(configuration: Configuration, at: datetime) -> str:
    """The legal day of a moment, as a date."""
    return at.astimezone(ZoneInfo(configuration.engine.time_zone)).date().isoformat()


class Answers:
    """Answers by one configuration. Each takes some 0.1 ms; nothing is remembered between them."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self._rulebook, self._rules = Rulebook(configuration), fingerprint(configuration.rules)

    def check(self, text: str | bytes, today: str) -> tuple[Planned, tuple[Duty, ...]]:
        """A planned payment and its duties. Raises `UsageError` for what is none."""
        planned = self._read(text, today)
        return planned, check(planned, self._rulebook, self.configuration.legend)

    def tell(self, planned: Planned, duties: tuple[Duty, ...]) -> dict[str, Any]:
        """An answer for machines: what was understood, each duty, the fingerprint of the rules that it rests on."""
        return {
            "planned": msgspec.to_builtins(planned),
            "duties": [msgspec.to_builtins(duty) for duty in duties],
            "rules": self._rules,
        }

    def _read(self, text: str | bytes, today: str) -> Planned:
        """`today` stands for a day that is not named; a whole record of the contract is read as one.

        `event_time` gives the day where there is no `planned_on`. The contract's counterparty, where it is another than
        the payee, says that another is paid.
        """
        if len(text) > MOST_BYTES:
            raise UsageError("this is no planned payment", got=f"{len(text)} bytes", expected=f"at most {MOST_BYTES}")
        try:
            body = msgspec.json.decode(text, type=dict[str, Any])
            body.setdefault("planned_on", self._day_of(body.get("event_time"), today))
            if "contract_counterparty_id" in body and "counterparty_id" in body:
                body.setdefault("other_party_pays", body["contract_counterparty_id"] != body["counterparty_id"])
            return msgspec.convert(body, Planned)
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as fault:
            raise UsageError(
                "this is no planned payment",
                got=str(fault),
                expected="a JSON object with the fields of docs/PRECHECK.md",
            ) from fault

    def _day_of(self, event_time: Any, today: str) -> str:
        """The legal day of a record's time: the clock of the legal zone decides, not the sender's offset."""
        if event_time is None:
            return date.fromisoformat(today).isoformat()
        return find_legal_day(self.configuration, msgspec.convert(event_time, _Moment))
