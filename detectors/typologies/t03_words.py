"""T03's own words: its sentences in English and Korean, and the Korean of what its alerts carry in English."""

from typing import NamedTuple

from detectors.books.payments import OUT, Rows
from detectors.contracts.alert import LawTest
from detectors.contracts.limits import DatedLimit
from detectors.typologies.base import law_test
from detectors.typologies.declared import Said, Sanction, Word, Words
from detectors.typologies.node_view import NodeView
from detectors.wording import phrases
from detectors.wording.korean_particles import particle

WORDS = Words(
    measured={
        "residents": Word("거주자 수", "명"),
        "star_payments": Word("거래 건수"),
        "star_total": Word("거래 합계"),
        "amount_spread": Word("금액 변동계수"),
        "payments_in_window": Word("관찰 기간의 무증빙 거래 건수"),
        "sample_of": Word("표본 추출 비율의 분모", "명"),
    },
    windows=((r"(\d+) days", "{}일"),),
    legal_basis={
        "Foreign Exchange Transactions Act art. 8(1), (3) (registration of foreign exchange business) and 15(1) "
        "(payment procedure); an indicator of borrowed names": (
            "외국환거래법 제8조제1항, 제3항(외국환업무의 등록 등), 제15조제1항(지급절차), 차명 거래의 징후"
        ),
    },
)
NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the banks for the orders: who came, from which device and address, and who gave the money",
        "은행에 신청서와 접속 기록을 요청하여 누가 어느 기기에서 신청하였고 자금의 출처가 누구인지 확인하십시오",
    ),
    Said(
        "Ask some of the residents what they paid for and whether somebody asked them to",
        "거주자 일부에게 거래 사유와 타인의 부탁을 받았는지를 확인하십시오",
    ),
    Said(
        "Find out who the foreign party is, and whether it has honest reasons to have many payers, as a school or shop",
        "해외 상대방이 누구이며 학교나 상점처럼 거래자가 많을 정당한 사유가 있는지 확인하십시오",
    ),
    Said(
        "Look for the same residents at other payees, devices and contacts",
        "같은 거주자들이 다른 수취인, 접속기기, 연락처에서도 나타나는지 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_8",
        "somebody had others send or receive for him as a business, without a registration",
        "타인의 명의를 이용하여 등록 없이 송금을 대행하는 영업을 하였다면",
    ),
)


# what the residents did, by series
_DONE_KO = {"names": "거래하였습니다", "out": "지급하였습니다", "in": "수령하였습니다"}
# what to add where the document line asks for documents only after the yearly amount
_AFTER_CAP = (
    "; the line asks for documents only once a person's yearly amount is used up, which is not known here of anybody",
    ". 기준금액은 연간 누계금액을 모두 사용한 뒤에 적용되며, 누구의 한도가 모두 사용되었는지는 여기서 알 수 없음",
)


class Star(NamedTuple):
    """Similar payments around one shared thing.

    `residents` are numbers with USD cents, largest first; `usd` is their sum, `spread` the coefficient of variation of
    amounts, `seen` how many payments without documents the window has in all.
    """

    rows: Rows
    residents: list[tuple[int, int]]
    usd: int
    spread: float
    days: int
    seen: int


