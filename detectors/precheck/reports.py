"""Reports before or after a payment: third parties, offset, goods paid long before, capital transactions.

Foreign Exchange Transactions Regulation 5-4 (offset), 5-8 (beyond the period), 5-10 (third party), 7-2, 7-11, 9-5, 9-39
(capital transactions). Pieces of one payment count together (5-4(1) no. 1, 5-10(1) no. 1). Each of these articles lists
exemptions by the kind of contract, which a planned payment does not tell: the answer says to look there.
"""

from fractions import Fraction
from typing import NamedTuple

from detectors.contracts.limits import DatedLimit
from detectors.precheck.planned import Duty, Inquiry, Office, Outcome
from detectors.values.legal_calendar import days_after


class _Subject(NamedTuple):
    """What a report is about: its id, its article, its name and when it is due, in both languages."""

    id: str
    article_en: str
    article_ko: str
    name_en: str = ""
    name_ko: str = ""
    when_en: str = "before the payment"
    when_ko: str = "지급 전에"


THIRD_PARTY = _Subject(
    "third_party_report",
    "FX Transactions Regulation 5-10",
    "외국환거래규정 제5-10조",
    "a payment to a third party",
    "제3자 지급은",
)
OFFSET = _Subject(
    "offset_report",
    "FX Transactions Regulation 5-4",
    "외국환거래규정 제5-4조",
    "an offset",
    "상계는",
    "before it or within a month after it",
    "사전에 또는 상계 후 1개월 이내에",
)
PERIOD = _Subject("period_report", "FX Transactions Regulation 5-8", "외국환거래규정 제5-8조")
CAPITAL = _Subject(
    "capital_report",
    "FX Transactions Regulation 7-2, 7-11, 9-5, 9-39",
    "외국환거래규정 제7-2조, 제7-11조, 제9-5조, 제9-39조",
)
_GOODS = ("import", "export")


def third_party_report(asked: Inquiry) -> Duty | None:
    """Money that goes to another than the contract's other party. Receipts from others need no report (no. 2, 3)."""
    told = asked.planned
    if told.direction == "in" or told.other_party_pays is False:
        return None
    free, bank = asked.law("free_line"), asked.law("bank_line")
    if free is None or bank is None:
        return _no_limit(THIRD_PARTY)
    return _by_lines(asked, THIRD_PARTY, (free, bank), "" if told.other_party_pays else "other_party_pays")


def offset_report(asked: Inquiry) -> Duty | None:
    """Claims set against debts: above the line to the bank, before it or within a month after it (5-4(2))."""
    if asked.planned.offset is False:
        return None
    free = asked.duty("offset_line")
    if free is None:
        return _no_limit(OFFSET)
    return _by_lines(asked, OFFSET, (free,), "" if asked.planned.offset else "offset")


def _by_lines(asked: Inquiry, subject: _Subject, lines: tuple[DatedLimit, ...], unsaid: str) -> Duty:
    """No report up to the first line, the bank's up to the second, the central bank's beyond; earlier pieces count.

    `unsaid`: the field that says whether the payment is of this kind, where it does not; empty where it does.
    """
    worth, before = asked.worth, asked.planned.paid_before
    total = None if worth is None else worth + Fraction(before or 0)
    free = lines[0].number
    small = total is not None and total <= free
    lacks = ((unsaid, bool(unsaid)), ("usd_rate", total is None), ("paid_before", small and before is None))
    missing = tuple(name for name, is_missing in lacks if is_missing)
    if small and before is not None:
        outcome: Outcome = "not_asked"  # whatever kind of payment it is
        missing = ()
    else:
        outcome = "cannot_tell" if missing else "asked"
    office: Office = "central_bank" if total is not None and len(lines) > 1 and total > lines[1].number else "bank"
    return _told(
        subject,
        outcome,
        office,
        f"{subject.name_en} above {free:,} USD is reported {subject.when_en}, earlier pieces counted in; exemptions by "
        f"the kind of contract stand in {subject.article_en}(1)",
        f"분할 지급을 합산하여 미화 {free:,}달러를 넘는 {subject.name_ko} {subject.when_ko} 신고해야 합니다. "
        f"거래 유형별 신고 예외는 {subject.article_ko}제1항에 있습니다",
        lines,
        missing,
        before=subject is not OFFSET,
    )


