"""Every member, some fusions and River's own detectors, event by event, over labelled streams.

`.venv/bin/python -m tests.bench.detector_table` prints the tables of "Which members add something" in DETECTION.md.
Each event is scored before it is learned, cold start included, columns as they come. Times are CPU time an event.
"""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from river import anomaly, preprocessing

from detectors.models import REGISTRY, Member
from detectors.models.bounded_scaler import BoundedScaler
from detectors.models.half_space_trees import HalfSpaceTrees
from detectors.models.sliding_window import SlidingWindow
from detectors.ranking.fused_members import FusedMembers
from tests.bench import invented_streams, labelled_streams
from tests.bench.labelled_streams import Flags, LabelledStream, Numbers

SEED = 20260101
# River's LODA takes 0.2 ms an event: the longest streams are cut.
MOST_ROWS = 3000
FUSED = "fusion of windowed_tails, sampled_neighbours"
FUSIONS: dict[str, tuple[str, ...]] = {
    "fusion of robust_z, windowed_tails, half_space_trees": ("robust_z", "windowed_tails", "half_space_trees"),
    FUSED: ("windowed_tails", "sampled_neighbours"),
    "fusion of windowed_tails, loda": ("windowed_tails", "loda"),
    "fusion of windowed_tails, sampled_neighbours, loda": ("windowed_tails", "sampled_neighbours", "loda"),
    "fusion of windowed_tails, sampled_neighbours, half_space_trees": (
        "windowed_tails",
        "sampled_neighbours",
        "half_space_trees",
    ),
    "fusion of all": ("robust_z", "windowed_tails", "half_space_trees", "loda", "sampled_neighbours"),
}


class Judged(NamedTuple):
    """What a detector reached on one stream."""

    auc: float
    precision: float
    microseconds: float


def judged(scores: Sequence[float] | Numbers, odd: Flags, microseconds: float) -> Judged:
    """ROC-AUC, with half a point for a tie, and average precision, ties taken together."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    ranked, hits = np.asarray(scores)[order], odd[order].astype(float)
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    found, wrong = np.cumsum(hits)[ends], np.cumsum(1.0 - hits)[ends]
    recall, fallout = np.append(0.0, found / found[-1]), np.append(0.0, wrong / wrong[-1])
    precision = float(np.sum(np.diff(recall) * found / (found + wrong)))
    return Judged(float(np.trapezoid(recall, fallout)), precision, microseconds)


class GaussianSum:
    """River's GaussianScorer a column, their -ln(1 - score) summed (Fisher)."""

    def __init__(self) -> None:
        self.columns: dict[str, Any] = {}

    def score_one(self, x: dict[str, float]) -> float:
        """Nats."""
        scores = [self.columns[name].score_one(None, value) for name, value in x.items() if name in self.columns]
        # a column that never varied has no spread, and River gives NaN
        return float(sum(-np.log(max(1.0 - score, 1e-16)) for score in scores if not np.isnan(score)))

    def learn_one(self, x: dict[str, float]) -> None:
        """Over all rows: with a window, River's variance falls below 0 where a column stops varying, and it raises."""
        for name, value in x.items():
            self.columns.setdefault(name, anomaly.GaussianScorer(window_size=None, grace_period=30)).learn_one(
                None, value
            )


RIVER: dict[str, Callable[[], Any]] = {
    "river MinMaxScaler | HalfSpaceTrees": lambda: preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(seed=SEED),
    "river GaussianScorer, summed": GaussianSum,
    "river MinMaxScaler | LODA": lambda: preprocessing.MinMaxScaler() | anomaly.LODA(seed=SEED),
}


def member_of(name: str, columns: Sequence[str]) -> Member:
    """A member as it is registered; trees are grown over the stream's columns instead of the product's features."""
    if name == "half_space_trees":
        return HalfSpaceTrees(features=columns, seed=SEED)
    return REGISTRY[name].build({}, SEED)


def river_scores(model: Any, events: Iterable[dict[str, float]]) -> list[float]:
    """Score, then learn."""
    scores = []
    for x in events:
        scores.append(model.score_one(x))
        model.learn_one(x)
    return scores


