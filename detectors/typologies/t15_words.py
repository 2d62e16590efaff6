"""T15's own words: its sentences in English and Korean, and the Korean of what its alerts carry in English."""

from typing import NamedTuple

import numpy as np

from detectors.books.payments import OUT, Rows, exact_sum, sums_by
from detectors.contracts.alert import LawTest
from detectors.contracts.events import LegKind
from detectors.typologies.base import law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.node_view import NodeView
from detectors.values.legal_calendar import DAY_US
from detectors.wording import phrases

WORDS = Words(
    measured={
        "cycle_left": Word("처음 나간 금액"),
        "cycle_returned": Word("되돌아온 금액"),
        "cycle_lost": Word("도중에 줄어든 금액"),
        "cycle_ratio": Word("회수 비율"),
        "cycle_days": Word("순환에 걸린 일수"),
        "cycle_payments": Word("순환에 쓰인 거래"),
        "cycle_hops": Word("순환 단계", "단계"),
        "foreign_parties": Word("경유한 해외 상대방", "곳"),
        "institutions_shared": Word("양쪽이 함께 쓴 기관", "곳"),
    },
    windows=((r"(\d+) days", "{}일"),),
    legal_basis={
        "Foreign Exchange Transactions Act art. 18(1) (capital transactions without a report); an indicator of "
        "round-tripping": "외국환거래법 제18조제1항(자본거래의 신고), 자금 우회·환류의 징후",
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask both residents for the contract, the goods or the service behind each payment, and compare the dates",
        "두 거주자에게 각 거래의 계약과 물품 또는 용역을 확인하고 날짜를 대조하십시오",
    ),
    Said(
        "Find out who owns the residents and the foreign parties, and whether they have people or an address in common",
        "거주자와 해외 상대방의 소유자를 파악하고 임직원이나 주소가 같은지 확인하십시오",
    ),
    Said(
        "Check whether what came as a loan, an investment or a deposit was reported as a capital transaction",
        "대차, 투자 또는 예금으로 들어온 자금이 자본거래로 신고되었는지 확인하십시오",
    ),
    Said(
        "Look at customs declarations for the legs of trade: goods that nobody needs or that come back hint at a sham",
        "무역 대금에 대응하는 수출입 신고를 확인하고, 같은 물품이 되돌아오거나 필요 없는 물품인지 살펴보십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_18",
        "a leg of the cycle was a capital transaction and was not reported",
        "순환 거래 중 신고하지 않은 자본거래가 있었다면",
    ),
)


class Cycle(NamedTuple):
    """Payments that come round, hop by hop from where it began; `foreign`: it began at a foreign party.

    `left` and `home` in USD cents: what left by the first hop and what came home by the last. `first_us` and `last_us`
    are the times of the first and last payment. `days` is the window, `largest` the cents of the largest hop.
    """

    hops: tuple[Rows, ...]
    left: int
    home: int
    first_us: int
    last_us: int
    foreign: bool
    days: int
    largest: int

    def vias(self, view: NodeView, kind: LegKind) -> set[int]:
        """Foreign parties, or accounts, of the payments, by number."""
        there = {each for hop in self.hops for each in hop["payment"].tolist()}
        return {number for number in there if number in view.vias and view.vias[number][0] == kind}

    def shared(self) -> set[int]:
        """Institutions that payments of both residents went through, by their number in the node."""
        every = np.concatenate(self.hops)
        whose = np.unique(every["beneficiary"])
        sides = [set(every["institution"][every["beneficiary"] == who].tolist()) for who in whose]
        return set.intersection(*sides)


def _purpose(view: NodeView, hop: Rows) -> tuple[str, str]:
    """The purpose of most money of a hop, in English and Korean."""
    sums = sums_by(hop["purpose"], hop["usd"])
    code = view.names[max(sums, key=lambda number: (sums[number][0], -number))]
    known = view.legend.purposes.get(code)
    if known is not None:
        return known.text_en, known.text_ko
    if not code:
        return "no stated purpose", "사유 미기재"
    return f"purpose code {phrases.code(code)}", f"사유코드 {phrases.code(code)}"


