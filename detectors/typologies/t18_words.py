"""T18's own words: its sentences and tests in English and Korean, and the Korean of its alerts' English."""

from collections.abc import Sequence
from typing import NamedTuple

from detectors.books.party import Facts
from detectors.contracts.alert import LawTest, Measured
from detectors.contracts.limits import Limits
from detectors.typologies.base import Context, law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.kept_payments import Kept
from detectors.typologies.t18_memory import BLOCK_DAYS, WINDOW_DAYS, Goods
from detectors.values.money import plain
from detectors.wording import phrases

WORDS = Words(
    measured={
        "odd_goods_sum": Word("업종 외 물품 거래 합계"),
        "odd_goods_count": Word("업종 외 물품 거래 건수"),
        "odd_chapters": Word("업종 외 품목 류의 수", "개"),
        "own_goods_count": Word("기존 물품 거래 건수"),
        "dealings_sum": Word("최근 4주 거래 합계"),
        "dealings_count": Word("최근 4주 거래 건수"),
        "usual_dealings": Word("과거 4주 거래의 중앙값"),
        "times_usual_dealings": Word("과거 4주 중앙값 대비 배수"),
        "blocks_before": Word("비교한 과거 4주 구간", "개"),
        "turnover_in_usd": Word("연 매출액 환산액"),
        "share_of_yearly_turnover": Word("연 매출액 대비 거래 비율"),
    },
    windows=(
        (r"odd goods of (\d+) days", "최근 {}일간의 업종 외 물품 거래"),
        (r"dealings of (\d+) days", "최근 {}일간의 거래"),
    ),
    legal_basis={
        "Foreign Exchange Transactions Act art. 8(3) (exchangers and small remitters), art. 15(1) (payment procedure); "
        "an indicator": "외국환거래법 제8조제3항(환전업무 등), 제15조제1항(지급절차), 확인이 필요한 징후",
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Compare contracts, invoices and customs declarations of these payments with the goods that came",
        "해당 거래의 계약서, 송장, 수입신고와 실제 반입 물품을 대조하십시오",
    ),
    Said(
        "Ask the register for the firm's line of business, its size and when they last changed",
        "사업자 등록 및 환전영업자 등록상 업종과 규모, 최근 변경일을 확인하십시오",
    ),
    Said(
        "Check the route: where the goods came from, where the payee and its bank are",
        "물품의 원산지와 선적지, 수취인과 수취은행의 소재국을 확인하십시오",
    ),
    Said(
        "For a money business: compare its books of exchange with the dealings told here",
        "환전영업자라면 환전장부와 보고된 거래를 대조하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_15",
        "the payments were for something else than the goods that the documents name",
        "증빙서류의 물품과 다른 거래의 지급이었다면",
    ),
    Sanction(
        "act_8",
        "the business did foreign exchange business that it is not registered for",
        "등록하지 않은 외국환업무를 업으로 한 것이라면",
    ),
)


class Growth(NamedTuple):
    """What a money business moved in four weeks, in how many payments; the median of so many earlier ones; turnover.

    Amounts in USD cents; `turnover` is of a year.
    """

    total: int
    payments: int
    usual: int
    blocks: int
    turnover: int


def _listed(chapters: Sequence[int]) -> str:
    return ", ".join(f"{chapter:02}" for chapter in chapters)


def goods_measured(goods: Goods, odd: Sequence[Kept]) -> tuple[Measured, ...]:
    """The figures of odd goods."""
    return (
        Measured(name="odd_goods_sum", value=plain(sum(one.usd for one in odd)), unit="USD"),
        Measured(name="odd_goods_count", value=len(odd), unit="count"),
        Measured(name="odd_chapters", value=len({one.tag for one in odd}), unit="count"),
        Measured(name="own_goods_count", value=goods.count, unit="count"),
    )


def goods_sentences(context: Context, limits: Limits, goods: Goods, odd: Sequence[Kept]) -> tuple[str, str]:
    """What was found of odd goods."""
    total, line = sum(one.usd for one in odd), limits["odd_goods_min"]
    chapters, count = sorted({one.tag for one in odd}), len(odd)
    code = phrases.code("" if context.facts is None else context.facts.industry_code or "")
    own = phrases.counted(goods.count, "earlier payment", "earlier payments")
    english = (
        f"This firm is registered under the industry ({code}), and its {own} for goods were of the HS chapters "
        f"{_listed(goods.seen)}. Within {WINDOW_DAYS} days {phrases.counted(count, 'payment', 'payments')} of "
        f"{phrases.usd(total)} were for goods of the chapters {_listed(chapters)}, which go with neither. From "
        f"{phrases.usd(line.cents)} on it is told ({phrases.basis(line)}). A business may change: what was paid for "
        f"requires a check."
    )
    korean = (
        f"이 업체의 등록 업종은 ({code})이며, 기존 물품 거래 {goods.count}건의 품목 류는 {_listed(goods.seen)}입니다. "
        f"최근 {WINDOW_DAYS}일 동안 업종과 기존 거래에 없는 품목 류 {_listed(chapters)}에 대하여 {count}건, 합계 "
        f"{phrases.usd_ko(total)}가 거래되었습니다. 기준은 {phrases.usd_ko(line.cents)}입니다"
        f"({phrases.basis_ko(line)}). 사업의 변경일 수 있으므로 실제 거래 물품의 확인이 필요합니다."
    )
    return english, korean


