"""The grid of the history search: which paths can be varied, and the configurations that come of it."""

from datetime import date

import pytest

from detectors.testbed import grid
from detectors.testbed.grid import Dimension, PathError
from streams.settings import overlay_configuration

# the shipped set has one member; a grid is about several
MEMBERS: dict[str, dict[str, float]] = {"robust_z": {}, "windowed_tails": {}, "half_space_trees": {}}
CONFIGURATION = overlay_configuration({"detectors": {"members": MEMBERS}})
DAY = date(2026, 4, 20)


def varied(path: str, *values: str) -> list[grid.Combination]:
    """The combinations of one dimension over the defaults."""
    return grid.combinations(CONFIGURATION, [Dimension(path, values)], DAY)


def limits(configuration, typology: str, name: str) -> list[tuple[date, str]]:
    """A limit's dated values."""
    return [(one.effective_from, one.value) for one in configuration.rules[typology].limits if one.name == name]


def test_only_the_entry_in_force_is_changed():
    """Of a limit with several dates the one in force on the first day changes; others stay another day's law."""
    path = "rules.T02.limits.annual_cap"
    (in_2026,) = varied(path, "70000")
    assert [value for _, value in limits(in_2026.configuration, "T02", "annual_cap")] == ["50000", "100000", "70000"]
    (first_day,) = grid.combinations(CONFIGURATION, [Dimension(path, ("70000",))], date(2026, 1, 1))
    assert first_day == in_2026
    (in_2024,) = grid.combinations(CONFIGURATION, [Dimension(path, ("70000",))], date(2024, 5, 1))
    assert [value for _, value in limits(in_2024.configuration, "T02", "annual_cap")] == ["50000", "70000", "100000"]
    assert str(grid.entry_changed(CONFIGURATION, path, date(2024, 5, 1)).effective_from) == "2023-07-04"
    assert path not in grid.paths(CONFIGURATION, date(1999, 1, 1))


def test_grid_is_every_combination_in_order():
    """Two paths of two and three values give six configurations, the last varying fastest; nothing else moves."""
    found = grid.combinations(
        CONFIGURATION,
        [Dimension("detectors.daily_budget", ("10", "50")), Dimension("rules.T01.limits.pieces_min", ("3", "4", "5"))],
        DAY,
    )
    assert [tuple(one.values.values()) for one in found] == [
        ("10", "3"),
        ("10", "4"),
        ("10", "5"),
        ("50", "3"),
        ("50", "4"),
        ("50", "5"),
    ]
    last = found[-1].configuration
    assert last.detectors.daily_budget == 50.0
    assert limits(last, "T01", "pieces_min") == [(date(2019, 1, 1), "5")]
    assert (last.legend, last.desks, last.engine) == (CONFIGURATION.legend, CONFIGURATION.desks, CONFIGURATION.engine)


# a value of each path's last word that its range takes, where 11 is beyond it
TAKEN = {
    "enabled": "false",
    "members": "robust_z",
    "exploration": "0.5",
    "rank_ceiling": "0.5",
    "band_low": "0.5",
    "line_applies_after_cap": "0",
    "report_before_cap": "0",
    "related_exempt": "0",
    "sums_institutions": "0",
    "out_ratio": "0.5",
    "linked_share": "0.4",
    "branch_share": "0.4",
    "quiet_payments": "5",
    "usual_share": "0.2",
    "surprise_max": "0.01",
    "height": "9",
    "cluster_share": "0.6",
    "ring_share": "0.6",
    "returned_min": "0.7",
    "share_min": "0.3",
    "balance_low": "0.8",
    "deviation_floor": "0.1",
    "tolerance_share": "0.1",
    "short_share": "0.2",
    "gap_share": "0.2",
    "residual_max": "0.2",
}


def taken(path: str) -> str:
    """A value that a path takes."""
    return TAKEN.get(path.rpartition(".")[2], "11")


@pytest.mark.parametrize("path", grid.paths(CONFIGURATION, DAY))
def test_every_path_listed_can_be_varied(monkeypatch, path):
    """Each path that is listed takes a value and changes the configuration, and no other path's value.

    The trial, which costs 0.2 s a configuration, is made of all limits together in the next test.
    """
    monkeypatch.setattr("detectors.configuration_faults.trial_fault", lambda _configuration: None)
    (found,) = varied(path, taken(path))
    assert found.configuration != CONFIGURATION


