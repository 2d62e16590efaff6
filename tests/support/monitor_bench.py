"""The monitor's core with a science that answers what a test says, and what it counted."""

from typing import Any

import pytest

from detectors.core import Assessed, Outputs
from detectors.ranking.ensemble import Scored
from streams.monitor import core
from streams.monitor.core import MonitorCore
from streams.partition.outputs import Output
from streams.settings import overlay_configuration
from tests.support.pipeline import LedgerRecord, Pipeline


def scored(**members: float) -> Scored:
    """What the models say, as far as it is counted."""
    return Scored(score=0.5, rank=0.5, members=members, contributions=(), warm=True)


def assessed(usd: int | None = 100, said: Scored | None = None) -> Assessed:
    """What the science made of a payment."""
    return Assessed(score=0.5, usd=usd, fired=(), scored=said, deal_deviation_bp=None)


class Bench:
    """A core whose science answers `step`; records are those of a pipeline."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: Outputs | Exception, partition: int = 0) -> None:
        self.core, self.partition = MonitorCore("test"), partition
        self.state = self.core.new(partition)
        self.state.configuration = overlay_configuration({})

        real = core.science.apply

        def apply(state: Any, event: Any, origin: Any) -> Outputs:
            if state is not self.state:
                return real(state, event, origin)
            if isinstance(step, Exception):
                raise step
            return step

        monkeypatch.setattr(core.science, "apply", apply)

    def take(self, topic: str, body: dict[str, Any], *, muted: bool = False, **more: Any) -> list[Output]:
        """Apply the record that ingest writes of an input."""
        return self.core.apply(self.state, self.partition, record_of(topic, body, **more), muted=muted)

    @property
    def counted(self) -> dict[str, Any]:
        """Everything in the tally but times."""
        tally = self.core.tally
        return {
            "outcomes": dict(tally.outcomes),
            "said": dict(tally.said),
            "late": tally.late,
            "scores": tally.scores,
            "rate_missing": tally.rate_missing,
            "joins": dict(tally.joins),
            "folded": tally.folded,
            "rates": dict(tally.rates),
            "forgotten": tally.forgotten,
        }


NOTHING = {
    "outcomes": {"applied": 1},
    "said": {},
    "late": [],
    "scores": {},
    "rate_missing": 0,
    "joins": {},
    "folded": 0,
    "rates": {},
    "forgotten": 0,
}


def record_of(topic: str, body: dict[str, Any], *, history: bool = False) -> LedgerRecord:
    """The ledger's record of an input record, as ingest writes it."""
    pipeline = Pipeline()
    sent = pipeline.send(topic, body, history=history)
    assert isinstance(sent, list), sent
    return pipeline.log[-1]