def timed(run: Callable[[], list[float]], odd: Flags) -> tuple[list[float], Judged]:
    """Scores, and what they are worth."""
    started = time.process_time()
    scores = run()
    return scores, judged(scores, odd, 1e6 * (time.process_time() - started) / len(odd))


def log_p(scores: Sequence[float]) -> Numbers:
    """-ln of each score's conformal p-value among those before it, as `FusedMembers` takes it."""
    window, found = SlidingWindow(10_000), []
    for score in scores:
        found.append(-np.log(window.p_value(score)))
        window.add(score)
    return np.array(found)


def standardised(scores: Sequence[float]) -> Numbers:
    """Each score in spreads from where scores usually lie, by bounded steps: another way to make members comparable."""
    scaler, found = BoundedScaler(floor=1e-9), []
    for score in scores:
        found.append(scaler.transform_one({"score": score})["score"])
        scaler.learn_one({"score": score})
    return np.array(found)


def rows_of(stream: LabelledStream) -> dict[str, Judged]:
    """Each detector on one stream. Fusions other than the built one are added up from the members' scores."""
    events = list(stream.events())
    found, terms, spreads = {}, {}, {}
    for name in REGISTRY:
        member = member_of(name, stream.columns)
        scores, found[name] = timed(
            lambda member=member: [member.score_then_learn_one(x)[0] for x in events], stream.odd
        )
        terms[name], spreads[name] = log_p(scores), standardised(scores)
    for name, parts in FUSIONS.items():
        # two microseconds for each rank; the credits' share is left to the fusion that runs as it is
        cost = sum(found[part].microseconds + 2.0 for part in parts)
        found[name] = judged(sum(terms[part] for part in parts), stream.odd, cost)
    pair = FUSIONS[FUSED]
    averaged = sum(1.0 - np.exp(-terms[part]) for part in pair)
    found["the same two, ranks averaged"] = judged(averaged, stream.odd, found[FUSED].microseconds)
    summed = sum(spreads[part] for part in pair)
    found["the same two, standardised scores summed"] = judged(summed, stream.odd, found[FUSED].microseconds)
    fused = FusedMembers.build({}, SEED)
    found["FusedMembers.build, as it runs"] = timed(
        lambda: [fused.score_then_learn_one(x)[0] for x in events], stream.odd
    )[1]
    for name, made in RIVER.items():
        found[name] = timed(lambda made=made: river_scores(made(), events), stream.odd)[1]
    return found


def cut(stream: LabelledStream) -> LabelledStream:
    """The first rows of a long stream."""
    return stream._replace(rows=stream.rows[:MOST_ROWS], odd=stream.odd[:MOST_ROWS])


def print_tables(console: Console) -> None:
    """One table a kind of stream: means over streams, and how far the fusion lies behind the best member at worst."""
    for title, streams in (
        ("Labelled streams from packages", labelled_streams.STREAMS),
        ("Invented streams", invented_streams.STREAMS),
    ):
        found = {}
        for name, made in streams.items():
            stream = cut(made())
            found[name] = rows_of(stream)
            console.print(f"{name}: {len(stream.odd)} rows, {stream.odd.sum()} odd, {stream.rows.shape[1]} columns")
        table = Table("detector", "mean ROC-AUC", "mean AP", "worst gap to best member", "us an event", title=title)
        for row in next(iter(found.values())):
            best = {name: max(one[member].auc for member in REGISTRY) for name, one in found.items()}
            mean = np.mean([one[row] for one in found.values()], axis=0)
            gap = max(best[name] - one[row].auc for name, one in found.items())
            table.add_row(row, f"{mean[0]:.3f}", f"{mean[1]:.3f}", f"{gap:.3f}", f"{mean[2]:.0f}")
        console.print(table)
        each = Table("stream", *REGISTRY, "fused", title=f"{title}: ROC-AUC / AP")
        for name, one in found.items():
            each.add_row(name, *[f"{one[row].auc:.2f} / {one[row].precision:.2f}" for row in [*REGISTRY, FUSED]])
        console.print(each)


if __name__ == "__main__":
    print_tables(Console(width=160, file=sys.stdout))
