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
        prepare_models()
    (record,) = caplog.records
    assert record.levelname == level
    assert record.getMessage().startswith("the compiler failed (so), so the models run as plain Python (0.")
    assert fields(record) == {"compiled": False, "cached": False}