def goods_tests(context: Context, declared: set[int]) -> tuple[LawTest, ...]:
    """The tests on goods; the figures are our own. `declared` are the chapters of the declaration that is named."""
    event = context.transaction
    bank = event.counterparty_bank_country
    same = None if event.hs_code is None or not declared else declared == {int(event.hs_code[:2])}
    fields = {"transactions.declaration_no": event.declaration_no, "transactions.hs_code": event.hs_code}
    return (
        law_test(
            "goods_of_another_business",
            "The goods go with neither the industry nor the firm's earlier goods; the table is fxwatch's own",
            "물품이 등록 업종과 기존 거래 품목 어디에도 속하지 않음. 업종별 품목표는 시스템 기준임",
            holds=True,
        ),
        law_test(
            "bank_in_another_country",
            "The other side's bank is in another country than the other side",
            "거래 상대방의 은행이 상대방과 다른 국가에 있음",
            holds=None if bank is None else bank != event.counterparty_country,
            missing="transactions.counterparty_bank_country" if bank is None else None,
        ),
        law_test(
            "declaration_named",
            "A customs declaration is named with this payment",
            "이 거래에 수출입 신고번호가 기재됨",
            holds=True if event.declaration_no is not None else None,
            missing=None if event.declaration_no is not None else "transactions.declaration_no",
        ),
        law_test(
            "declared_goods_agree",
            "What customs saw under that declaration is of the HS chapter that the payment names",
            "해당 신고의 품목 류가 거래에 기재된 품목 류와 같음",
            holds=same,
            missing=next((name for name, told in fields.items() if told is None), None),
        ),
    )


def growth_measured(grown: Growth) -> tuple[Measured, ...]:
    """The figures of a money business."""
    return (
        Measured(name="dealings_sum", value=plain(grown.total), unit="USD"),
        Measured(name="dealings_count", value=grown.payments, unit="count"),
        Measured(name="usual_dealings", value=plain(grown.usual), unit="USD"),
        Measured(name="times_usual_dealings", value=round(grown.total / grown.usual, 1), unit="ratio"),
        Measured(name="blocks_before", value=grown.blocks, unit="count"),
        Measured(name="turnover_in_usd", value=plain(grown.turnover), unit="USD"),
        *(
            [Measured(name="share_of_yearly_turnover", value=round(grown.total / grown.turnover, 4), unit="ratio")]
            if grown.turnover
            else []
        ),
    )


def growth_sentences(limits: Limits, grown: Growth) -> tuple[str, str]:
    """What was found of a money business."""
    multiple, share = limits["dealings_multiple"], limits["turnover_share"]
    times = f"{grown.total / grown.usual:.1f}"
    english = (
        f"This money business moved {phrases.usd(grown.total)} in "
        f"{phrases.counted(grown.payments, 'payment', 'payments')} within {BLOCK_DAYS} days. That is {times} times "
        f"the median of {phrases.usd(grown.usual)} of its {grown.blocks} earlier four weeks, from {multiple.number} "
        f"times on it is told ({phrases.basis(multiple)}). It is also more than {share.number} of the turnover of a "
        f"year in its profile, {phrases.usd(grown.turnover)} ({phrases.basis(share)}). Whether the business grew or "
        f"others deal through it requires a check."
    )
    korean = (
        f"이 환전 관련 업체는 {BLOCK_DAYS}일 동안 {grown.payments}건, 합계 {phrases.usd_ko(grown.total)}를 "
        f"거래하였습니다. 이는 과거 4주 구간 {grown.blocks}개의 중앙값 {phrases.usd_ko(grown.usual)}의 {times}배이며, "
        f"기준은 {multiple.number}배입니다({phrases.basis_ko(multiple)}). 또한 고객정보상 연 매출액 "
        f"{phrases.usd_ko(grown.turnover)} 상당액의 {share.number} 이상입니다({phrases.basis_ko(share)}). 영업의 "
        f"성장인지 타인의 거래가 섞였는지 확인이 필요합니다."
    )
    return english, korean


def growth_tests(facts: Facts | None) -> tuple[LawTest, ...]:
    """The tests on a money business; the figures are our own."""
    register = None if facts is None else facts.register
    return (
        law_test(
            "beyond_its_own_past",
            "It moved many times what it moved in four weeks before; the figures are fxwatch's own",
            "과거 4주 거래의 여러 배를 거래함. 수치는 시스템 기본값임",
            holds=True,
        ),
        law_test(
            "beyond_its_declared_size",
            "It is more than the size of the business in its profile explains; the figures are fxwatch's own",
            "고객정보상 사업 규모를 넘는 거래임. 수치는 시스템 기본값임",
            holds=True,
        ),
        law_test(
            "registered_business",
            "Its profile says that it is registered for foreign exchange business (Act art. 8(3))",
            "고객정보상 환전업무 등 외국환업무를 등록한 자임(외국환거래법 제8조제3항)",
            holds=None if register is None else True,
            missing="profiles.register" if register is None else None,
        ),
    )