def period_report(asked: Inquiry) -> Duty | None:
    """Goods paid, or received for, more than a year before they come: to the central bank, before it (5-8(1))."""
    told, kind = asked.planned, asked.kind
    if kind not in (None, *_GOODS) or told.trade_terms not in (None, "advance"):
        return None
    line, days = asked.law("advance_amount"), asked.law("advance_days")
    if line is None or days is None:
        return _no_limit(PERIOD)
    worth = asked.usd(told.contract_amount or told.amount)
    late = None if told.goods_due is None else told.goods_due > days_after(told.planned_on, int(days.number))
    if late is False or (worth is not None and worth <= line.number and told.contract_amount is not None):
        return None
    missing = [
        name
        for name, lacks in (
            ("purpose", kind is None),
            ("trade_terms", told.trade_terms is None),
            ("goods_due", late is None),
            ("usd_rate", worth is None),
            ("contract_amount", told.contract_amount is None and worth is not None and worth <= line.number),
        )
        if lacks
    ]
    return _told(
        PERIOD,
        "cannot_tell" if missing else "asked",
        "central_bank",
        f"goods of a contract above {line.number:,} USD, paid more than {days.number} days before they are shipped or "
        "come, are reported to the Bank of Korea before the payment",
        f"계약 건당 미화 {line.number:,}달러를 넘는 물품대금을 선적 또는 물품 수령 {days.number}일 전보다 앞서 "
        "지급·수령하는 경우 사전에 한국은행총재에게 신고해야 합니다",
        (line, days),
        tuple(missing),
    )


def capital_report(asked: Inquiry) -> Duty | None:
    """Deposits, securities and loans abroad: free of a report only when small (7-2).

    Property and direct investment are reported whatever they come to (9-5, 9-39), though a part may be paid before the
    report (9-1(2)). A purpose alone does not tell which of them it is.
    """
    if asked.kind not in (None, "capital") or asked.planned.direction == "in":
        return None
    free, small = asked.duty("capital_free_line"), asked.duty("capital_small_line")
    if free is None or small is None:
        return _no_limit(CAPITAL)
    missing: tuple[str, ...] = () if asked.kind else ("purpose",)
    outcome: Outcome = "cannot_tell"
    if not missing and asked.planned.capital_kind in ("property", "direct_investment"):
        outcome = "asked"
    elif asked.worth is None:
        missing = (*missing, "usd_rate")
    elif not missing:
        outcome, missing = _small_capital(asked, asked.worth, free, small)
    return _told(
        CAPITAL,
        outcome,
        "designated_bank",
        f"a capital transaction needs no report up to {free.number:,} USD within the yearly cap, nor beyond the cap up "
        f"to {small.number:,} USD with its earlier pieces; property and direct investment abroad are reported whatever "
        "they come to, and a part may be paid before the report (FX Transactions Regulation 9-1(2))",
        f"자본거래는 연간 한도 이내에서 건당 미화 {free.number:,}달러까지, 한도를 넘은 뒤에는 분할 금액을 합산하여 "
        f"미화 {small.number:,}달러까지 신고가 필요하지 않습니다. "
        "해외부동산 취득과 해외직접투자는 금액과 관계없이 신고하며, 일부는 신고 전에 지급할 수 있습니다"
        "(외국환거래규정 제9-1조제2항)",
        (free, small),
        missing,
    )


def _small_capital(
    asked: Inquiry, worth: Fraction, free: DatedLimit, small: DatedLimit
) -> tuple[Outcome, tuple[str, ...]]:
    """Whether a capital transaction is too large to be free of a report, and what is not said that decides it."""
    told, cap = asked.planned, asked.law("annual_cap")
    if worth > free.number:
        return "asked", ()
    missing = [] if told.capital_kind else ["capital_kind"]
    if told.paid_this_year is None or cap is None:
        return "cannot_tell", (*missing, "paid_this_year")
    if worth + Fraction(told.paid_this_year) > cap.number:
        if worth + Fraction(told.paid_before or 0) > small.number:
            return "asked", ()
        if told.paid_before is None:
            missing.append("paid_before")
    return "cannot_tell" if missing else "not_asked", tuple(missing)


def designated_bank(asked: Inquiry) -> Duty | None:
    """Foreign residents and non-residents pay within their cap through one designated bank (4-4(2))."""
    told = asked.planned
    if told.direction == "in" or not asked.is_foreign or told.channel in ("small_remitter", "card"):
        return None
    return Duty(
        id="designated_bank",
        outcome="not_asked" if told.designated_bank else "asked" if told.designated_bank is False else "cannot_tell",
        office="designated_bank",
        before=True,
        article_en="FX Transactions Regulation 4-4(2)",
        article_ko="외국환거래규정 제4-4조제2항",
        text_en="a foreign resident or non-resident pays through the one bank that they designated",
        text_ko="외국인거주자와 비거주자는 지정거래외국환은행을 통해 지급합니다",
        missing=() if told.designated_bank is not None else ("designated_bank",),
    )


def _no_limit(subject: _Subject) -> Duty:
    return _told(
        subject,
        "cannot_tell",
        "bank",
        "no limit of this rule is in force on that day",
        "해당 일자에 시행 중인 한도가 등록되어 있지 않습니다",
    )


def _told(
    subject: _Subject,
    outcome: Outcome,
    office: Office,
    text_en: str,
    text_ko: str,
    limits: tuple[DatedLimit, ...] = (),
    missing: tuple[str, ...] = (),
    *,
    before: bool = True,
) -> Duty:
    return Duty(
        id=subject.id,
        outcome=outcome,
        office=office,
        before=before,
        article_en=subject.article_en,
        article_ko=subject.article_ko,
        text_en=text_en,
        text_ko=text_ko,
        limits=tuple(each.shown() for each in limits),
        missing=missing,
    )
