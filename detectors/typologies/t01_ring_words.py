"""How T01 tells of pieces under several names, in English and Korean, and the tests of one transfer for them."""

from typing import NamedTuple

from detectors.books.payments import Rows
from detectors.contracts.alert import LawTest
from detectors.contracts.limits import DatedLimit
from detectors.typologies.base import law_test
from detectors.typologies.declared import Said, Sanction
from detectors.typologies.node_view import NodeView, total
from detectors.typologies.t01_words import close_and_alike, line_binds
from detectors.wording import phrases
from detectors.wording.korean_particles import particle

NEXT_STEPS: tuple[Said, ...] = (
    Said(
        "Ask the banks for the orders of all pieces: who gave them and the money, from which device and address",
        "모든 송금의 지급신청서와 접속 기록을 요청하여 신청인, 접속기기와 주소, 자금의 출처를 확인하십시오",
    ),
    Said(
        "Ask the residents whether somebody asked them to send, and what each of them paid for",
        "거주자들에게 타인의 부탁으로 송금하였는지와 각자의 송금 사유를 확인하십시오",
    ),
    Said(
        "Ask how they know each other: a family or colleagues may share a device for honest reasons",
        "가족이나 동료처럼 기기를 함께 쓸 정당한 사유가 있는지 서로의 관계를 확인하십시오",
    ),
    Said(
        "Find out what stands behind the pieces: one contract or bill, a capital transaction, a yearly amount used up",
        "하나의 계약이나 청구서, 자본거래, 연간 한도를 모두 사용한 사람의 송금인지 원인 거래를 확인하십시오",
    ),
)
SANCTIONS: tuple[Sanction, ...] = (
    Sanction(
        "act_15",
        "the pieces were one person's payment for which documents were due",
        "여러 명의의 송금이 증빙서류를 제출하여야 하는 한 사람의 지급이었다면",
    ),
    Sanction(
        "act_18",
        "the pieces paid for one person's capital transaction that needed a report",
        "여러 명의의 송금이 신고가 필요한 한 사람의 자본거래 대금이었다면",
    ),
)


class ToldRing(NamedTuple):
    """What is told of a ring: its pieces, names, the thing's users in `month` days, the line and the band's lower end.

    `held` is for a device or contact, `binds` for a line that asks for documents at once, not after the yearly amount.
    """

    rows: Rows
    names: int
    users: int
    days: int
    month: int
    line: DatedLimit
    low: int
    held: bool
    binds: bool


def sentences(view: NodeView, told: ToldRing) -> tuple[str, str]:
    """What was found, in English and Korean."""
    thing, thing_ko = view.thing()
    usd, count, line = total(told.rows), len(told.rows), told.line
    amounts = (int(told.rows["usd"].min()), int(told.rows["usd"].max()))
    purpose, purpose_ko = _purpose(view, told)
    times = f"{usd / line.cents:.1f}"
    how, how_ko = f"paid one {thing}", f"같은 {thing_ko}에"
    users, users_ko = "", ""
    if told.held:
        how, how_ko = (
            f"paid one foreign party through one {thing}",
            f"같은 {thing_ko}를 이용하여 하나의 해외 상대방에게",
        )
        users = f" {phrases.counted(told.users, 'resident', 'residents')} used the {thing} within {told.month} days."
        users_ko = f" {told.month}일 동안 이 {thing_ko}를 이용한 거주자는 {told.users}명입니다."
    pieces = phrases.counted(count, "transfer", "transfers")
    english = (
        f"Within {phrases.counted(told.days, 'day', 'days')} {told.names} residents {how} with {pieces} of "
        f"{phrases.between(*amounts)} each, without documents; stated purpose: {purpose}. Together they are "
        f"{phrases.usd(usd)}, {times} times the document line of {phrases.usd(line.cents)} ({phrases.basis(line)}). "
        f"Each piece lies between {phrases.usd(told.low)} and the line.{users} The supervisor's tests for one transfer "
        f"ask for one remitter: whether one person stands behind these names requires a check."
    )
    korean = (
        f"{told.days}일 동안 거주자 {told.names}명이 {how_ko} 같은 사유({purpose_ko})로 증빙서류 없이 {count}건을 "
        f"송금하였습니다(건당 {phrases.between_ko(*amounts)}). 합계는 {phrases.usd_ko(usd)}로, 증빙면제 기준금액 "
        f"{phrases.usd_ko(line.cents)}({phrases.basis_ko(line)})의 {times}배입니다. 각 건은 "
        f"{phrases.usd_ko(told.low)} 이상 기준금액 이하입니다.{users_ko} 감독당국의 동일 송금 판단기준은 동일 송금인을 "
        f"요건으로 하므로, 한 사람이 여러 명의를 이용한 것인지 확인이 필요합니다."
    )
    if not told.binds:
        english += (
            " The line asks for documents only once a person's yearly amount is used up, and whether somebody's was is "
            "not known here."
        )
        korean += (
            " 기준금액은 연간 누계금액을 모두 사용한 뒤에 적용되며, 누구의 한도가 모두 사용되었는지는 "
            "여기서 알 수 없습니다."
        )
    more, more_ko = view.sampled()
    return english + more, korean + more_ko


def _purpose(view: NodeView, told: ToldRing) -> tuple[str, str]:
    """The pieces' purpose in words; a code that the list has no words for, as it is."""
    code = view.names[int(told.rows["purpose"][0])]
    if not code:
        return "not given", "기재되지 않음"
    known = view.legend.purposes.get(code)
    return (code, code) if known is None else (known.text_en, known.text_ko)


def law_tests(view: NodeView, told: ToldRing) -> tuple[LawTest, ...]:
    """The three tests of one transfer, as far as they can be told, then what is asked beside them."""
    purpose = bool(view.names[int(told.rows["purpose"][0])])
    thing, thing_ko = view.thing()
    return (
        law_test(
            "same_remitter",
            "One transfer (FSC notice of 2021-11-15): the remitter is the same; here the names differ, and no field "
            "tells whose money it was",
            "동일 송금(금융위원회 2021년 11월 15일 안내): 송금인이 같음. 여기서는 명의가 다르며, 누구의 자금인지 알 수 "
            "있는 항목 없음",
            holds=None,
        ),
        *close_and_alike(purpose, told.days),
        law_test("one_beneficiary", "All pieces went to one beneficiary", "모든 송금의 수취인이 같음", holds=True),
        law_test(
            "shared_thing",
            f"The residents share one {thing}; how many it takes is fxwatch's own",
            f"여러 거주자가 하나의 {particle(thing_ko, '을', '를')} 공유함. 기준 인원은 시스템 기본값임",
            holds=True,
        ),
        line_binds(True if told.binds else None),
        law_test(
            "line_is_theirs",
            "The line is that of residents; whether one of these is a foreign resident or a non-resident is not known "
            "here",
            "기준금액은 거주자에게 적용됨. 외국인거주자나 비거주자가 있는지는 여기서 알 수 없음",
            holds=None,
        ),
    )
