"""docs/DETECTION.md lists the features, members and settings of the models that the code has."""

import re
from pathlib import Path

from detectors import features, models
from detectors.models import half_space_trees, windowed_tails
from detectors.models.bounded_scaler import SLOWEST, STEP_LIMIT, Z_LIMIT
from detectors.ranking import budget, calibration
from streams.settings import overlay_configuration

PAGE = (Path(__file__).parents[2] / "docs" / "DETECTION.md").read_text("utf-8")
NAMED = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)


def test_features_and_members_are_those_of_the_registries():
    """Each once, and none that is not there."""
    assert sorted(NAMED) == sorted([*features.NAMES, *models.REGISTRY]), (
        "to do: a row for each feature and member in the two tables of docs/DETECTION.md"
    )


def test_the_figures_of_the_models_are_those_of_the_code():
    """Steps, windows, trees, warm-up, calibration and budget, as the page spells them."""
    detectors = overlay_configuration({}).detectors
    trees = {name: value for name, (value, _, _) in half_space_trees.PARAMETERS.items()}
    assert f"clip(x - m, +-{STEP_LIMIT:g}d)" in PAGE
    assert f"a = max({SLOWEST:g}, 1/n)" in PAGE
    assert f"clipped at +-{Z_LIMIT:g}" in PAGE
    assert f"tails of the last {windowed_tails.PARAMETERS['window'][0]:,g} values".replace(",", " ") in PAGE
    assert f"{trees['trees']:g} trees of height {trees['height']:g}" in PAGE
    assert f"double from {trees['first_window']:g} to {trees['window']:,g}".replace(",", " ") in PAGE
    assert f"among the last {detectors.calibration_window:,}".replace(",", " ") in PAGE
    assert f"first {detectors.warm_up:,} payments of a partition".replace(",", " ") in PAGE
    assert f"at most `rank_ceiling` ({detectors.ceiling:g})" in PAGE
    assert f"a tenth of the budget, {detectors.by_chance:g} a day of {detectors.daily_budget:g}" in PAGE
    assert f"{calibration.SHRINKAGE} x p of the prior) / (payments + {calibration.SHRINKAGE})" in PAGE
    assert budget.FASTEST == 4
    assert "at most four times the mean rate" in PAGE
    assert f"{detectors.exploration:.0%}".replace("%", " %") + " of the budget goes by lot" in PAGE
    assert features.HALF_LIFE_S == 90 * 86_400
    assert "counts half after 90 days" in PAGE
