"""What would have left an unusual payment unchosen: the fewest features that, had they been usual, make it common.

Each proposal is scored again by the same models and offered again to the budget as it stood; none is guessed.
"""

from collections.abc import Callable, Sequence

import msgspec

from detectors.alerting.counted_against import counted_against
from detectors.alerting.enough_to_compare import enough_to_compare
from detectors.contracts.alert import Counterfactual
from detectors.features.view import Feature
from detectors.ranking.ensemble import Scored, Scorer
from detectors.wording import phrases
from detectors.wording.features import in_a_list

# Features measure one event from several sides (amount, week, corridor), so often most must change.
MOST_CHANGED = 10


def changes_to_usual(
    scorer: Scorer,
    features: Sequence[Feature],
    scored: Scored,
    offered: Callable[[float], bool],
) -> Counterfactual | None:
    """The change of the fewest strongest features; where even all leave it chosen, that of all, which says so.

    `offered(rank)` says whether the budget would have chosen an event of that rank. None where nothing speaks against
    the payment. Cost: what scoring costs, at most ten times; only for alerts.
    """
    names = [one.feature.name for one in counted_against(features, scored)[:MOST_CHANGED]]
    for count in range(1, len(names) + 1):
        usual = names[:count]
        changed = tuple(
            msgspec.structs.replace(feature, deviation=0.0) if feature.name in usual else feature
            for feature in features
        )
        rescored = scorer.score_then_learn(changed, learn=False)
        again = rescored.rank is not None and enough_to_compare(changed, rescored) and offered(rescored.rank)
        if not again or count == len(names):
            return Counterfactual(change=_said(usual, rescored.rank), would_alert=again)
    return None


def _said(usual: Sequence[str], rank: float | None) -> str:
    english, korean = in_a_list(usual)
    if rank is None:
        then, then_ko = "the payment would not have been ranked", "순위가 산정되지 않았을 것입니다"
    else:
        then = f"the rank of the payment would have been p = {phrases.chance(rank)}"
        then_ko = f"거래의 순위 확률은 p = {phrases.chance(rank)} 수준이었을 것입니다"
    return phrases.both(
        f"Had what follows been as usual, {then}: {english}",
        f"다음 항목이 평소와 같았다면 {then_ko}: {korean}",
    )
