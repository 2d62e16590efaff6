"""How features read in English and Korean: value, own and peer baseline, observations, how rare. Facts only."""

from collections.abc import Callable, Sequence
from math import exp, log
from typing import NamedTuple

from detectors.features.view import Feature
from detectors.wording.phrases import WEAK, counted

# A few hundred observations cannot tell rarities beyond about one in a thousand; say "over" instead.
LARGEST_SURPRISE = log(1000.0)
_DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAYS_KO = ("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일")
Form = Callable[[float], str]


class Wording(NamedTuple):
    """A feature's subject and how its values and its deviation read. `subject_ko` carries its topic particle.

    `own` and `peers`: whether it has such a baseline at all, so that one that is missing is said.
    """

    subject_en: str
    subject_ko: str
    form_en: Form
    form_ko: Form
    scale: str  # "spread": signed, in spreads; "surprise": nats; "growth": the value says it itself
    own: bool = True
    peers: bool = True


def _hour_en(value: float) -> str:
    minutes = round(value * 60) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _hour_ko(value: float) -> str:
    minutes = round(value * 60) % 1440
    return f"{minutes // 60}시 {minutes % 60:02d}분"


def _span(value: float, days: str, hours: str) -> str:
    return f"{value:.1f}{days}" if value >= 1.0 else f"{value * 24:.1f}{hours}"


def _plain(suffix: str, digits: int, factor: float = 1.0) -> Form:
    return lambda value: f"{value * factor:,.{digits}f}{suffix}"


def _money_ko(value: float) -> str:
    return f"미화 {value:,.2f}달러"


_MONEY: tuple[Form, Form] = (_plain(" USD", 2), _money_ko)
_SHARE: tuple[Form, Form] = (_plain(" %", 1, 100.0), _plain("%", 1, 100.0))
_TIMES: tuple[Form, Form] = (_plain(" times", 1), _plain("배", 1))


def _familiar(what_en: str, what_ko: str) -> Wording:
    """How a share of the party's own past payments reads (features/familiarity.py)."""
    return Wording(
        f"The share of the party's past payments with {what_en}",
        f"과거 거래 중 {what_ko} 거래의 비중은",
        *_SHARE,
        "surprise",
        own=False,
    )


WORDINGS: dict[str, Wording] = {
    "amount_own": Wording("The amount", "거래 금액은", *_MONEY, "spread"),
    "amount_corridor": Wording(
        "The amount on this corridor (same country and kind of party)",
        "동일 국가·고객 유형 기준 거래 금액은",
        *_MONEY,
        "spread",
        own=False,
    ),
    "week_sum": Wording("The total of the last 7 days", "최근 7일간 거래 합계는", *_MONEY, "spread"),
    "cadence": Wording(
        "The time since the previous payment",
        "직전 거래 이후 경과 시간은",
        lambda value: _span(value, " days", " hours"),
        lambda value: _span(value, "일", "시간"),
        "spread",
    ),
    "counterparty_novelty": Wording(
        "The share of the party's past payments that went to this counterparty",
        "과거 거래 중 이 상대방과의 거래 비중은",
        *_SHARE,
        "surprise",
    ),
    "hour": Wording("The time of day", "거래 시각은", _hour_en, _hour_ko, "surprise"),
    "weekday": Wording(
        "The weekday",
        "거래 요일은",
        lambda value: _DAYS_EN[int(value) % 7],
        lambda value: _DAYS_KO[int(value) % 7],
        "surprise",
    ),
    "deal_rate": Wording(
        "The deal rate over the reference rate",
        "기준환율 대비 적용 환율의 차이는",
        lambda value: f"{value:+,.1f} bp",
        lambda value: f"{value:+,.1f}bp",
        "spread",
    ),
    "document_line": Wording(
        "The amount without documents, relative to the document line",
        "증빙면제 기준금액 대비 무증빙 거래 금액의 비율은",
        *_SHARE,
        "spread",
    ),
    "slow_boiling": Wording(
        "The payment volume of the last 7 days, relative to the 90-day volume",
        "최근 90일 평균 대비 최근 7일 거래 규모는",
        *_TIMES,
        "growth",
        peers=False,
    ),
    "payment_count": Wording(
        "The number of payments in about the last 7 days",
        "최근 약 7일간 거래 건수는",
        _plain("", 1),
        _plain("건", 1),
        "growth",
        peers=False,
    ),
    "turnover_share": Wording(
        "The flow in this direction, at a year's pace, relative to the turnover that the firm reported",
        "신고된 연 매출액 대비 해당 방향 거래 규모(연 환산)는",
        *_TIMES,
        "growth",
        own=False,
        peers=False,
    ),
    "country_novelty": _familiar("the counterparty's country", "상대방 국가가 동일한"),
    "currency_novelty": _familiar("this currency", "통화가 동일한"),
    "institution_novelty": _familiar("this institution", "취급 기관이 동일한"),
    "purpose_novelty": _familiar("this purpose", "거래 목적이 동일한"),
    "trade_terms_novelty": _familiar("these terms of trade", "결제 조건이 동일한"),
    "exchange_inflow": Wording(
        "The inflow from virtual-asset exchanges in the 24 hours before, as a share of this payment",
        "이 거래 금액 대비 직전 24시간 내 가상자산거래소 연계 입금액의 비율은",
        *_SHARE,
        "growth",
        own=False,
        peers=False,
    ),
}
# Baselines that are not the value's own "usual" but something else worth saying.
_BASELINES = {
    "counterparty_novelty": ("share of payments to new counterparties", "신규 상대방 거래 비중은"),
    "country_novelty": ("share of payments with this country", "이 국가와의 거래 비중은"),
    "currency_novelty": ("share of payments in this currency", "이 통화의 거래 비중은"),
    "institution_novelty": ("share of payments through this institution", "이 기관을 통한 거래 비중은"),
    "purpose_novelty": ("share of payments for this purpose", "이 목적의 거래 비중은"),
    "trade_terms_novelty": ("share of payments on these terms", "이 결제 조건의 거래 비중은"),
}