def test_the_values_of_all_paths_can_be_applied_together():
    """All limits and numbers at once, the rules switched on; then the rules switched off, one member left."""
    paths = grid.paths(CONFIGURATION, DAY)
    switches = [path for path in paths if path.endswith(".enabled") or path == "detectors.members"]
    for chosen in ([path for path in paths if path not in switches], switches):
        found = grid.combination(CONFIGURATION, {path: taken(path) for path in chosen}, DAY)
        assert found.configuration != CONFIGURATION


def test_members_can_be_left_out_before_their_parameters_change():
    """Members in or out and a member's parameter go together, whichever is named first."""
    dimensions = [
        Dimension("detectors.members.windowed_tails.window", ("500",)),
        Dimension("detectors.members", ("robust_z+windowed_tails",)),
    ]
    (found,) = grid.combinations(CONFIGURATION, dimensions, DAY)
    assert found.configuration.detectors.members == {"robust_z": {}, "windowed_tails": {"window": 500.0}}


def test_weights_are_varied_member_by_member():
    """A weight joins those that are there, and goes with a member that is left out."""
    first, second = grid.combinations(CONFIGURATION, [Dimension("detectors.weights.robust_z", ("0", "2.5"))], DAY)
    assert (first.configuration.detectors.weights, second.configuration.detectors.weights) == (
        {"robust_z": 0.0},
        {"robust_z": 2.5},
    )
    both = {"detectors.weights.windowed_tails": "3", "detectors.members": "windowed_tails"}
    assert grid.combination(second.configuration, both, DAY).configuration.detectors.weights == {"windowed_tails": 3.0}


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("detectors.daily_budget", "+inf", "detectors.daily_budget: got '+inf': not finite"),
        ("detectors.warm_up", "-Infinity", "detectors.warm_up: got '-Infinity': not finite"),
        ("detectors.warm_up", "infinity", "detectors.warm_up: got 'infinity': not finite"),
        ("detectors.warm_up", "some", "detectors.warm_up: got 'some': "),
        ("engine.lateness_days", "few", "engine.lateness_days: got 'few': "),
        ("rules.T01.enabled", "False", "rules.T01.enabled: got 'False', expected true or false"),
        (
            "detectors.members",
            "robust_z+robust_z",
            "detectors.members: got 'robust_z+robust_z', expected some of robust_z,",
        ),
        ("detectors.members.robust_z.floor", "few", "detectors.members.robust_z.floor: got 'few', expected a number"),
        ("detectors.weights.robust_z", "few", "detectors.weights.robust_z: got 'few', expected a number"),
        ("rules.T01.limits.pieces_min", "many", "not a number"),
        ("rules.T01.enabled", "perhaps", "true or false"),
        ("detectors.daily_budget", "plenty", "daily_budget"),
        ("detectors.daily_budget", "nan", "not finite"),
        ("detectors.exploration", "2", "0 to 1"),
        ("detectors.members", "robust_z+crystal_ball", "joined by +"),
        ("detectors.members.half_space_trees.trees", "0", "trees"),
        ("detectors.members.half_space_trees.trees", "few", "expected a number"),
        ("detectors.weights.robust_z", "-1", "0.001 to 1000"),
        ("detectors.weights.robust_z", "1e-9", "0.001 to 1000"),
        ("detectors.weights.robust_z", "true", "got 'true', expected a number"),
        ("engine.lateness_days", "900", "0 to 365"),
    ],
)
def test_values_that_cannot_be_are_refused(path, value, told):
    """A value of another form, or that the core could not apply, is refused with the path."""
    with pytest.raises(PathError) as refused:
        varied(path, value)
    assert told in str(refused.value)


def test_rules_are_turned_on_and_off():
    """Of an enabled and a disabled rule either value is taken; the other rules stay."""
    off, on = varied("rules.T16.enabled", "false", "true")
    assert {name for name, rules in off.configuration.rules.items() if not rules.enabled} == {"T16"}
    assert on.configuration == CONFIGURATION
    (again,) = grid.combinations(off.configuration, [Dimension("rules.T16.enabled", ("true",))], DAY)
    assert again.configuration == CONFIGURATION


