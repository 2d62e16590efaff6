"""T09's own words: its sentences in English and Korean, and the Korean of what its alerts carry in English."""

from typing import NamedTuple

from detectors.books.payments import Rows
from detectors.contracts.alert import LawTest
from detectors.typologies.base import law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.node_view import NodeView
from detectors.values.money import plain
from detectors.wording import phrases

WORDS = Words(
    measured={
        "unit_value": Word("단가"),
        "unit_value_median": Word("비교 단가의 중앙값"),
        "unit_value_low_quarter": Word("비교 단가의 제1사분위수"),
        "unit_value_high_quarter": Word("비교 단가의 제3사분위수"),
        "robust_z": Word("강건 표준편차 배수"),
        "peer_lines": Word("비교 신고 건수"),
        "peer_traders": Word("비교 업체 수", "개"),
        "lines_apart": Word("단가가 벗어난 신고 건수"),
        "own_lines": Word("당사자의 신고 건수"),
        "declared_total": Word("해당 신고금액 합계"),
        "price_gap": Word("비교 단가와의 차액"),
    },
    windows=((r"(\d+) days", "{}일"),),
    legal_basis={
        "Customs Act art. 30 (customs value) and 270-2 (false prices); an indicator of value moved through the "
        "price of goods": "관세법 제30조(과세가격 결정의 원칙), 제270조의2(가격조작죄), 가격을 통한 자금 이동의 징후",
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the trader for contract, invoice and price list, and for grade and model of the goods",
        "업체에 계약서, 송품장, 가격표와 물품의 등급, 규격을 요청하여 확인하십시오",
    ),
    Said(
        "Compare the price with other lines of the same model, and with published prices of that month",
        "같은 규격의 다른 신고와 해당 월의 공표 가격을 비교하십시오",
    ),
    Said(
        "Compare what was paid with what was declared, and find out who owns the foreign party",
        "지급액과 신고금액을 비교하고 해외 상대방의 소유자를 확인하십시오",
    ),
    Said(
        "Look up the rate of duty of the goods: a price too low may escape duty",
        "물품의 관세율을 확인하십시오. 낮은 가격은 관세 탈루에 해당할 수 있습니다",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "customs_270_2",
        "the declared price was made up for an unjust gain of the trader or of somebody else",
        "부당한 이득을 얻거나 제3자로 하여금 얻게 할 목적으로 물품의 가격을 조작하여 신고하였다면",
    ),
)
_DOLLAR = 100


class Dear(NamedTuple):
    """A trader's lines whose unit value lies above (or below) that of its peers.

    `gap` is in USD cents, `z` and `price` of the line furthest away; prices are in USD cents for one unit, `low` and
    `high` the quartiles of the peers' lines. `lines` is how many the trader has in all.
    """

    rows: Rows
    above: bool
    gap: int
    z: float
    price: float
    median: float
    low: float
    high: float
    peers: int
    traders: int
    lines: int


def price_text(cents: float) -> str:
    """A unit value in USD as a decimal string, to four places of a dollar below one dollar, else to cents."""
    return f"{cents / 100:.4f}" if cents < _DOLLAR else plain(round(cents))


def sentences(view: NodeView, direction: str, dear: Dear) -> tuple[str, str]:
    """What was found, in English and Korean."""
    hs_code, country, unit = view.name.split("/", 2)
    out = (direction == "import") == dear.above
    takes = "takes value out of the country" if out else "brings value into the country"
    which = "above" if dear.above else "below"
    which_ko, furthest_ko = ("높습니다", "최고") if dear.above else ("낮습니다", "최저")
    lines = len(dear.rows)
    english = (
        f"{phrases.counted(lines, 'line', 'lines')} of this trader's {direction}s of HS {hs_code} with ({country}) "
        f"{'is' if lines == 1 else 'are'} declared at up to {price_text(dear.price)} USD a unit ({phrases.code(unit)})"
        if dear.above
        else f"{phrases.counted(lines, 'line', 'lines')} of this trader's {direction}s of HS {hs_code} with ({country})"
        f" {'is' if lines == 1 else 'are'} declared at as little as {price_text(dear.price)} USD a unit "
        f"({phrases.code(unit)})"
    )
    english += (
        f", {which} what other traders declare: a median of {price_text(dear.median)} USD over "
        f"{phrases.counted(dear.peers, 'line', 'lines')}{phrases.few(dear.peers)} of "
        f"{phrases.counted(dear.traders, 'trader', 'traders')}, half of the lines from {price_text(dear.low)} "
        f"to {price_text(dear.high)}. That is {dear.z} robust standard deviations away and "
        f"{phrases.usd(dear.gap)} in all, which {takes}. Grade, model and terms of delivery may "
        f"explain it and require a check."
    )
    trade_ko = "수입" if direction == "import" else "수출"
    korean = (
        f"({country}) 상대 품목번호 {hs_code}의 {trade_ko}신고 {lines}건의 단가(단위 {phrases.code(unit)})가 "
        f"{furthest_ko} 미화 {price_text(dear.price)}달러로, 다른 업체 {dear.traders}곳의 신고 {dear.peers}건"
        f"{phrases.few_ko(dear.peers)}의 중앙값인 미화 {price_text(dear.median)}달러"
        f"(제1·3사분위수 {price_text(dear.low)}~{price_text(dear.high)}달러)보다 "
        f"{which_ko}. 중앙값에서 강건 표준편차의 {dear.z}배 벗어나 있으며 차액 합계는 "
        f"{phrases.usd_ko(dear.gap)}로, 자금이 {'국외로 나가는' if out else '국내로 들어오는'} 방향입니다. "
        f"등급, 규격, 인도조건에 따른 차이인지 확인이 필요합니다."
    )
    return english, korean


def law_tests(direction: str, dear: Dear) -> tuple[LawTest, ...]:
    """The tests of a price."""
    duty = direction == "import" and not dear.above
    return (
        law_test(
            "far_from_peers",
            "The unit value is far from that of other traders of the same goods; the figures are fxwatch's own",
            "같은 품목의 다른 업체 단가와 크게 차이 남. 기준 수치는 시스템 기본값임",
            holds=True,
        ),
        law_test(
            "value_out",
            "The price takes value out of the country: an import too dear, or an export too cheap",
            "가격이 자금을 국외로 내보내는 방향임(고가 수입 또는 저가 수출)",
            holds=(direction == "import") == dear.above,
        ),
        law_test(
            "duty_at_stake",
            "Duty may have been escaped by a low price; the rate of duty is not in the contract",
            "저가 신고로 관세가 탈루되었을 수 있음. 관세율은 입력 자료에 없음",
            holds=None if duty else False,
        ),
        law_test(
            "same_grade",
            "Grade and model are those of the peers; no field tells it",
            "등급과 규격이 비교 대상과 같음. 알 수 있는 항목 없음",
            holds=None,
        ),
        law_test(
            "unjust_gain",
            "The price was made up for an unjust gain (Customs Act art. 270-2); no field tells it",
            "부당한 이득을 목적으로 가격을 조작함(관세법 제270조의2). 알 수 있는 항목 없음",
            holds=None,
        ),
    )
