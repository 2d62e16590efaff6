"""Documents of a payment (Foreign Exchange Transactions Regulation 4-2, 4-3, 4-4).

Whoever pays or receives shows the bank documents of reason and amount (4-2(1)). Residents need none for payments within
the yearly cap over all institutions, nor beyond it up to the document line a payment (4-3(1) no. 1, 2). They need
none for receipts, whose reason the bank confirms in writing above the receipts' line of one day (no. 3). Foreign
residents and non-residents have a cap of their own, through one designated bank (4-4(2)).
"""

from fractions import Fraction

from detectors.contracts.limits import DatedLimit
from detectors.precheck.planned import Duty, Inquiry, Office, Outcome, spoken

DOCUMENTS = "documents"
_RESIDENT = ("FX Transactions Regulation 4-3(1) no. 1, 2", "외국환거래규정 제4-3조제1항제1호·제2호")
_FOREIGN = ("FX Transactions Regulation 4-4(1), (2)", "외국환거래규정 제4-4조제1항·제2항")
_RECEIPT = ("FX Transactions Regulation 4-3(1) no. 3", "외국환거래규정 제4-3조제1항제3호")
_FOREIGN_RECEIPT = ("FX Transactions Regulation 4-4(4)", "외국환거래규정 제4-4조제4항")


def documents(asked: Inquiry, *, reported: bool) -> Duty:
    """Whether the bank will want documents of reason and amount; `reported`: whether a report is asked for."""
    if asked.is_foreign is None:
        return _told(
            "cannot_tell",
            _RESIDENT,
            "whether the payer is a resident decides which rule applies",
            "지급인의 거주자 여부에 따라 적용되는 규정이 다릅니다",
            missing=("residency",),
        )
    if asked.worth is None:
        return _told(
            "cannot_tell",
            _RESIDENT,
            f"the amount in USD is not known without a rate of {asked.planned.currency}",
            f"{asked.planned.currency} 환율이 없어 미화 환산 금액을 알 수 없습니다",
            missing=("usd_rate",),
        )
    if asked.planned.direction == "in":
        return _receipt(asked, asked.worth)
    return _foreign(asked, asked.worth) if asked.is_foreign else _resident(asked, asked.worth, reported=reported)


def _resident(asked: Inquiry, worth: Fraction, *, reported: bool) -> Duty:
    cap, line = asked.law("annual_cap"), asked.law("document_line")
    if cap is None or line is None:
        return _no_limit(_RESIDENT)
    limits, missing = (cap, line), ("paid_this_year",)
    if worth <= line.number:
        return _told(
            "not_asked",
            _RESIDENT,
            f"payments up to {line.number:,} USD need no documents, within the yearly cap and beyond it",
            f"건당 미화 {line.number:,}달러 이내의 지급은 연간 한도 초과 여부와 관계없이 증빙서류가 필요하지 않습니다",
            limits,
        )
    if reported:
        return _told(
            "asked",
            _RESIDENT,
            f"the cap is for payments that need no report; above {line.number:,} USD this one needs documents",
            "신고가 필요한 거래에는 연간 한도가 적용되지 않습니다. "
            f"미화 {line.number:,}달러를 넘으면 증빙서류가 필요합니다",
            limits,
        )
    before = asked.planned.paid_this_year
    if before is None and worth <= cap.number:
        return _told(
            "cannot_tell",
            _RESIDENT,
            f"documents are needed where this year's payments without documents pass {cap.number:,} USD with this one",
            "올해 증빙서류 없이 지급한 금액과 이번 지급의 합계가 "
            f"미화 {cap.number:,}달러를 넘으면 증빙서류가 필요합니다",
            limits,
            missing,
        )
    total = worth + Fraction(before or 0)
    told = f"{spoken(total):,.2f} USD of {cap.number:,} USD a year, this payment included"
    told_ko = f"이번 지급을 포함한 연간 누계는 미화 {spoken(total):,.2f}달러, 한도는 미화 {cap.number:,}달러입니다"
    outcome: Outcome = "not_asked" if total <= cap.number else "asked"
    return _told(outcome, _RESIDENT, told, told_ko, limits)


def _foreign(asked: Inquiry, worth: Fraction) -> Duty:
    cap = asked.law("foreign_cap")
    if cap is None:
        return _no_limit(_FOREIGN)
    before = asked.planned.paid_this_year
    if before is None and worth <= cap.number:
        return _told(
            "cannot_tell",
            _FOREIGN,
            f"how the money was earned must be shown where the year's total passes {cap.number:,} USD",
            f"연간 누계가 미화 {cap.number:,}달러를 넘으면 취득경위 입증서류가 필요합니다",
            (cap,),
            ("paid_this_year",),
            "designated_bank",
        )
    total = worth + Fraction(before or 0)
    within = total <= cap.number
    return _told(
        "not_asked" if within else "asked",
        _FOREIGN,
        f"{spoken(total):,.2f} USD of {cap.number:,} USD a year that need no papers on how the money was earned",
        f"취득경위 입증서류 없이 지급할 수 있는 연간 한도 미화 {cap.number:,}달러 중 이번 지급을 포함해 "
        f"미화 {spoken(total):,.2f}달러입니다",
        (cap,),
        office="designated_bank",
    )


def _receipt(asked: Inquiry, worth: Fraction) -> Duty:
    if asked.is_foreign:
        return _told(
            "not_asked",
            _FOREIGN_RECEIPT,
            "money brought in from abroad needs no documents where no report is needed",
            "신고가 필요하지 않은 거래로 외국 자금을 반입하는 수령에는 증빙서류가 필요하지 않습니다",
        )
    line = asked.duty("receipt_day_line")
    if line is None:
        return _no_limit(_RECEIPT)
    before = asked.planned.received_today
    if before is None and worth <= line.number:
        return _told(
            "cannot_tell",
            _RECEIPT,
            f"the bank confirms the reason in writing where the day's receipts pass {line.number:,} USD",
            f"같은 날 수령한 금액의 합계가 미화 {line.number:,}달러를 넘으면 수령사유를 서면으로 확인받아야 합니다",
            (line,),
            ("received_today",),
        )
    total = worth + Fraction(before or 0)
    return _told(
        "asked" if total > line.number else "not_asked",
        _RECEIPT,
        f"{spoken(total):,.2f} USD on this day; above {line.number:,} USD the bank confirms the reason in writing",
        f"같은 날 수령 합계는 미화 {spoken(total):,.2f}달러입니다. "
        f"미화 {line.number:,}달러를 넘으면 수령사유를 서면으로 확인받아야 합니다",
        (line,),
    )


def _no_limit(article: tuple[str, str]) -> Duty:
    return _told(
        "cannot_tell",
        article,
        "no limit of this rule is in force on that day",
        "해당 일자에 시행 중인 한도가 등록되어 있지 않습니다",
    )


def _told(
    outcome: Outcome,
    article: tuple[str, str],
    text_en: str,
    text_ko: str,
    limits: tuple[DatedLimit, ...] = (),
    missing: tuple[str, ...] = (),
    office: Office = "bank",
) -> Duty:
    return Duty(
        id=DOCUMENTS,
        outcome=outcome,
        office=office,
        before=True,
        article_en=article[0],
        article_ko=article[1],
        text_en=text_en,
        text_ko=text_ko,
        limits=tuple(each.shown() for each in limits),
        missing=missing,
    )