def test_members_keep_what_was_said_of_them():
    """A member that stays keeps its parameters and its weight; one that comes back has its defaults."""
    said = {
        "detectors.members.windowed_tails.window": "500",
        "detectors.weights.windowed_tails": "2",
        "detectors.weights.robust_z": "0",
        "detectors.members": "robust_z+windowed_tails",
    }
    two = grid.combination(CONFIGURATION, said, DAY).configuration
    assert two.detectors.weights == {"windowed_tails": 2.0, "robust_z": 0.0}
    back = grid.combination(two, {"detectors.members": "half_space_trees+windowed_tails"}, DAY).configuration
    assert back.detectors.members == {"half_space_trees": {}, "windowed_tails": {"window": 500.0}}
    assert back.detectors.weights == {"windowed_tails": 2.0}


@pytest.mark.parametrize("path", ["detectors.members.half_space_trees.trees", "detectors.weights.half_space_trees"])
def test_a_member_that_is_left_out_cannot_be_varied(path):
    """Whichever is named first, a value of a member that does not score is a contradiction and not passed over."""
    for chosen in ({path: "9", "detectors.members": "robust_z"}, {"detectors.members": "robust_z", path: "9"}):
        with pytest.raises(PathError) as refused:
            grid.combination(CONFIGURATION, chosen, DAY)
        assert str(refused.value) == f"{path}: the member is left out of the same combination"


def test_what_the_core_could_not_apply_is_told_with_the_values():
    """The whole combination is named, as no value is wrong by itself."""
    with pytest.raises(PathError) as refused:
        varied("detectors.exploration", "2")
    assert str(refused.value).startswith("detectors.exploration=2 cannot be applied: ")


def test_a_path_given_twice_is_refused():
    """Which of two values is meant cannot be told."""
    with pytest.raises(PathError) as refused:
        grid.combinations(
            CONFIGURATION, [Dimension("detectors.seed", ("1",)), Dimension("detectors.seed", ("2",))], DAY
        )
    assert str(refused.value) == "a path is given twice; got: detectors.seed, detectors.seed"


@pytest.mark.parametrize("path", ["rules.T01.enabled", "detectors.members.robust_z.floor", "engine.lateness_days"])
def test_what_is_no_limit_has_no_dated_entry(path):
    """Only limits are dated."""
    assert path in grid.paths(CONFIGURATION, DAY)
    assert grid.entry_changed(CONFIGURATION, path, DAY) is None


def test_a_dimension_is_a_path_and_its_values():
    """Blanks around a path and its values do not count; a value may hold another `=`."""
    assert grid.dimension(" detectors.daily_budget = 10, 20 ") == Dimension("detectors.daily_budget", ("10", "20"))
    assert grid.dimension("a=b=c,d") == Dimension("a", ("b=c", "d"))


@pytest.mark.parametrize("text", ["detectors.seed", "detectors.seed=", "detectors.seed=1,", " =1", "=", ""])
def test_what_is_no_dimension_is_refused(text):
    """A path without values, a value of nothing, and values without a path."""
    with pytest.raises(PathError) as refused:
        grid.dimension(text)
    assert str(refused.value) == f"not a path with values: {text!r}"


def test_a_value_given_twice_is_refused():
    """Two rows of one table would be the same."""
    with pytest.raises(PathError, match=r"a value is given twice: 'detectors\.seed=1,2,1'"):
        grid.dimension("detectors.seed=1,2,1")


def test_near_paths_are_alike_or_end_alike():
    """Those written alike, the most alike first; then those whose last word holds the last word asked for."""
    known = ("engine.lateness_days", "rules.T01.limits.window_day", "rules.T01.limits.window_week", "detectors.seed")
    assert grid.near("rules.T01.limits.window_dey", known) == list(known[1:3])
    assert grid.near("days", known) == ["engine.lateness_days"]
    assert grid.near("x.y.z.late", known) == ["engine.lateness_days"]
    assert grid.near("rules", known) == grid.near("limits", known) == []
    many = tuple(f"members.{name}.window" for name in ("robust_z", "half_space_trees", "tails", "one", "two", "three"))
    assert grid.near("window", many) == list(many[:5])


def test_mistyped_path_names_the_near_ones():
    """A path that names nothing is refused, and the ones that look like it are listed."""
    with pytest.raises(PathError) as refused:
        varied("rules.T01.limits.piece_min", "3")
    assert refused.value.near[0] == "rules.T01.limits.pieces_min"
    with pytest.raises(PathError) as weight:
        varied("detectors.members.robust_z.weight", "2")
    assert "nothing that can be varied" in str(weight.value)
