"""Made-up series of a fleet for `promtool test rules`: what Prometheus would hold while workers live and die.

A worker's series are those of its real page: tests/contract/test_prometheus.py compares names and labels.
"""

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules" / "fxwatch.yml"
# A value at a minute of the scenario; `began`: when this life of the worker began. None: the series is not there.
Value = Callable[[float, float], float | None]
Life = Literal["up", "down", "gone"]
PARTITIONS = 2
SHORT = 20
STATES = ("running", "replaying", "stopped")
DAY = 86400


def constant(value: float) -> Value:
    """The same all the time."""
    return lambda _now, _began: value


def counter(per_minute: float) -> Value:
    """Begins at 0 with each life."""
    return lambda now, began: per_minute * (now - began)


def since(minute: float, value: float, before: float = 0) -> Value:
    """`before` until that minute, `value` from then on."""
    return lambda now, _began: value if now >= minute else before


@dataclass
class Worker:
    """One worker: when it is down (`up` is 0) or gone from service discovery, what it holds, what its page shows."""

    instance: str
    agents: tuple[str, ...] = ("ingest", "monitor", "shared")
    job: str = "fxwatch"
    # (first minute, first minute after) of what is not "up"
    away: Sequence[tuple[float, float, Life]] = ()
    # agent, partition, minute -> state; None: not held
    holds: Callable[[str, int, float], str | None] = lambda _agent, _partition, _now: "running"
    shows: Mapping[str, Value | None] = field(default_factory=dict)

    def life(self, now: float) -> Life:
        """What Prometheus sees of it."""
        return next((kind for start, end, kind in self.away if start <= now < end), "up")

    def began(self, now: float) -> float:
        """When the life at a minute began."""
        return max((end for _, end, _ in self.away if end <= now), default=0)

    def values(self) -> dict[str, Value]:
        """Series name with labels -> its value while the worker is up."""
        found = dict(PAGE)
        for agent in self.agents:
            found |= OF_AGENT[agent]
            for partition in range(PARTITIONS):
                found |= self._partition(agent, partition)
        found |= self.shows
        return {name: value for name, value in found.items() if value is not None}

    def _partition(self, agent: str, partition: int) -> dict[str, Value]:
        place = f'{{agent="{agent}", partition="{partition}"'

        def held(value: Value) -> Value:
            return lambda now, began: None if self.holds(agent, partition, now) is None else value(now, began)

        def state(name: str) -> Value:
            return lambda now, _began: float(self.holds(agent, partition, now) == name)

        found = {f'fxwatch_partition_state{place}, state="{name}"}}': state(name) for name in STATES}
        found[f"fxwatch_lag_records{place}}}"] = held(constant(0))
        if agent == "ingest":
            found[f"fxwatch_hidden_records{place}}}"] = held(constant(0))
        else:
            found[f"fxwatch_snapshot_age_seconds{place}}}"] = held(constant(60))
        return found


TOPICS = ("fx.transactions.v1", "fx.rates.v1")
# Every process shows these. 600 payments a minute in all, and one rate, which the monitor applies once a partition.
PAGE: dict[str, Value] = {
    'fxwatch_build_info{version="0"}': constant(1),
    "fxwatch_broker_away_seconds": constant(0),
    "fxwatch_unready_reasons": constant(0),
    "fxwatch_reconciliation_gap": constant(0),
    "fxwatch_rate_missing_total": constant(0),
    "fxwatch_parties_forgotten_total": constant(0),
    'fxwatch_stopped{what="statistical_alerts"}': constant(0),
    'fxwatch_drift_total{segment="person.out", measure="amount"}': constant(0),
    'fxwatch_rates_total{verdict="rate.held"}': constant(0),
    'fxwatch_rates_total{verdict="rate.corrected"}': counter(1),
    'fxwatch_sender_proofs_total{institution="BANKKRSE", outcome="proven"}': counter(60),
    'fxwatch_sender_proofs_total{institution="BANKKRSE", outcome="signature.wrong"}': constant(0),
    'fxwatch_sender_words_total{institution="BANKKRSE", word="event"}': constant(0),
    'fxwatch_sender_words_total{institution="BANKKRSE", word="new_party"}': constant(0),
    'fxwatch_end_to_end_seconds_bucket{le="0.1"}': constant(0),
    'fxwatch_end_to_end_seconds_bucket{le="120"}': constant(0),
    'fxwatch_end_to_end_seconds_bucket{le="+Inf"}': constant(0),
    **{f'fxwatch_records_read_total{{topic="{topic}"}}': constant(0) for topic in TOPICS},
    **{f'fxwatch_records_passed_total{{topic="{topic}", cause="deleted"}}': constant(0) for topic in TOPICS},
    **{f'fxwatch_dead_letters_total{{topic="{topic}", code="json.syntax"}}': constant(0) for topic in TOPICS},
    **{f'fxwatch_source_watermark_seconds{{topic="{topic}"}}': constant(0) for topic in TOPICS},
}
OF_AGENT: dict[str, dict[str, Value]] = {
    "ingest": {
        'fxwatch_sender_keys{fingerprint="a"}': constant(3),
        'fxwatch_events_total{agent="ingest", outcome="applied"}': counter(601),
        'fxwatch_records_read_total{topic="fx.transactions.v1"}': counter(600),
        'fxwatch_records_read_total{topic="fx.rates.v1"}': counter(1),
        'fxwatch_dead_letters_total{topic="fx.transactions.v1", code="json.syntax"}': counter(6),
        'fxwatch_source_watermark_seconds{topic="fx.transactions.v1"}': lambda now, _: DAY + now * 60,
        'fxwatch_source_watermark_seconds{topic="fx.rates.v1"}': lambda now, _: DAY + now * 60 - 60,
    },
    "monitor": {
        'fxwatch_events_total{agent="monitor", outcome="applied"}': counter(594 + PARTITIONS),
        'fxwatch_sender_words_total{institution="BANKKRSE", word="event"}': counter(594),
        'fxwatch_sender_words_total{institution="BANKKRSE", word="new_party"}': counter(59),
        'fxwatch_end_to_end_seconds_bucket{le="0.1"}': counter(10),
        'fxwatch_end_to_end_seconds_bucket{le="120"}': counter(10),
        'fxwatch_end_to_end_seconds_bucket{le="+Inf"}': counter(10),
    },
    "shared": {'fxwatch_events_total{agent="shared", outcome="applied"}': counter(4 * 594 + PARTITIONS)},
}