def sentences(view: NodeView, series: str, star: Star) -> tuple[str, str]:
    """What was found, in English and Korean."""
    names, count = len(star.residents), len(star.rows)
    thing, thing_ko = view.thing()
    least, most = int(star.rows["usd"].min()), int(star.rows["usd"].max())
    first, first_ko = phrases.day(view.first_us, view.zone), phrases.day_ko(view.first_us, view.zone)
    where = f" in ({view.country})" if view.country else ""
    where_ko = f"({view.country}) 소재 " if view.country else ""
    within, done_ko = f"Within {phrases.counted(star.days, 'day', 'days')}", _DONE_KO[series]
    if series == "names":
        english = f"{within} {names} residents used one {thing} for "
        korean = f"{star.days}일 동안 거주자 {names}명이 같은 {thing_ko}를 이용하여 "
    elif series == "out":
        english = f"{within} {names} residents paid one {thing}{where} with "
        korean = f"{star.days}일 동안 거주자 {names}명이 {where_ko}같은 {thing_ko}에 "
    else:
        english = f"{within} {names} residents were paid by one {thing}{where} with "
        korean = f"{star.days}일 동안 거주자 {names}명이 {where_ko}같은 {particle(thing_ko, '으로', '로')}부터 "
    english += (
        f"{phrases.counted(count, 'payment', 'payments')} without documents, {phrases.usd(star.usd)} together, "
        f"{phrases.between(least, most)} each. The standard deviation of the amounts is {100 * star.spread:.0f} % "
        f"of their mean. The {thing} was first seen on {first}. Whether one person stands behind these names requires "
        f"a check."
    )
    korean += (
        f"증빙서류 없이 {count}건, 합계 {phrases.usd_ko(star.usd)}를 {done_ko}. 건당 금액은 "
        f"{phrases.between_ko(least, most)}이며 변동계수는 {100 * star.spread:.0f}%입니다. 이 {thing_ko}의 최초 "
        f"확인일은 {first_ko}입니다. 한 사람이 여러 명의를 이용한 것인지 확인이 필요합니다."
    )
    more, more_ko = view.sampled()
    return english + more, korean + more_ko


def _line(view: NodeView, star: Star) -> tuple[DatedLimit | None, bool]:
    """The document line on the day of the newest payment, and whether it asks for documents at once."""
    day = view.day(int(star.rows["time"].max()))
    waits = view.rulebook.limit("T01", "line_applies_after_cap", day)
    return view.rulebook.law("document_line", day), waits is None or waits.number == 0


def law_tests(view: NodeView, star: Star, spread_max: float, *, held: bool) -> tuple[LawTest, ...]:
    """The tests of a ring; of a device or contact (`held`) similar amounts are not asked.

    Pieces under the document line that pass it together are T01's sign of one transfer, here under several names.
    """
    line, binds = _line(view, star)
    out = star.rows["flags"] & OUT != 0
    pieces = None if line is None else bool(out.all()) and int(star.rows["usd"].max()) <= line.cents < star.usd
    after, after_ko = ("", "") if binds else _AFTER_CAP
    thing, thing_ko = view.thing()
    return (
        law_test(
            "several_names",
            f"Several residents are connected with one {thing}; the number asked for is fxwatch's own",
            f"여러 거주자가 같은 {particle(thing_ko, '과', '와')} 관련됨. 기준 인원은 시스템 기본값임",
            holds=True,
        ),
        law_test(
            "similar_amounts",
            "The amounts are similar, as when one sum is shared out" + ("; here it is not asked for" if held else ""),
            "하나의 금액을 나눈 것처럼 거래 금액이 서로 비슷함" + (". 이 경우에는 요건이 아님" if held else ""),
            holds=star.spread < spread_max,
        ),
        law_test(
            "pieces_under_line",
            "Each payment out stays within the document line and all of them pass it, as one transfer split over names "
            f"would (Regulation art. 4-3(1), FSC notice of 2021-11-15){after}",
            "각 지급은 증빙면제 기준금액 이내이나 합계는 이를 넘어, 하나의 송금을 여러 명의로 나눈 것과 같음"
            f"(외국환거래규정 제4-3조제1항, 금융위원회 2021년 11월 15일 안내){after_ko}",
            holds=pieces,
        ),
        law_test(
            "no_documents",
            "The banks told that no documents were shown for these payments (Regulation art. 4-3(1))",
            "은행이 증빙서류 없는 거래로 보고함(외국환거래규정 제4-3조제1항)",
            holds=True,
        ),
        law_test(
            "one_principal",
            "One person gave or got the money of all of them; no field tells it",
            "한 사람이 이들 거래 자금의 실제 주인임. 알 수 있는 항목 없음",
            holds=None,
        ),
        law_test(
            "business_without_registration",
            "It was done for others as a business, which needs a registration (Act art. 8(1), (3)); no field tells it",
            "타인을 위한 영업으로서 등록이 필요한 업무임(외국환거래법 제8조제1항, 제3항). 알 수 있는 항목 없음",
            holds=None,
        ),
    )
