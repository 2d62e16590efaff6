"""What the log says of compiled code when a monitor starts."""

import logging

import pytest

from detectors.models import compiled_code
from streams.monitor.compiled_models import prepare_models
from tests.support.logged import fields


@pytest.mark.parametrize(("trouble", "level"), [(False, "INFO"), (True, "WARNING")])
def test_it_is_told_once_with_the_seconds(monkeypatch, caplog, trouble, level):
    """A warning only where an operator may want to do something."""
    said = "the compiler failed (so), so the models run as plain Python"
    found = compiled_code.Prepared(None, cached=False, said=said, trouble=trouble)
    monkeypatch.setattr(compiled_code, "prepare", lambda: found)
    with caplog.at_level(logging.INFO):
        prepare_models(["tails_by_side", "half_space_trees"])
    (record,) = caplog.records
    assert record.levelname == level
    assert record.getMessage().startswith("the compiler failed (so), so the models run as plain Python (0.")
    assert fields(record) == {"compiled": False, "cached": False}


def test_what_runs_no_compiled_member_prepares_nothing(monkeypatch, caplog):
    """A start is 2 s and 200 MB cheaper then; a name that this version does not know is no fault here."""
    monkeypatch.setattr(compiled_code, "prepare", lambda: pytest.fail("prepared"))
    with caplog.at_level(logging.INFO):
        prepare_models(["tails_by_side", "robust_z", "of_another_version"])
    assert not caplog.records