def _text(values: Iterable[float | None]) -> str:
    """Promtool's notation: `stale` where a series ends, `_` while it is not there."""
    tokens: list[str] = []
    before = None
    for value in values:
        tokens.append((f"{value:.10g}") if value is not None else "_" if before is None else "stale")
        before = value
    runs = ((token, sum(1 for _ in same)) for token, same in groupby(tokens))
    return " ".join(
        token if token == "stale" else f"_x{times}" if token == "_" else f"{token}x{times - 1}" for token, times in runs
    )


def series(workers: Iterable[Worker], minutes: float, step: float = 0.25) -> list[dict[str, str]]:
    """The series of a fleet over so many minutes, one value each `step` minutes."""
    moments = [step * number for number in range(int(minutes / step) + 1)]
    found = []
    for one in workers:
        target = f'job="{one.job}", instance="{one.instance}"'
        lives = [one.life(now) for now in moments]
        answered = [{"up": 1.0, "down": 0.0, "gone": None}[life] for life in lives]
        found.append({"series": f"up{{{target}}}", "values": _text(answered)})
        for name, value in one.values().items():
            shown = [
                value(now, one.began(now)) if life == "up" else None for now, life in zip(moments, lives, strict=True)
            ]
            metric, _, labels = name.removesuffix("}").partition("{")
            found.append({"series": f"{metric}{{{', '.join(filter(None, (labels, target)))}}}", "values": _text(shown)})
    return found


Firing = Iterable[Mapping[str, str]]


def check(
    promtool: str,
    directory: Path,
    workers: Iterable[Worker],
    minutes: float,
    firing: Mapping[float, Firing],
    *,
    ever: bool = True,
    step: float = 0.25,
    evaluation: float | None = None,
    only: str | None = None,
) -> str:
    """What promtool finds wrong, "" when all is right. `firing`: minute -> alerts by name, agent and instance.

    `ever`: False also demands that none has fired at any time. `evaluation`: minutes, half of one in a short scenario
    and one in a long one (it is what costs: 5 ms for all rules). `only`: one rule alone is evaluated, where a scenario
    of days with a value each ten minutes means nothing to the others.
    """

    def expectation(expression: str, minute: float, wanted: Firing) -> dict[str, Any]:
        samples = [
            {"labels": "{" + ", ".join(f"{key}={json.dumps(one[key])}" for key in one) + "}", "value": 1}
            for one in wanted
        ]
        return {"expr": expression, "eval_time": f"{int(minute * 60)}s", "exp_samples": samples}

    by = 'group by (alertname, agent, instance) (ALERTS{alertstate="firing"})'
    checks = [expectation(by, minute, wanted) for minute, wanted in firing.items()]
    if not ever:
        over = f'count_over_time(ALERTS{{alertstate="firing"}}[{int(minutes)}m])'
        checks.append(expectation(over, minutes, ()))
    path, rules = directory / "scenario.yml", RULES
    if only is not None:
        one = yaml.safe_load(RULES.read_text())
        one["groups"][0]["rules"] = [rule for rule in one["groups"][0]["rules"] if rule["alert"] == only]
        rules = directory / "rules.yml"
        rules.write_text(json.dumps(one))  # JSON is YAML
    document = {
        "rule_files": [str(rules)],
        "evaluation_interval": f"{int((evaluation or (0.5 if minutes <= SHORT else 1)) * 60)}s",
        "tests": [
            {
                "interval": f"{int(step * 60)}s",
                "input_series": series(workers, minutes, step),
                "promql_expr_test": checks,
            }
        ],
    }
    path.write_text(json.dumps(document))
    done = subprocess.run([promtool, "test", "rules", path], check=False, capture_output=True, text=True, timeout=120)
    return "" if done.returncode == 0 else done.stdout + done.stderr
