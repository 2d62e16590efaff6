"""What an alert says when what it rested on was taken back, in English and Korean."""

from typing import Literal

from detectors.wording import phrases

# what took it back
Cause = Literal["returned", "cancelled", "settled", "ordered", "declaration", "rate"]
_CAUSES: dict[Cause, tuple[str, str]] = {
    "returned": ("a return of a payment", "송금 반환"),
    "cancelled": ("a cancellation of a payment", "송금 취소"),
    "settled": ("a payment, or a correction of one", "송금 또는 송금 정정"),
    "ordered": ("a payment, or a correction of one", "송금 또는 송금 정정"),
    "declaration": ("a customs declaration, or an amendment of one", "수출입신고 또는 신고 정정"),
    "rate": ("a corrected reference rate", "기준환율 정정"),
}


def retraction(name: str, cause: Cause, before: int, left: int) -> str:
    """That a rule's finding stands no more: what took it back, and the USD cents before and after."""
    return (
        f"{name}: taken back. After {_CAUSES[cause][0]}, what is left does not meet the rule any more. "
        f"The alert rested on {phrases.usd(before)}, of which {phrases.usd(left)} is left."
    )


def retraction_ko(name: str, cause: Cause, before: int, left: int) -> str:
    """The same in Korean."""
    return (
        f"{name}: 경보를 철회합니다. {_CAUSES[cause][1]} 이후 남은 내역은 더 이상 요건에 해당하지 않습니다. "
        f"경보의 근거 금액은 {phrases.usd_ko(before)}였으며, 현재 {phrases.usd_ko(left)}가 남아 있습니다."
    )


def remainder(name: str, before: int) -> str:
    """That another finding of the same alert stands."""
    return f"{name}: this finding stands. It rests on {phrases.usd(before)}, as the alert before said."


def remainder_ko(name: str, before: int) -> str:
    """The same in Korean."""
    return f"{name}: 이 항목은 유지됩니다. 근거 금액은 이전 경보와 같이 {phrases.usd_ko(before)}입니다."
