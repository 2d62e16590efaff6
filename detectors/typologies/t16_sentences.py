"""T16's sentences: the rate, the reference, the limit, others at that time, the value that moved, the party's past."""

from fractions import Fraction
from typing import NamedTuple

from detectors.books.payments import OUT
from detectors.contracts.limits import Limits
from detectors.typologies.base import Context, Deal
from detectors.typologies.t16_deals import moved_by
from detectors.typologies.t16_market import Market, Spread
from detectors.typologies.t16_words import CHANNELS
from detectors.values.market_gap import CENTIBP
from detectors.wording import phrases
from detectors.wording.korean_particles import particle


class OwnDeals(NamedTuple):
    """The party's other deals in `width` days: mean in bp (None of none), their number, and those off the market.

    `moved` is what these and the deal at hand moved, USD cents.
    """

    width: int
    mean: float | None
    number: int
    off_market: int
    moved: int


def sentences(
    context: Context, deal: Deal, limits: Limits, spread: Spread, market: Market | None, past: OwnDeals
) -> tuple[str, str]:
    """The finding in English and in Korean."""
    above = deal.deviation > 0
    out = bool(context.payment.flags & OUT)
    gap, rate = abs(deal.deviation) / CENTIBP, float(Fraction(*deal.rate))
    reference = float(Fraction(*deal.reference))
    # paying more than the market, or receiving less than it, leaves value with the other side
    loses = above == out
    floor = limits["deviation_min"]
    usual, usual_ko = _usual(spread)
    rate_ko = particle(f"{rate:.8g}({deal.pair})", "은", "는")
    others, others_ko = _others(market)
    past_en, past_ko = _of_the_past(past)
    this_moved = moved_by(context.payment.usd, deal.deviation)
    english = (
        f"The deal rate {rate:.8g} {deal.pair} is {gap:.0f} bp {'above' if above else 'below'} the reference rate "
        f"{reference:.8g} in force at that time. The limit is the larger of {floor.number} bp ({phrases.basis(floor)}) "
        f"and {limits['spread_multiple'].number} times {usual}. {others}The resident "
        f"{'gave up' if loses else 'gained'} "
        f"{phrases.usd(this_moved)} by it on {phrases.usd(context.payment.usd)}. {past_en}."
    )
    korean = (
        f"거래환율 {rate_ko} 거래 시점의 기준환율 {reference:.8g}보다 {gap:.0f}bp "
        f"{'높습니다' if above else '낮습니다'}. 기준은 {floor.number}bp({phrases.basis_ko(floor)})와 "
        f"{usual_ko}의 "
        f"{limits['spread_multiple'].number}배 중 큰 값입니다. {others_ko}이 차이로 거주자는 "
        f"{phrases.usd_ko(context.payment.usd)} 거래에서 {phrases.usd_ko(this_moved)} 상당의 "
        f"{'손실을 부담하였습니다' if loses else '이익을 얻었습니다'}. {past_ko}."
    )
    return english, korean


def _usual(spread: Spread) -> tuple[str, str]:
    """What spread is normal, and what taught it."""
    learned, learned_ko = "no deal has taught it yet", "학습된 거래가 없어 초기값 적용"
    if spread.deals:
        learned = f"learned from {phrases.counted(spread.deals, 'deal', 'deals')}"
        learned_ko = f"거래 {spread.deals}건에서 학습"
    width = f"{spread.centibp / CENTIBP:.0f}"
    if spread.channel is None:
        return (
            f"the pair's normal spread of {width} bp ({learned})",
            f"해당 통화쌍의 통상 괴리 폭 {width}bp({learned_ko})",
        )
    channel, channel_ko = CHANNELS.get(spread.channel, (spread.channel, spread.channel))
    return (
        f"the normal spread of {width} bp of the pair's deals {channel} ({learned})",
        f"해당 통화쌍의 {channel_ko} 거래의 통상 괴리 폭 {width}bp({learned_ko})",
    )


def _others(market: Market | None) -> tuple[str, str]:
    """What other institutions dealt at within the hour before; empty where too few did."""
    if market is None:
        return "", ""
    gap, number = f"{market.centibp / CENTIBP:+.0f}", market.institutions
    english = f"By the same channel {number} other institutions dealt {gap} bp from the reference (median of an hour). "
    korean = f"같은 경로로 다른 금융기관 {number}곳이 직전 1시간 동안 거래한 환율의 괴리는 중앙값 {gap}bp입니다. "
    return english, korean


def _of_the_past(past: OwnDeals) -> tuple[str, str]:
    """What the party's other deals were: their mean in bp, and those off the market; without a full stop.

    The mean is of local days, the repetitions lie within so many times 24 hours: the evening of a day that is no part
    of the mean may be among them.
    """
    width, own, own_n, repeats, moved = past
    in_all, in_all_ko = f"{phrases.usd(moved)} moved in all", f"이전된 금액은 모두 {phrases.usd_ko(moved)}입니다"
    if own is None and not repeats:
        return (
            f"No other deal of this party is known in {width} days, so it cannot be compared with its own past",
            f"최근 {width}일 동안 본인의 다른 거래가 확인되지 않아 본인의 과거와 비교할 수 없습니다",
        )
    if own is None:
        deals = phrases.counted(repeats, "earlier deal of this party was", "earlier deals of this party were")
        return (
            f"In {width} days {deals} off the market too, {in_all}",
            f"최근 {width}일 동안 본인의 다른 거래 {repeats}건도 시장환율을 벗어났으며, {in_all_ko}",
        )
    other = phrases.counted(own_n, "other deal", "other deals")
    english = f"The mean of this party's {other} in {width} days was {own:+.0f} bp{phrases.few(own_n)}"
    korean = f"최근 {width}일 동안 본인의 다른 거래 {own_n}건의 평균 괴리는 {own:+.0f}bp입니다{phrases.few_ko(own_n)}"
    if repeats:
        deals = phrases.counted(repeats, "earlier deal was", "earlier deals were")
        english += f". {deals} off the market too, {in_all}"
        korean += f". 이전 거래 {repeats}건도 시장환율을 벗어났으며, {in_all_ko}"
    return english, korean