def wording_of(name: str) -> Wording:
    """The feature's wording; a feature without one reads by its name."""
    found = WORDINGS.get(name)
    return found or Wording(name, f"{name}의 값은", _plain("", 2), _plain("", 2), "spread", own=False, peers=False)


def in_a_list(names: Sequence[str]) -> tuple[str, str]:
    """What several features are called, within a sentence, in English and Korean."""
    words = [wording_of(name) for name in names]
    english = ", ".join(word.subject_en[:1].lower() + word.subject_en[1:] for word in words)
    return english, ", ".join(word.subject_ko.rstrip("은는") for word in words)


def _rarity(feature: Feature, scale: str) -> tuple[str, str]:
    far = feature.deviation
    if far is None or scale == "growth":
        return "", ""
    if scale == "surprise":
        if far <= 0.0:
            return " This is usual for the party.", " 이는 통상적인 수준입니다."
        known = far <= LARGEST_SURPRISE
        times = f"{exp(far):.1f}" if known else "over 1,000"
        times_ko = f"{exp(far):.1f}배" if known else "1,000배 이상"
        if feature.name == "counterparty_novelty":
            return (
                f" A new counterparty was to be expected in {100 * exp(-far):.1f} % of payments.",
                f" 처음 거래하는 상대방일 확률은 {100 * exp(-far):.1f}%로 추정됩니다.",
            )
        return (
            f" This is {times} times rarer than the most usual.",
            f" 가장 통상적인 경우보다 {times_ko} 드뭅니다.",
        )
    if far >= 0.0:
        return (
            f" It lies {far:.1f} usual variations above what is usual.",
            f" 통상값보다 통상 변동 폭의 {far:.1f}배만큼 높습니다.",
        )
    return (
        f" It lies {-far:.1f} usual variations below what is usual.",
        f" 통상값보다 통상 변동 폭의 {-far:.1f}배만큼 낮습니다.",
    )


def sentences(feature: Feature) -> tuple[str, str]:
    """What the feature says, in English and in formal Korean."""
    word = wording_of(feature.name)
    if feature.value is None:
        return f"{word.subject_en} is not known for this payment.", f"{word.subject_ko} 확인되지 않았습니다."
    english = f"{word.subject_en} is {word.form_en(feature.value)}."
    korean = f"{word.subject_ko} {word.form_ko(feature.value)}입니다."
    parts = (_own(feature, word), _peers(feature, word), _rarity(feature, word.scale), _weak(feature))
    return english + "".join(part[0] for part in parts), korean + "".join(part[1] for part in parts)


def _usual(feature: Feature, word: Wording, baseline: float) -> tuple[str, str]:
    """A baseline by what it is called."""
    name, name_ko = _BASELINES.get(feature.name, ("usual value", "통상값은"))
    return f"{name} is {word.form_en(baseline)}", f"{name_ko} {word.form_ko(baseline)}입니다"


def _own(feature: Feature, word: Wording) -> tuple[str, str]:
    """The party's own baseline, or that there is none."""
    if feature.own_baseline is not None:
        usual, usual_ko = _usual(feature, word, feature.own_baseline)
        return (
            f" The party's own {usual} ({_observed(feature.own_n)}).",
            f" 본인의 {usual_ko}(관측 {feature.own_n}건 기준).",
        )
    if not word.own:
        return "", ""
    return (
        " No usual value of the party's own is known yet, so it cannot be compared with its own past.",
        " 본인의 통상값이 아직 확인되지 않아 본인의 과거와 비교할 수 없습니다.",
    )


def _peers(feature: Feature, word: Wording) -> tuple[str, str]:
    """The comparison group's baseline, or that there is none."""
    if feature.peer_baseline is not None:
        usual, usual_ko = _usual(feature, word, feature.peer_baseline)
        return f" The comparison group's {usual}.", f" 비교 고객군의 {usual_ko}."
    if not word.peers:
        return "", ""
    return (
        " No usual value of the comparison group is known yet.",
        " 비교 고객군의 통상값은 아직 확인되지 않았습니다.",
    )


def _observed(count: int) -> str:
    return counted(count, "observation", "observations")


def _weak(feature: Feature) -> tuple[str, str]:
    """That few of the party's own observations stand behind it."""
    if feature.own_n >= WEAK:
        return "", ""
    if not feature.own_n:
        return (
            " The evidence is weak, because the party was not observed before.",
            " 본인에 대한 이전 관측이 없으므로 근거가 약합니다.",
        )
    return (
        f" The evidence is weak: only {_observed(feature.own_n)} of the party's own, fewer than {WEAK}.",
        f" 본인 관측이 {feature.own_n}건으로 {WEAK}건 미만이므로 근거가 약합니다.",
    )
