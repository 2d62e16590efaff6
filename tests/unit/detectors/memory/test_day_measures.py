"""What is summed of payments by day: whole parts within the span, and means in words."""

from array import array

import msgspec
import pytest

from detectors.memory.day_measures import DOUBLING_PARTS, MEASURED, MEASURES, measured, shown, sums_of
from tests.support.feature_moment import view


def sums(**fields):
    """The sums of one payment."""
    return sums_of(array("d", measured(msgspec.structs.replace(view(), **fields))))


def amount_parts(usd: float) -> int:
    return sums(amount_usd=usd)["amount"][1]


def test_an_amount_is_in_doublings_and_nothing_is_beyond_the_span():
    assert [amount_parts(usd) for usd in (1.0, 1.5, 2.0, 1024.0)] == [0, 16, 32, 320]
    assert [amount_parts(usd) for usd in (0.0, 0.01, 1e12)] == [0, 0, MEASURES["amount"].span]
    assert all(amount_parts(2 * usd) - amount_parts(usd) == DOUBLING_PARTS for usd in (3.0, 777.5, 90_000.0))


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        (
            {"amount_usd": 1024.0, "local_hour": 9.5, "no_document": True, "deal_deviation_bp": 12.4},
            (320, 38, 100, 512),
        ),
        ({"amount_usd": None, "local_hour": 0.0, "no_document": False, "deal_deviation_bp": None}, (None, 0, 0, None)),
        ({"amount_usd": 1.0, "local_hour": 24.0, "no_document": False, "deal_deviation_bp": 9e9}, (0, 96, 0, 1000)),
        ({"amount_usd": 1.0, "local_hour": 23.9, "no_document": False, "deal_deviation_bp": -9e9}, (0, 95, 0, 0)),
    ],
)
def test_a_payment_in_parts(fields, parts):
    """Number, sum and sum of squares; nothing of a measure that it has not."""
    named = zip((one.name for one in MEASURED), parts, strict=True)
    assert sums(**fields) == {name: (1, part, part * part) for name, part in named if part is not None}


def test_sums_are_of_all_payments_that_have_the_measure():
    two = (*measured(view(amount_usd=2.0)), *measured(view(amount_usd=None)), *measured(view(amount_usd=4.0)))
    assert sums_of(array("d", two))["amount"] == (2, 96, 32**2 + 64**2)
    assert sums_of(array("d", two))["hour"][0] == 3


@pytest.mark.parametrize(
    ("name", "mean", "words"),
    [
        ("amount", 320.0, "1024 USD"),
        ("amount", 336.0, "1536 USD"),
        ("hour", 58.0, "14.5 h"),
        ("undocumented", 12.4, "12 %"),
        ("deal_rate", 492.0, "-8 bp"),
        ("strangeness", 96.0, "1.50 nats"),
    ],
)
def test_a_mean_is_told_in_its_unit(name, mean, words):
    assert shown(name, mean) == words
