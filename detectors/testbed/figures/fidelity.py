"""Explanation fidelity: whether the top reason of a true alert names what was planted."""

from collections import Counter

import msgspec
import numpy as np

from detectors.testbed.draws import Draws
from detectors.testbed.ground import Ground, Mask, Rows
from detectors.testbed.sheet import NONE, Texts
from detectors.testbed.statistics import Estimate, share_of

NOTHING = "no reason"
RULE, MODELS = "a rule fired", "models only"
# Wrong top reasons that are told, the most frequent first.
MOST_WRONG = 10


class Named(msgspec.Struct, frozen=True):
    """`share` 0-1 of true alerts whose top reason is one that the case expects, and `chance` 0-1 beside it.

    `chance` is the exact expectation of that share were the top reasons of all scored events outside history (of the
    same kind where a kind is told) dealt to these alerts at random; None without any.
    """

    share: Estimate
    chance: float | None


class Fidelity(msgspec.Struct, frozen=True):
    """`named` is of all true alerts; `by_typology` by the case's typology; `by_kind` by what gave the top reason.

    The kinds are `RULE` and `MODELS`: alerts with a fired rule (its top reason is a typology) and those without (it is
    a feature or none). `wrong` counts the top reasons that were not expected, the most frequent first.
    """

    named: Named
    by_typology: dict[str, Named]
    by_kind: dict[str, Named]
    wrong: dict[str, int]


class TopReasons:
    """Each event's top reason and whether a case it belongs to expects it; laid out once for one result.

    `case` is by row the first case that it belongs to, -1 for none; `right` whether its top reason is expected by any.
    The top reason is the fired typology of the largest strength (the first of equal ones), and where none fired the
    feature of the largest share among the models' contributions.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        fired, reasons = ground.sheet.fired.largest(), ground.sheet.reasons.largest()
        rows = len(ground.sheet)
        self._rule = np.not_equal(fired.codes, NONE)
        self.right = np.zeros(rows, np.bool_)
        self.case = np.full(rows, -1)
        self.top: dict[int, str] = {}
        expected: dict[int, tuple[frozenset[str], frozenset[str]]] = {}
        for row, place in zip(ground.events.row.tolist(), ground.events.thing.tolist(), strict=True):
            rightly = ground.truth.cases[place].rightly
            before = expected.get(row, (frozenset(), frozenset()))
            expected[row] = before[0] | set(rightly.typologies), before[1] | set(rightly.features)
            if self.case[row] < 0:
                self.case[row] = place
        for row, (typologies, features) in expected.items():
            top = fired.text(row) if self._rule[row] else reasons.text(row)
            self.top[row] = NOTHING if top is None else top
            self.right[row] = top in (typologies if self._rule[row] else features)
        scored = ground.sheet.scored & ground.may_alert
        self._dealt = {
            RULE: _counts(fired, scored & self._rule),
            MODELS: _counts(reasons, scored & ~self._rule),
        }
        self._chances = {
            row: {
                RULE: sum(self._dealt[RULE][name] for name in typologies),
                MODELS: sum(self._dealt[MODELS][name] for name in features),
            }
            for row, (typologies, features) in expected.items()
        }

    def of(self, alerts: Mask, draws: Draws) -> Fidelity:
        """The fidelity of a system's alerts that fall on events of cases; cases are resampled."""
        rows = np.flatnonzero(alerts & self._ground.illicit)
        wrong = Counter(self.top[row] for row in rows.tolist() if not self.right[row])
        ranked = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:MOST_WRONG]
        typologies = np.array([self._ground.typology[place] for place in self.case[rows]])
        both = (RULE, MODELS)
        kinds = {RULE: rows[self._rule[rows]], MODELS: rows[~self._rule[rows]]}
        return Fidelity(
            named=self._named(rows, both, draws),
            by_typology={
                name: self._named(rows[typologies == name], both, draws) for name in sorted(set(typologies.tolist()))
            },
            by_kind={kind: self._named(held, (kind,), draws) for kind, held in kinds.items() if len(held)},
            wrong=dict(ranked),
        )

    def _named(self, rows: Rows, kinds: tuple[str, ...], draws: Draws) -> Named:
        """The share named rightly, and what it would be were the top reasons of all scored events dealt to them."""
        pool = sum(self._dealt[kind].total() for kind in kinds)
        right = sum(self._chances[row][kind] for row in rows.tolist() for kind in kinds)
        return Named(self._share(rows, draws), right / (pool * len(rows)) if pool and len(rows) else None)

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


def _counts(column: Texts, rows: Mask) -> Counter[str]:
    """How often each top reason occurs among the rows; `NOTHING` for rows without one."""
    # code -1 is counted first
    numbers = np.bincount(column.codes[rows] + 1, minlength=len(column.names) + 1).tolist()
    return Counter(dict(zip((NOTHING, *column.names), numbers, strict=True)))
