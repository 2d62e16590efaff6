"""The range of what the law of a date may lead to, where an investigator finds that its conditions hold.

Each end says its condition, and whether the amount reaches the line of a criminal case. The line counts single
transactions, not their sum (Supreme Court 2018Do16474). It is never a statement of guilt: an alert finds a payment to
be looked at, no breach. All amounts are dated limits of the configuration's `sanctions`.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from detectors.contracts.alert import Exposure, Outcome
from detectors.contracts.limits import DatedLimit, Rulebook
from detectors.typologies.declared import Article, Sanction
from detectors.values.money import Ratio, half_even
from detectors.wording import phrases


class Worth(NamedTuple):
    """USD cents of a finding: its largest single payment, what is at risk; and the rate to KRW, None without one."""

    single: int
    total: int
    to_krw: Ratio | None

    def krw(self, cents: int) -> int | None:
        """Whole KRW, None without a reference rate."""
        rate = self.to_krw
        return None if rate is None else half_even(cents * rate.numerator, 100 * rate.denominator)


class _Crime(NamedTuple):
    """A criminal provision by the names of its limits; `line` in KRW, beyond which alone it applies, or None."""

    fine: str
    years: str
    multiple: str
    line: str | None
    basis_en: str
    basis_ko: str


_FINES: dict[str, tuple[str, str]] = {
    "act_15_fine": ("Act art. 32(2) no. 2", "외국환거래법 제32조제2항제2호"),
    "act_16_fine": ("Act art. 32(1) no. 3", "외국환거래법 제32조제1항제3호"),
    "act_16_late_fine": ("Act art. 32(3) no. 1", "외국환거래법 제32조제3항제1호"),
    "act_17_fine": ("Act art. 32(2) no. 3", "외국환거래법 제32조제2항제3호"),
    "act_18_fine": ("Act art. 32(1) no. 4", "외국환거래법 제32조제1항제4호"),
    "act_18_late_fine": ("Act art. 32(3) no. 1", "외국환거래법 제32조제3항제1호"),
}
_ART_29 = ("act_29_fine", "act_29_years", "act_29_multiple")
_CRIMES: dict[Article, _Crime] = {
    "act_5_2": _Crime(
        "act_27_fine", "act_27_years", "act_27_multiple", None, "Act art. 27(1) no. 1", "외국환거래법 제27조제1항제1호"
    ),
    "act_8": _Crime(
        "act_27_2_fine",
        "act_27_2_years",
        "act_27_2_multiple",
        None,
        "Act art. 27-2(1) no. 1",
        "외국환거래법 제27조의2제1항제1호",
    ),
    "act_16": _Crime(*_ART_29, "act_16_line", "Act art. 29(1) no. 3", "외국환거래법 제29조제1항제3호"),
    "act_18": _Crime(*_ART_29, "act_18_line", "Act art. 29(1) no. 3", "외국환거래법 제29조제1항제3호"),
}
# articles whose fine is of Act art. 32(1): a second breach within two years of such a fine is criminal, 29(1) no. 6
_REPEATED: tuple[Article, ...] = ("act_16", "act_18")


def exposure(sanctions: Sequence[Sanction], rulebook: Rulebook, day: date, worth: Worth) -> tuple[Exposure, ...]:
    """The ends of each article, the least first; none where no sanction is known of the date. Cost: 20 us."""
    found: list[Exposure] = []
    for one in sanctions:
        limits = _Limits(rulebook, day)
        found += _fines(one, limits)
        crime = _CRIMES.get(one.article)
        if crime is not None:
            found += _criminal(one, crime, limits, worth)
        if one.article in _REPEATED:
            found += _repeated(one, limits)
    return tuple(found)


class _Limits(NamedTuple):
    rulebook: Rulebook
    day: date

    def of(self, name: str) -> DatedLimit | None:
        return self.rulebook.sanction(name, self.day)


def _fines(one: Sanction, limits: _Limits) -> Iterator[Exposure]:
    for name in (f"{one.article}_late_fine", f"{one.article}_fine"):
        limit = limits.of(name)
        if limit is None:
            continue
        late = name.endswith("_late_fine")
        english, korean = _FINES[name]
        amount = int(limit.number)
        yield Exposure(
            article=one.article,
            kind="fine",
            condition="cannot_tell",
            krw=str(amount),
            text_en=f"An administrative fine of up to KRW {amount:,} ({english}; {phrases.basis(limit)}), if "
            f"{one.when_en}{' and a later report could stand in its place, and was not made' if late else ''}",
            text_ko=f"{one.when_ko}{', 그리고 신고를 갈음하는 사후 보고를 하지 않았다면' if late else ''} "
            f"{amount:,}원 이하의 과태료({korean}; {phrases.basis_ko(limit)})",
        )


def _criminal(one: Sanction, crime: _Crime, limits: _Limits, worth: Worth) -> Iterator[Exposure]:
    fine, years, multiple = (limits.of(name) for name in (crime.fine, crime.years, crime.multiple))
    line = None if crime.line is None else limits.of(crime.line)
    if fine is None or years is None or multiple is None or (crime.line is not None and line is None):
        return
    value = worth.krw(worth.single)
    most = None if value is None else max(int(fine.number), int(multiple.number) * value)
    reached, line_en, line_ko = _line(line, worth)
    amount_en = "an amount that cannot be told without a reference rate" if most is None else f"KRW {most:,}"
    amount_ko = "기준환율이 없어 판단할 수 없는 금액" if most is None else f"{most:,}원"
    yield Exposure(
        article=one.article,
        kind="criminal",
        condition=reached,
        krw=None if most is None else str(most),
        years=int(years.number),
        text_en=f"Up to {phrases.counted(int(years.number), 'year', 'years')} in prison or up to {amount_en}, the "
        f"larger of KRW {int(fine.number):,} and {multiple.number} times the value ({crime.basis_en}; "
        f"{phrases.basis(fine)}), if {one.when_en}{line_en}",
        text_ko=f"{one.when_ko}{line_ko} {int(years.number)}년 이하의 징역 또는 {amount_ko} 이하의 벌금. "
        f"{int(fine.number):,}원과 가액의 {multiple.number}배 중 큰 금액({crime.basis_ko}; {phrases.basis_ko(fine)})",
    )


def _line(line: DatedLimit | None, worth: Worth) -> tuple[Outcome, str, str]:
    """Whether a single payment is beyond the line of a criminal case, and how to say it."""
    if line is None:
        return "cannot_tell", "", ""
    single, total = worth.krw(worth.single), worth.krw(worth.total)
    amount = int(line.number)
    said = f" and a single payment is beyond KRW {amount:,} ({phrases.basis(line)}): "
    said_ko = f", 그리고 단일 거래가 {amount:,}원({phrases.basis_ko(line)})을 초과한다면("
    if single is None or total is None:
        return (
            "cannot_tell",
            f"{said}cannot be told without a reference rate",
            f"{said_ko}기준환율이 없어 판단할 수 없음)",
        )
    if single > amount:
        return "met", f"{said}the largest is KRW {single:,}", f"{said_ko}최대 거래 {single:,}원)"
    if total > amount:
        together = f"the largest is KRW {single:,}, all together KRW {total:,}; their sum counts only as one payment"
        return (
            "cannot_tell",
            said + together,
            f"{said_ko}최대 거래 {single:,}원, 합계 {total:,}원. 하나의 거래일 때만 합산)",
        )
    return "not_met", f"{said}the largest is KRW {single:,}", f"{said_ko}최대 거래 {single:,}원)"


def _repeated(one: Sanction, limits: _Limits) -> Iterator[Exposure]:
    fine, years, repeat = (limits.of(name) for name in ("act_29_fine", "act_29_years", "act_29_repeat_years"))
    if fine is None or years is None or repeat is None:
        return
    told = phrases.counted(int(repeat.number), "year", "years")
    yield Exposure(
        article=one.article,
        kind="repeated",
        condition="cannot_tell",
        krw=None,
        years=int(years.number),
        text_en=f"The same criminal provision without that line (Act art. 29(1) no. 6; {phrases.basis(repeat)}), if "
        f"{one.when_en} and a fine under Act art. 32(1) was imposed within {told} before, which no alert can tell",
        text_ko=f"{one.when_ko}, 그리고 직전 {int(repeat.number)}년 이내에 같은 법 제32조제1항의 과태료 처분이 있었다면"
        f"(경보만으로 판단할 수 없음) 금액 기준 없이 같은 벌칙 적용(외국환거래법 제29조제1항제6호; "
        f"{phrases.basis_ko(repeat)})",
    )
