"""Detector sets that score beside the one in force, and what goes on of what they learned under another configuration.

The set in force is the champion: its alerts reach people. A challenger scores the same features, learns from the same
payments, and has a calibration and a budget of its own. What it would have alerted is told to operators
(alerting/shadowed.py). It changes nothing of the champion's state.
"""

from typing import NamedTuple

from detectors.contracts.configuration import Configuration, DetectorSet, fingerprint
from detectors.memory.sections import under
from detectors.ranking.budget import Budget, Ceiling
from detectors.ranking.calibration import FINEST
from detectors.ranking.ensemble import Scorer
from detectors.ranking.fused_members import derived_seed

# Each costs about what the champion's members do, for every payment. Failure prevented: a list of ten, by which the
# monitor falls behind.
MOST_CHALLENGERS = 3
SECTION = "challengers/"
# Payments that a challenger would have alerted and that it knows again, for a second institution's word about one. A
# challenger with 20 alerts a day in 12 partitions chooses so many in ten months.
MOST_CHOSEN = 512
_EVENT_BYTES = 8


class Challenger:
    """A detector set that runs beside the champion in one partition.

    `detectors` is the set's fingerprint, `chosen` the payments that it would have alerted, 8 bytes each. Cost and
    memory: those of its scorer (ranking/ensemble.py), and 4 kB.
    """

    def __init__(self, scorer: Scorer, budget: Budget, chosen: bytes = b"") -> None:
        self.scorer, self.budget = scorer, budget
        self.detectors = fingerprint(scorer.detector_set)
        self.chosen = chosen

    def chose(self, payment: int) -> bool:
        """Whether it would have alerted the payment of this first event, as far as that is remembered. Cost: 1 us."""
        wanted = payment.to_bytes(_EVENT_BYTES)
        at = self.chosen.find(wanted)
        while at % _EVENT_BYTES and at >= 0:  # the end of one and the beginning of the next
            at = self.chosen.find(wanted, at + 1)
        return at >= 0

    def note_chosen(self, payment: int) -> None:
        """It would have alerted the payment of this first event."""
        self.chosen = (self.chosen + payment.to_bytes(_EVENT_BYTES))[-MOST_CHOSEN * _EVENT_BYTES :]

    def to_state(self) -> list[tuple[str, bytes]]:
        """Named sections: the scorer's, the budget, and the payments that it chose."""
        parts = [(f"scorer/{name}", packed) for name, packed in self.scorer.to_state()]
        return [*parts, ("budget", self.budget.to_state()), ("chosen", self.chosen)]

    @classmethod
    def from_state(cls, detectors: DetectorSet, sections: list[tuple[str, bytes]]) -> "Challenger":
        """What `to_state` described. Raises `ValueError` when a section is missing or of another detector set."""
        named = dict(sections)
        for wanted in ("budget", "chosen"):
            if wanted not in named:
                raise ValueError(f"a challenger's state lacks its section {wanted}; got: {', '.join(named) or 'none'}")
        scorer = Scorer.from_state(detectors, under(sections, "scorer/"))
        return cls(scorer, Budget.from_state(named["budget"]), named["chosen"])


class Models(NamedTuple):
    """The detector sets that run in a partition, with what they learned. `challengers` are by name."""

    scorer: Scorer | None
    budget: Budget | None
    challengers: dict[str, Challenger]


def succeed(held: Models, old: Configuration | None, new: Configuration, partition: int) -> Models:
    """The models under a new configuration: a set that ran before goes on with what it learned, whatever its place.

    So a promoted challenger has learned already, and so has a champion that comes back after it ran on as a challenger.
    Any other set starts anew. A budget starts anew where the number of partitions changed.
    Raises `ValueError` for detectors that cannot be used; nothing is changed then.
    """
    ran: list[tuple[str, Scorer, Budget | None, bytes]] = []
    if held.scorer is not None:
        ran.append((fingerprint(held.scorer.detector_set), held.scorer, held.budget, b""))
    ran += [(one.detectors, one.scorer, one.budget, one.chosen) for one in held.challengers.values()]
    parts = new.engine.partitions
    same_parts = old is not None and old.engine.partitions == parts

    def models_of(detectors: DetectorSet) -> tuple[Scorer, Budget, bytes]:
        # by fingerprint, as their counts are told: 0.0 and -0.0 are equal, and two fingerprints
        name = fingerprint(detectors)
        for number, (ran_before, scorer, budget, chosen) in enumerate(ran):
            if ran_before == name:
                del ran[number]  # two places never share what learns
                goes_on = budget if same_parts else None
                return scorer, goes_on or make_budget(detectors, parts, partition), chosen
        return Scorer.new(detectors), make_budget(detectors, parts, partition), b""

    scorer, budget, _ = models_of(new.detectors)
    return Models(scorer, budget, {name: Challenger(*models_of(one)) for name, one in new.challenging.items()})


def make_budget(detectors: DetectorSet, partitions: int, partition: int) -> Budget:
    """A budget that has spent nothing, of one of so many partitions."""
    return Budget.new(
        detectors.daily_budget,
        partitions,
        detectors.exploration,
        derived_seed(detectors.seed, "budget", str(partition)),
        finest_rank=FINEST,
        ceiling=Ceiling(detectors.ceiling, detectors.by_chance),
    )


def challengers_to_state(challengers: dict[str, Challenger]) -> list[tuple[str, bytes]]:
    """Sections of all challengers, each below its name."""
    return [(f"{SECTION}{name}/{part}", packed) for name, one in challengers.items() for part, packed in one.to_state()]


def challengers_from_state(configuration: Configuration, whole: list[tuple[str, bytes]]) -> dict[str, Challenger]:
    """What `challengers_to_state` described, among all sections. Raises `ValueError` where they are not those."""
    found = {
        name: Challenger.from_state(detectors, under(whole, f"{SECTION}{name}/"))
        for name, detectors in configuration.challenging.items()
    }
    others = {name.split("/")[1] for name, _ in whole if name.startswith(SECTION)} - found.keys()
    if others:
        raise ValueError(f"a snapshot holds challengers that its configuration does not name: {', '.join(others)}")
    return found
