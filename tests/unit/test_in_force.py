"""Differences between a worker's configuration and the one in force."""

from detectors.configuration import fingerprint
from streams.in_force import differences
from streams.settings import effective_configuration


def test_equal_configurations_do_not_differ():
    """Two readings of the same tables are the same."""
    assert differences(effective_configuration({}), effective_configuration({})) == []


def test_a_difference_names_its_table_and_both_fingerprints():
    """The operator sees which table to look at, and only that one."""
    ours, theirs = effective_configuration({"desks": {"customs": {}}}), effective_configuration({"desks": {"tax": {}}})
    (line,) = differences(ours, theirs)
    assert line == f"[desks] here {fingerprint(ours.desks)}, in force {fingerprint(theirs.desks)}"


def test_every_table_that_differs_is_listed():
    """All at once, so that one correction is enough."""
    ours = effective_configuration({"desks": {"tax": {}}, "engine": {"partitions": 6}})
    lines = differences(ours, effective_configuration({}))
    assert sorted(line.split("]")[0] for line in lines) == ["[desks", "[engine"]
