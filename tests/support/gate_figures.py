"""Figures of a champion and a challenger, for tests of the promotion gate."""

from detectors.testbed.gate import Costs, GateFigures, GroupFigures, TypologyFigures
from detectors.testbed.statistics import Difference, Interval

SAME = Difference(0.6, 0.6, 0.0, 40, Interval(0.0, 0.0))
FALL = Difference(0.3, 0.6, -0.3, 40, Interval(-0.45, -0.15))
RISE = Difference(0.6, 0.3, 0.3, 40, Interval(0.15, 0.45))
NOISE = Difference(0.55, 0.6, -0.05, 40, Interval(-0.12, 0.02))
NOTHING = Difference(None, None, None, 0)
CHEAP = Costs(cpu_us=(300.0, 310.0), state_bytes=(900.0, 900.0), bit_equal=(True, True))


def typology(name: str = "T01", **changed) -> TypologyFigures:
    """Figures of a typology that nothing changed in, but for what is named."""
    told = {"recall": SAME, "found": (24, 24), "fired": (20, 20), "firing": SAME, "payments": (90, 90)}
    told["enabled"] = (True, True)
    return TypologyFigures(typology=name, **{**told, **changed})


def small(challenger: float, champion: float, interval: Interval) -> tuple[GroupFigures, ...]:
    """Fairness figures of one group, small firms."""
    ratio = Difference(challenger, champion, challenger - champion, 9, interval)
    return (GroupFigures(dimension="size", group="small", ratio=ratio),)


def figures(**changed) -> GateFigures:
    """Figures of two versions that nothing changed between, but for what is named."""
    told = {
        "recall": SAME,
        "typologies": (typology(),),
        "precision": SAME,
        "usd": SAME,
        "lookalikes": SAME,
        "models_order": SAME,
        "shipped_recall": SAME,
        "shipped_usd": SAME,
        "shipped": (40, 40),
        "members": {"robust_z": SAME},
        "missing_members": (),
        "calibration": SAME,
        "fairness": (GroupFigures(dimension="size", group="small", ratio=SAME),),
        "costs": CHEAP,
    }
    return GateFigures(**{**told, **changed})
