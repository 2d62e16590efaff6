"""Supervisor screens on what T05 keeps of a firm: small-capital new firms, and firms that send through one branch.

Published by the supervisor in 2022-07. Both ask for the published amount first. Of a firm that T05 does not keep (old,
of some capital, never fed by exchange-linked money) nothing is known here, and it is in no list.
"""

from collections.abc import Iterator, Sequence

from detectors.contracts.limits import DatedLimit, Limits
from detectors.contracts.screens import MOST_POSITIONS, ScreenId
from detectors.typologies.base import Past, slot
from detectors.typologies.due import Wake
from detectors.typologies.firm import FIRMS
from detectors.typologies.screening import Listing, Month
from detectors.typologies.t05_kimchi_premium import ANY_POSITION, ID, SUPERVISOR, firm_of, limits_of
from detectors.typologies.t05_measures import Measures, Outflow, Sent, is_published, measured
from detectors.typologies.t05_tests import law_tests
from detectors.typologies.t05_words import sentences, shown
from detectors.values import money
from detectors.wording import phrases

NEW_FIRM: ScreenId = "small_capital_new_firm"
ONE_BRANCH: ScreenId = "branch_concentration"
# of the newest payments, at whose times a rate is looked for; 3 us each
_MOST_RATES = 8


def look(wake: Wake, month: Month) -> Iterator[Listing]:
    """The lists of a month that the firm is in. Cost: 1 ms with 128 payments.

    Payments count up to the month's end, as what came back by now leaves them. Of more than 128 those beyond are in
    totals, and count whenever they were made.
    """
    past = wake.past
    found, limits = slot(past, ID, Outflow, None), limits_of(past, month.last_day)
    if found is None or limits is None or "sent_min" not in limits or wake.party_type not in FIRMS:
        return
    every = [one for one in found.kept if one.time_us < month.ends_us]
    if found.total + sum(one.usd for one in every) < limits["sent_min"].cents:
        return
    yield from _lists(past, found, every, month, limits)


def _lists(past: Past, found: Outflow, every: Sequence[Sent], month: Month, limits: Limits) -> Iterator[Listing]:
    facts, at_us = past.facts, month.ends_us - 1
    age = None if facts is None or facts.registered_on is None else (month.last_day - facts.registered_on).days
    # a month may end on a weekend, without a rate; its newest payments had one then
    times = sorted((one.time_us for one in every), reverse=True)[:_MOST_RATES]
    rates = (past.reference("KRW/USD", us, ANY_POSITION) for us in (at_us, *times))
    rate = next((one for one in rates if one is not None), None)
    won = None if facts is None else facts.capital_krw
    worth = None if won is None or rate is None else money.cents(money.parse_or_zero(won), rate)
    measures = measured(found, every, at_us, firm_of(facts, age, worth, limits), limits)
    if is_published(measures, limits):
        yield _listing(NEW_FIRM, past, every, limits, measures, sentences(limits, measures, "sent"))
    line = limits.get("branch_share")
    if line is not None and measures.branch is not None and measures.branch >= line.number:
        there = [one for one in every if one.branch == measures.largest]
        yield _listing(ONE_BRANCH, past, there, limits, measures, _branch_sentences(limits, measures, line))


def _listing(
    screen: ScreenId,
    past: Past,
    named: Sequence[Sent],
    limits: Limits,
    measures: Measures,
    said: tuple[str, str],
) -> Listing:
    events = {one.event for one in named}
    banks = {past.names[row["institution"]] for row in past.rows if int(row["event"]) in events}
    newest = sorted(named, key=lambda one: (one.time_us, one.offset))[-MOST_POSITIONS:]
    return Listing(
        screen,
        tuple(limits[name].shown() for name in SUPERVISOR if name in limits),
        shown(measures),
        law_tests(limits, measures, told=any(one.linked for one in named)),
        tuple(one.offset for one in newest),
        tuple(sorted(banks)),
        *said,
    )


def _branch_sentences(limits: Limits, measures: Measures, line: DatedLimit) -> tuple[str, str]:
    share, least = f"{(measures.branch or 0) * 100:.1f}", limits["sent_min"]
    english = (
        f"This firm sent {phrases.usd(measures.total)} in {phrases.counted(measures.number, 'payment', 'payments')} "
        f"for imports and services, where the supervisor's test begins at {phrases.usd(least.cents)} "
        f"({phrases.basis(least)}). {share} % of it went through one branch, where the test begins at "
        f"{float(line.number) * 100:g} % ({phrases.basis(line)}). A firm may have one house bank: why this branch "
        f"handles the payments, and how it checks them, requires a check."
    )
    korean = (
        f"이 업체는 수입·용역 대금 {measures.number}건, 합계 {phrases.usd_ko(measures.total)}를 송금하였으며, "
        f"감독당국의 점검 기준은 {phrases.usd_ko(least.cents)}({phrases.basis_ko(least)})입니다. 이 중 {share}%가 한 "
        f"영업점을 통해 송금되었으며, 기준은 {float(line.number) * 100:g}%({phrases.basis_ko(line)})입니다. 주거래 "
        f"영업점일 수 있으므로 해당 영업점에 송금이 집중된 이유와 확인 절차에 대한 점검이 필요합니다."
    )
    return english, korean