def _hop(view: NodeView, hop: Rows, number: int) -> tuple[str, str]:
    own = bool((hop["beneficiary"] == np.uint64(view.own)).all())
    who, who_ko = ("the first resident", "첫 번째 거주자") if own else ("the other resident", "다른 거주자")
    paid = bool(hop["flags"][0] & OUT)
    usd, first = exact_sum(hop["usd"]), int(hop["time"].min())
    purpose, purpose_ko = _purpose(view, hop)
    verb, verb_ko = ("paid", "지급") if paid else ("got", "수령")
    return (
        f"({number}) {who} {verb} {phrases.usd(usd)} from {phrases.day(first, view.zone)} on, {purpose}",
        f"({number}) {who_ko} {verb_ko} {phrases.usd_ko(usd)}, {phrases.day_ko(first, view.zone)}부터, {purpose_ko}",
    )


def sentences(view: NodeView, cycle: Cycle) -> tuple[str, str]:
    """What was found, in English and Korean: the whole, then hop by hop."""
    days, percent = (cycle.last_us - cycle.first_us) / DAY_US, 100 * cycle.home / cycle.left
    begin, begin_ko = ("a foreign party", "해외 상대방으로부터") if cycle.foreign else ("a resident", "거주자로부터")
    lost = cycle.left - cycle.home
    english = (
        f"{phrases.usd(cycle.left)} left {begin} and {phrases.usd(cycle.home)} ({percent:.0f} %) came home within "
        f"{days:.1f} days, over two residents and foreign parties between them; {phrases.usd(lost)} stayed on the way. "
    )
    korean = (
        f"{begin_ko} {phrases.usd_ko(cycle.left)}가 나가 {days:.1f}일 만에 {phrases.usd_ko(cycle.home)}"
        f"({percent:.0f}%)가 두 거주자와 그 사이의 해외 상대방을 거쳐 되돌아왔으며, 도중에 "
        f"{phrases.usd_ko(lost)}가 줄었습니다. "
    )
    hops = [_hop(view, hop, number) for number, hop in enumerate(cycle.hops, 1)]
    english += "; ".join(one for one, _ in hops) + "."
    korean += "; ".join(one for _, one in hops) + "."
    if shared := len(cycle.shared()):
        english += f" Both residents used {phrases.counted(shared, 'institution', 'institutions')} in common."
        korean += f" 두 거주자가 함께 이용한 기관은 {shared}곳입니다."
    if view.left_out:
        english += f" {phrases.counted(view.left_out, 'payment', 'payments')} told of earlier are not kept any more."
        korean += f" 앞서 전달된 {view.left_out}건은 더 이상 보관하지 않습니다."
    return (
        english + " Whether these are real deals requires a check.",
        korean + " 실제 거래인지 확인이 필요합니다.",
    )


def law_tests(view: NodeView, cycle: Cycle) -> tuple[LawTest, ...]:
    """The tests of a cycle."""
    kinds = {
        known.kind
        for hop in cycle.hops
        for number in set(hop["purpose"].tolist())
        if (known := view.legend.purposes.get(view.names[number])) is not None
    }
    told = all(
        view.names[number] in view.legend.purposes for hop in cycle.hops for number in set(hop["purpose"].tolist())
    )
    capital = True if "capital" in kinds else False if told else None
    return (
        law_test(
            "value_returned",
            "Most of what left came home in the order of time; share, sum and windows are fxwatch's own",
            "나간 금액의 대부분이 시간 순서에 따라 되돌아옴. 비율, 금액과 기간은 시스템 기본값임",
            holds=True,
        ),
        law_test(
            "passed_on",
            "Each party between passed on what it got before; a payment between foreign parties is seen by nobody here",
            "중간 당사자가 앞서 받은 금액을 다시 지급함. 해외 상대방 사이의 지급은 확인할 수 없음",
            holds=True,
        ),
        law_test(
            "capital_leg",
            "A leg has the purpose of a capital transaction (Act art. 18(1))",
            "자본거래 사유의 거래가 포함됨(외국환거래법 제18조제1항)",
            holds=capital,
            missing="transactions.purpose" if capital is None else None,
        ),
        law_test(
            "capital_reported",
            "The capital transaction was not reported (Act art. 18(1)); legs carry no report",
            "자본거래를 신고하지 않음(외국환거래법 제18조제1항). 전달된 거래에는 신고 항목이 없음",
            holds=None,
            missing="transactions.report_no",
        ),
    )
