"""Compiled code that differs in one bit is found before it is used."""

import ctypes
import math

import pytest

from detectors.models import compiled_code

KERNELS = compiled_code.kernels()
if KERNELS is None:
    pytest.skip(compiled_code.prepare().said, allow_module_level=True)

from detectors.models.compiled_trial import find_difference  # noqa: E402


def test_good_code_has_no_difference():
    assert find_difference(KERNELS) == ""


@pytest.mark.parametrize(("name", "what"), [("scaled_trees", "trees"), ("tails", "tails")])
def test_a_score_of_another_last_bit_is_told(name, what):
    """With the number of the event, what came and what should have."""
    good, calls = getattr(KERNELS, name), []

    def bad(pointer, mode):
        calls.append(mode)
        score = good(pointer, mode)
        return math.nextafter(score, 9.0) if len(calls) == 100 else score

    assert find_difference(KERNELS._replace(**{name: bad})).startswith(f"{what}, event 99; got: (")


@pytest.mark.parametrize(("name", "what"), [("scaled_trees", "trees"), ("tails", "tails")])
def test_an_event_that_is_not_learned_is_told(name, what):
    """The last one, which no score shows: by the state."""
    good, calls = getattr(KERNELS, name), []

    def bad(pointer, mode):
        calls.append(mode)
        value = mode.value if isinstance(mode, ctypes.c_int64) else mode
        return good(pointer, value & ~1 if len(calls) == 150 else value)

    assert find_difference(KERNELS._replace(**{name: bad})) == f"the {what}' state after all events"
