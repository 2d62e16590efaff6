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
        (None, False, ["not ranked yet: too few payments were seen"]),
        (0.05, True, ["rarer than 95.0 % of the recent payments (p = 0.05)"]),
        (0.07, True, ["beside other payments it is not unusual (p = 0.07)"]),
        (0.00012, False, ["rarer than 99.98 % of the recent payments (p = 0.00012)"]),
    ],
)
def test_a_rank_says_how_rare_or_that_it_is_not(rank, ruled, said):
    """A finding that is not ranked has nothing missing."""
    changed = {"rank": rank, "rank_among": 120_000, "typologies": GOLDEN.typologies if ruled else ()}
    one = msgspec.structs.replace(GOLDEN, **changed)
    assert rank_told(one, LABELS["en"], alert_text.number) == said


@pytest.mark.parametrize(
    ("rank", "among", "coarse"),
    [(0.001, 82, True), (0.012, 82, True), (0.0121, 82, False), (0.001, 1_000, False), (0.001, msgspec.UNSET, False)],
)
def test_a_rank_finer_than_what_was_counted_is_called_coarse(rank, among, coarse):
    """In both languages, with how many payments there were; alerts of earlier releases do not say how many."""
    one = msgspec.structs.replace(GOLDEN, rank=rank, rank_among=among)
    english, korean = (rank_told(one, LABELS[lang], alert_text.number)[1:] for lang in ("en", "ko"))
    if not coarse:
        assert english == korean == []
        return
    assert english == [
        "a coarse rank: only 82 payments were there to compare with, so how rare it is beyond 1 in 82 is an estimate"
    ]
    assert korean == ["거친 순위: 비교한 거래가 82건뿐이므로 82건 중 1건보다 드문 정도는 추정치입니다"]


def test_a_desk_that_did_not_get_it_is_named():
    """For its ceiling, in both languages; without one the page says nothing of it."""
    held = msgspec.structs.replace(GOLDEN, withheld=("compliance", "own"))
    assert "from compliance, own: the desk had as many statistical alerts" in alert_text.plain(held)
    assert "준법감시(compliance), own: 그날 통계적 경보의" in alert_text.plain(held, lang="ko")
    assert "Held back" not in alert_text.plain(GOLDEN)


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
