"""What the shared agent counts between two flushes."""

from types import SimpleNamespace
from typing import Any

from streams.shared.tally import SharedTally


class Recorded:
    """Metrics that keep the calls made to them."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.legs_left_out = SimpleNamespace(inc=lambda count: self.calls.append(("left_out", count)))
        self.nodes_forgotten = SimpleNamespace(inc=lambda count: self.calls.append(("forgotten", count)))
        self.trails = SimpleNamespace(inc=lambda count: self.calls.append(("trails", count)))
        self.trails_cut = SimpleNamespace(inc=lambda count: self.calls.append(("cut", count)))

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.calls.append((name, *arguments))


def test_a_flush_tells_everything_once() -> None:
    """Legs left out of hubs, nodes forgotten, alerts, and the rules in force; the time stays counted."""
    tally, rules = SharedTally(), SimpleNamespace()
    tally.left_out, tally.forgotten, tally.apply_seconds = 3, 2, 1.5
    tally.trails, tally.cut = 5, 4
    tally.ruling = rules  # type: ignore[assignment]
    alert = SimpleNamespace(typologies=[], desk="aml", severity="high")
    tally.alerts.append((alert, 0))  # type: ignore[arg-type]
    metrics: Any = Recorded()
    tally.flush(metrics, "shared", 5)
    names = ("left_out", "forgotten", "trails", "cut", "show_rules", "count_alert")
    assert [call for call in metrics.calls if call[0] in names] == [
        ("show_rules", rules),
        ("count_alert", "aml", None, "high"),
        ("left_out", 3),
        ("forgotten", 2),
        ("trails", 5),
        ("cut", 4),
    ]
    again: Any = Recorded()
    tally.flush(again, "shared", 0)
    assert [call[0] for call in again.calls] == ["observe_run", "observe_stage", "observe_stage"]
    assert tally.busy == 1.5
