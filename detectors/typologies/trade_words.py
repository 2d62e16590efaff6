"""What rules on the trade ledger say alike, in English and Korean: the nearest candidates and why they are not it."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from detectors.books.trade_queries import NearItem
from detectors.wording import phrases

_WHY = {
    "counterparty": ("another counterparty", "다른 거래상대방"),
    "goods": ("other goods", "다른 품목"),
    "amount": ("another amount", "금액 차이"),
    "dates": ("too far apart in time", "시기 차이"),
    "taken": ("settled with others", "다른 거래와 이미 일치"),
}


def nearest_en(near: Sequence[NearItem], zone: ZoneInfo) -> str:
    """The nearest ones, each with why it is not matched."""
    if not near:
        return "There is none that comes near."
    return (
        "The nearest: "
        + "; ".join(
            f"{phrases.usd(one.item.usd)} of {phrases.day(one.item.time, zone)}"
            f" ({', '.join(_WHY[why][0] for why in one.why) or 'covers a part'})"
            for one in near
        )
        + "."
    )


def nearest_ko(near: Sequence[NearItem], zone: ZoneInfo) -> str:
    """The same in Korean."""
    if not near:
        return "근접한 것이 없습니다."
    return (
        "가장 근접한 것은 "
        + "; ".join(
            f"{phrases.day_ko(one.item.time, zone)} {phrases.usd_ko(one.item.usd)}"
            f"({', '.join(_WHY[why][1] for why in one.why) or '일부만 충당'})"
            for one in near
        )
        + "입니다."
    )
