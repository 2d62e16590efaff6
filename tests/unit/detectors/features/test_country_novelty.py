"""country_novelty by hand, through a whole past: new once, familiar after it was paid."""

from detectors.features import Shared, observe
from tests.support.feature_moment import DAY, NOW, view

NAME = "country_novelty"


def found(past: bytes, shared: Shared, day: int, value: str) -> tuple[float | None, bytes]:
    event = view(event_time_s=NOW + day * DAY, country=value)
    features, after = observe(event, past, shared)
    return next(one.deviation for one in features if one.name == NAME), after


def test_what_is_new_surprises_once_and_less_each_time():
    """Ten payments as usual, then three of another kind; the usual one stays no surprise."""
    past, shared = b"", Shared()
    for day in range(10):
        far, past = found(past, shared, day, "usual")
        assert far is None if day == 0 else far == 0.0
    surprises = []
    for day in range(10, 13):
        far, past = found(past, shared, day, "other")
        assert far is not None
        surprises.append(far)
    assert surprises[0] > 3.0
    assert surprises == sorted(surprises, reverse=True)
    assert found(past, shared, 13, "usual")[0] == 0.0
