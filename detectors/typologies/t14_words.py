"""T14's own words: its sentences and tests in English and Korean, and the Korean of its alerts' English."""

from typing import NamedTuple

import numpy as np

from detectors.books.payments import Rows
from detectors.contracts.alert import LawTest, Measured
from detectors.contracts.limits import Limits
from detectors.typologies import firm
from detectors.typologies.base import Context, law_test
from detectors.typologies.declared import Said, Word, Words
from detectors.values.money import plain
from detectors.wording import phrases

WORDS = Words(
    measured={
        "burst_payments": Word("집중 거래 건수"),
        "burst_sum": Word("집중 거래 합계"),
        "burst_counterparties": Word("집중 거래 상대방 수", "명"),
        "silent_for_days": Word("직전 거래 후 경과 기간"),
        "payments_while_quiet": Word("휴면 기간 중 거래"),
        "payments_before": Word("그 이전 거래"),
        "mean_of_active_weeks": Word("거래가 있던 3주당 평균 금액"),
        "times_mean": Word("과거 평균 대비 배수"),
        "capital_in_usd": Word("자본금 환산액"),
        "burst_times_capital": Word("자본금 대비 거래 배수"),
        "days_since_registration": Word("사업자 등록 후 경과 기간"),
    },
    windows=(
        (r"(\d+) rolling days after the quiet time", "휴면 이후 최근 {}일"),
        (r"(\d+) rolling days of a new firm", "신설 업체의 최근 {}일"),
    ),
    legal_basis={
        "An indicator without an article of its own: an account that slept, or a firm just set up, through which large "
        "sums run": "근거 조문이 없는 징후: 휴면 후 또는 설립 직후 거액이 집중되는 거래",
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the bank for contracts and papers of the payments, and who ordered them from which device",
        "거래의 계약서와 증빙서류, 거래를 지시한 자와 접속기기를 은행에 확인하십시오",
    ),
    Said(
        "Compare owner, officers, address and line of business now with those before the quiet time",
        "휴면 이전과 현재의 소유자, 임원, 주소, 업종을 비교하십시오",
    ),
    Said(
        "Trace where the money came from at home and where it went abroad",
        "국내 자금의 출처와 해외 송금 이후의 자금 흐름을 확인하십시오",
    ),
    Said(
        "Look for other parties with the same counterparties, devices or contacts",
        "거래 상대방, 기기 또는 연락처가 같은 다른 당사자가 있는지 확인하십시오",
    ),
)


class Burst(NamedTuple):
    """A burst of `total`, what it is compared with, and the least that it had to come to; USD cents.

    `base` is the mean of the past, or the capital where `earlier`, the number of payments before, is 0. `quiet` is
    how many of those before were in the quiet time, `silent` the days since the last one; both None of a new firm.
    `known` is for how many days it is known, where that is less than the silence.
    """

    series: str
    base: int
    least: int
    total: int
    earlier: int = 0
    quiet: int | None = None
    silent: int | None = None
    known: int | None = None

    @property
    def window(self) -> str:
        """The limit that says how many days it has."""
        return "new_window" if self.series == "new" else "burst_window"


def measured(context: Context, rows: Rows, burst: Burst) -> tuple[Measured, ...]:
    """The figures of the burst, and of what it is compared with."""
    age, worth = firm.age_days(context), firm.capital(context)
    shown = [
        Measured(name="burst_payments", value=len(rows), unit="count"),
        Measured(name="burst_sum", value=plain(burst.total), unit="USD"),
        Measured(name="burst_counterparties", value=len(np.unique(rows["beneficiary"])), unit="count"),
    ]
    if burst.quiet is not None and burst.silent is not None:
        shown += [
            Measured(name="silent_for_days", value=burst.silent, unit="days"),
            Measured(name="payments_while_quiet", value=burst.quiet, unit="count"),
        ]
    if burst.earlier:
        shown += [
            Measured(name="payments_before", value=burst.earlier, unit="count"),
            Measured(name="mean_of_active_weeks", value=plain(burst.base), unit="USD"),
            Measured(name="times_mean", value=round(burst.total / burst.base, 1), unit="ratio"),
        ]
    if worth:
        shown += [
            Measured(name="capital_in_usd", value=plain(worth), unit="USD"),
            Measured(name="burst_times_capital", value=round(burst.total / worth, 1), unit="ratio"),
        ]
    if age is not None:
        shown.append(Measured(name="days_since_registration", value=age, unit="days"))
    return tuple(shown)


