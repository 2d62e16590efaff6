"""Explanation fidelity: whether the top reason of a true alert names what was planted."""

from collections import Counter

import msgspec
import numpy as np

from detectors.testbed.draws import Draws
from detectors.testbed.ground import Ground, Mask, Rows
from detectors.testbed.statistics import Estimate, share_of

NOTHING = "no reason"
# Wrong top reasons that are told, the most frequent first.
MOST_WRONG = 10


class Fidelity(msgspec.Struct, frozen=True):
    """`named` 0-1 is the share of true alerts whose top reason is one that the case expects.

    `by_typology` is told by the case's typology; `by_kind` by what the top reason is: a typology (rule) or a feature
    (models). `wrong` counts the top reasons that were not expected, the most frequent first.
    """

    named: Estimate
    by_typology: dict[str, Estimate]
    by_kind: dict[str, Estimate]
    wrong: dict[str, int]


class TopReasons:
    """Each event's top reason and whether a case it belongs to expects it; laid out once for one result.

    The top reason is the fired typology of the largest strength (the first of equal ones), and where none fired the
    feature of the largest share among the models' contributions.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        fired, reasons = ground.sheet.fired.largest(), ground.sheet.reasons.largest()
        rows = len(ground.sheet)
        self.right = np.zeros(rows, np.bool_)
        self.case = np.full(rows, -1, np.int64)
        self.kind: dict[int, tuple[str, str]] = {}
        for row, place in zip(ground.events.row.tolist(), ground.events.thing.tolist(), strict=True):
            typology, feature = fired.text(row), reasons.text(row)
            expected = ground.truth.cases[place].rightly
            if typology is not None:
                self.kind[row] = ("typology", typology)
                self.right[row] |= typology in expected.typologies
            else:
                self.kind[row] = ("feature", feature) if feature is not None else (NOTHING, NOTHING)
                self.right[row] |= feature is not None and feature in expected.features
            if self.case[row] < 0:
                self.case[row] = place

    def of(self, alerts: Mask, draws: Draws) -> Fidelity:
        """The fidelity of a system's alerts that fall on events of cases; cases are resampled."""
        rows = np.flatnonzero(alerts & self._ground.illicit)
        kinds = np.array([self.kind[row][0] for row in rows.tolist()], dtype=object)
        wrong = Counter(self.kind[row][1] for row in rows.tolist() if not self.right[row])
        ranked = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:MOST_WRONG]
        typologies = np.array([self._ground.typology[place] for place in self.case[rows]], dtype=object)
        return Fidelity(
            named=self._share(rows, draws),
            by_typology={name: self._share(rows[typologies == name], draws) for name in sorted(set(typologies))},
            by_kind={name: self._share(rows[kinds == name], draws) for name in sorted(set(kinds))},
            wrong=dict(ranked),
        )

    def _share(self, rows: Rows, draws: Draws) -> Estimate:
        """Alerts of one case are alike, so cases and not alerts are resampled.

        A single case cannot be resampled, and neither can alerts that are all right or all wrong: Wilson's interval
        stands in, which takes the alerts for independent and is too narrow where they are not.
        """
        cases = self._ground.cases
        every = np.bincount(self.case[rows], minlength=cases)
        right = np.bincount(self.case[rows][self.right[rows]], minlength=cases)
        if not right.any() or (right == every).all() or (every > 0).sum() == 1:
            return share_of(int(right.sum()), len(rows))
        return draws.ratio("cases", right, every)
