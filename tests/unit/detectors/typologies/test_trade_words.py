"""What rules on the trade ledger say of candidates that come near."""

from detectors.books.trade_queries import NearItem
from detectors.typologies.trade_words import nearest_en, nearest_ko
from tests.support.trade import SEOUL, goods

NEAR = [
    NearItem(goods(1, 1_000), ("counterparty", "goods")),
    NearItem(goods(2, 2_000, 1), ("amount", "dates", "taken")),
    NearItem(goods(3, 3_000, 2), ()),
]


def test_each_is_told_with_why_it_is_not_it():
    """Amount, day, and every reason; without a reason it covers a part."""
    assert nearest_en(NEAR, SEOUL) == (
        "The nearest: 1,000.00 USD of 2026-03-02 (another counterparty, other goods); 2,000.00 USD of 2026-03-03 "
        "(another amount, too far apart in time, settled with others); 3,000.00 USD of 2026-03-04 (covers a part)."
    )
    assert nearest_ko(NEAR, SEOUL) == (
        "가장 근접한 것은 2026년 3월 2일 미화 1,000.00달러(다른 거래상대방, 다른 품목); "
        "2026년 3월 3일 미화 2,000.00달러(금액 차이, 시기 차이, 다른 거래와 이미 일치); "
        "2026년 3월 4일 미화 3,000.00달러(일부만 충당)입니다."
    )


def test_where_none_comes_near_that_is_said():
    """In both languages."""
    assert nearest_en([], SEOUL) == "There is none that comes near."
    assert nearest_ko([], SEOUL) == "근접한 것이 없습니다."