def sentences(context: Context, rows: Rows, limits: Limits, burst: Burst) -> tuple[str, str]:
    """What was found."""
    window, multiple = int(limits[burst.window].number), limits["burst_multiple"]
    count, parties = len(rows), len(np.unique(rows["beneficiary"]))
    told = (
        f"made {phrases.counted(count, 'payment', 'payments')} of {phrases.usd(burst.total)} within {window} days, "
        f"with {phrases.counted(parties, 'counterparty', 'counterparties')}. Goods that customs saw are not counted."
    )
    told_ko = (
        f"{window}일 동안 상대방 {parties}명과 {count}건, 합계 {phrases.usd_ko(burst.total)}를 거래하였습니다. "
        f"세관에 신고된 물품의 대금은 제외하였습니다."
    )
    who, who_ko = "This party", "당사자는"
    if burst.series == "new":
        age = max(firm.age_days(context) or 0, 0)
        who = f"This firm, registered {phrases.counted(age, 'day', 'days')} ago,"
        who_ko = f"등록 후 {age}일이 지난 이 업체는"
    past, past_ko = _past(limits, burst)
    times, asked, asked_ko = f"{burst.total / burst.base:.1f}", "", ""
    if burst.known is not None:
        most, silence = f"{burst.least / burst.base:.1f}", int(limits["silence_days"].number)
        asked = f" For the {burst.known} of {silence} days that are known, {most} times are asked."
        asked_ko = f" {silence}일 중 {burst.known}일만 확인되어 {most}배를 적용하였습니다."
    english = (
        f"{who} {told} {past} The burst is {times} times that; from {multiple.number} times on it is told "
        f"({phrases.basis(multiple)}).{asked} Who uses the account, and what the payments were for, requires a check."
    )
    korean = (
        f"{who_ko} {told_ko} {past_ko} 이번 거래는 그 {times}배이며, 기준은 {multiple.number}배입니다"
        f"({phrases.basis_ko(multiple)}).{asked_ko} 계좌를 사용하는 자와 거래의 원인에 대한 확인이 필요합니다."
    )
    return english, korean


def _past(limits: Limits, burst: Burst) -> tuple[str, str]:
    """What the burst is compared with."""
    base, base_ko = phrases.usd(burst.base), phrases.usd_ko(burst.base)
    if not burst.earlier:
        return (
            f"Its profile tells a turnover that lets expect far less in so few days. Its capital is {base}.",
            f"이는 고객정보상 연 매출액에 비추어 과다합니다. 자본금은 {base_ko} 상당액입니다.",
        )
    mean = f"came to {base} on average in each three weeks in which it paid at all."
    before = phrases.counted(burst.earlier, "payment", "payments")
    past, past_ko = f"Before that it made {before}, which {mean}", f"그 이전 거래는 {burst.earlier}건으로,"
    if burst.quiet is not None:
        silence, quiet = burst.known or int(limits["silence_days"].number), burst.quiet
        slept = phrases.counted(quiet, "payment was", "payments were") if quiet else "no payment was"
        past = f"In the {silence} days before, {slept} told. Its {before} of all the time before {mean}"
        slept_ko = f"확인된 거래는 {quiet}건이며" if quiet else "확인된 거래가 없으며"
        past_ko = f"직전 {silence}일 동안 {slept_ko}, 그 이전 전체 기간의 거래 {burst.earlier}건은"
    return past, f"{past_ko} 거래가 있던 3주마다 평균 {base_ko}였습니다."


def law_tests(context: Context, limits: Limits, burst: Burst) -> tuple[LawTest, ...]:
    """The tests of the definition; no article holds any, and the figures are our own."""
    silence, quiet, age_most = (int(limits[name].number) for name in ("silence_days", "quiet_payments", "age_days"))
    slept, age = (burst.series == "dormant" and burst.known is None) or None, firm.age_days(context)
    is_firm, worth = firm.is_firm(context), firm.capital(context)
    is_new = False if not is_firm else None if age is None else age <= age_most
    least = f"{limits['burst_multiple'].number}"
    of_capital = None if is_firm and not worth else False
    if worth:
        of_capital = burst.total >= worth * limits["burst_multiple"].cents // 100
    return (
        law_test(
            "was_quiet",
            f"It made at most {quiet} payments in the {silence} days before; the figures are fxwatch's own",
            f"직전 {silence}일 동안 거래가 {quiet}건 이하임. 수치는 시스템 기본값임",
            holds=slept,
        ),
        law_test(
            "many_times_its_past",
            f"It moved {least} times its mean of active weeks or more; the figure is fxwatch's own",
            f"거래가 있던 기간의 평균 대비 {least}배 이상임. 수치는 시스템 기본값임",
            holds=bool(burst.earlier) or None,
        ),
        law_test(
            "new_firm",
            f"It is a firm registered for {age_most} days at most; the figure is fxwatch's own",
            f"등록 후 {age_most}일 이내의 업체임. 수치는 시스템 기본값임",
            holds=is_new,
            missing="profiles.registered_on" if is_new is None else None,
        ),
        law_test(
            "many_times_its_capital",
            f"It moved {least} times its capital or more; the figure is fxwatch's own",
            f"자본금 대비 {least}배 이상을 거래함. 수치는 시스템 기본값임",
            holds=of_capital,
            missing="profiles.capital_krw" if of_capital is None else None,
        ),
    )
