"""How rare an alert's payment is, in words."""

import msgspec
import pytest

from streams.alert_text import alert_text
from streams.alert_text.labels import LABELS
from streams.alert_text.rank_told import rank_told, rarer_than
from tests.support.repository import ROOT

GOLDEN = alert_text.read_alert((ROOT / "tests" / "golden" / "alert.json").read_bytes())


@pytest.mark.parametrize(
    ("rank", "ruled", "said"),
    [
        (None, True, []),  # a rule stands alone
        (None, False, ["not ranked yet: too few payments of its kind were seen"]),
        (0.05, True, ["rarer than 95.0 % of the recent payments of its kind (p = 0.05)"]),
        (0.07, True, ["beside other payments it is not unusual (p = 0.07)"]),
        (0.00012, False, ["rarer than 99.98 % of the recent payments of its kind (p = 0.00012)"]),
    ],
)
def test_a_rank_says_how_rare_or_that_it_is_not(rank, ruled, said):
    """A finding that is not ranked has nothing missing."""
    one = msgspec.structs.replace(GOLDEN, rank=rank, typologies=GOLDEN.typologies if ruled else ())
    assert rank_told(one, LABELS["en"], alert_text.number) == said


@pytest.mark.parametrize(("explored", "title"), [(True, "Payment drawn by lot"), (False, "Unusual payment")])
def test_what_was_drawn_by_lot_is_called_so(explored, title):
    """Its head does not call it unusual, and its choice is said in words."""
    selection = msgspec.structs.replace(GOLDEN.selection, budget="anomaly", probability=0.02, explored=explored)
    page = alert_text.plain(msgspec.structs.replace(GOLDEN, typologies=(), selection=selection))
    assert title in page.splitlines()[0]
    assert ("drawn by lot, to see what the models miss" in page) == explored


@pytest.mark.parametrize(
    ("p_value", "percent"),
    [
        (1.0, "0.0"),
        (0.5, "50.0"),
        (0.01, "99.0"),
        (0.0059, "99.4"),
        (0.00099, "99.90"),
        (0.0001, "99.99"),
    ],
)
def test_rank_in_words_never_reads_100_percent(p_value, percent):
    """A rank is put as a percentage with enough places, cut and not rounded up."""
    assert rarer_than(p_value) == percent
