"""When scores become useful, as sentences in English and Korean: for `fxwatch doctor` and the start-up page."""

from collections.abc import Iterator
from math import ceil

from detectors.ranking.outlook import Outlook
from streams.plain_text.languages import LANGUAGES, Both, Language, Words

# From here on a tenth of a payment a day is of no interest.
WHOLE = 10


class OutlookWords(Words):
    """Sentences of an outlook. A number of days is rounded up: who waits so long is never told too early."""

    # fmt: off
    rules = Both("Rules alert from the first payment on. They wait for nothing.",
                 "규칙에 의한 경보는 첫 거래부터 발생합니다. 학습을 기다리지 않습니다.")
    volume = Both("{payments} payments a day over {partitions} partitions, {each} in each.",
                  "하루 거래 {payments}건, 파티션 {partitions}개, 파티션당 {each}건.")
    no_volume = Both("No payment in the last days, so nobody can say when scores become useful.",
                     "최근 거래가 없어 점수를 언제부터 쓸 수 있는지 알 수 없습니다.")
    warm = Both("All {partitions} partitions rank payments.", "파티션 {partitions}개 모두 순위를 매깁니다.")
    warming = Both("{warm} of {partitions} partitions rank payments. The others have learned too little: {least} of "
                   "{warm_up} payments in the slowest.",
                   "파티션 {partitions}개 중 {warm}개가 순위를 매깁니다. 나머지는 아직 학습이 부족합니다. 가장 느린 "
                   "파티션은 {warm_up}건 중 {least}건을 학습하였습니다.")
    until_warm = Both("All of them rank in some {days} days.", "약 {days}일 뒤에 모두 순위를 매깁니다.")
    among = Both("A rank is taken among {among} payments. Counting alone tells shares down to 1 in {finest}.",
                 "순위는 거래 {among}건 중에서 매깁니다. 건수만으로는 {finest}건 중 1건까지 구분합니다.")
    alerts = Both("A payment alerts by its rank where it is the rarest of {one_in}.",
                  "{one_in}건 중 가장 드문 거래일 때 순위로 경보가 발생합니다.")
    never = Both("No payment can alert by its rank: the budget or most_by_chance is 0.",
                 "순위로는 경보가 발생할 수 없습니다. 예산 또는 most_by_chance가 0입니다.")
    fine = Both("Ranks are fine enough for that by counting alone.", "건수만으로 충분히 세밀합니다.")
    coarse = Both("Ranks are coarse: beyond what was counted they rest on a fitted tail. Counting alone suffices in "
                  "some {days} days.",
                  "순위가 거칩니다. 센 건수를 넘어서는 부분은 적합된 꼬리 분포에 의존합니다. 약 {days}일 뒤에는 "
                  "건수만으로 충분합니다.")
    coarse_for_good = Both("Ranks that alert always rest on a fitted tail here: at most {most} payments are counted, "
                           "and {needed} would be needed.",
                           "이 거래량에서는 경보가 되는 순위가 항상 적합된 꼬리 분포에 의존합니다. 최대 {most}건을 "
                           "세지만 {needed}건이 필요합니다.")
    chance = Both("By chance alone, {total} statistical alerts a day are to be expected of ordinary payments: {rank} "
                  "by rank, {lot} by lot.",
                  "정상 거래만으로도 하루 {total}건의 통계적 경보가 우연히 예상됩니다. 순위 {rank}건, 무작위 추출 "
                  "{lot}건.")
    advice = Both({
        "load_history": "load the past (docs/RUNBOOK.md, Loading history): it counts for ranks, and alerts nobody",
        "lower_warm_up": "or lower [detectors] warm_up, 10 at the least: ranks come sooner and coarser, models anew",
        "fewer_partitions": "at the next cluster choose fewer partitions ([engine] partitions): each then sees more",
        "wait": "or wait: the rules work meanwhile",
        "raise_by_chance": "raise [detectors] daily_budget or most_by_chance above 0",
        "send_payments": "let the senders send, then ask again",
    }, {
        "load_history": "과거 자료를 적재하십시오(docs/RUNBOOK.md, Loading history). 순위에 반영되고 경보는 없습니다",
        "lower_warm_up": "또는 [detectors] warm_up을 최소 10까지 낮추십시오. 순위가 거칠어지고 모델은 다시 학습합니다",
        "fewer_partitions": "다음 클러스터에서는 파티션 수([engine] partitions)를 줄이십시오",
        "wait": "또는 기다리십시오. 그동안 규칙은 작동합니다",
        "raise_by_chance": "[detectors] daily_budget 또는 most_by_chance를 0보다 크게 하십시오",
        "send_payments": "거래를 전송하게 한 뒤 다시 확인하십시오",
    })
    # fmt: on


WORDS = {language: OutlookWords(language) for language in LANGUAGES}


def sentences(found: Outlook, lang: Language = "en") -> Iterator[str]:
    """The outlook in words, the most certain first."""
    words = WORDS[lang]
    yield words.rules
    if not found.payments_a_day:
        yield words.no_volume
    else:
        yield words.volume.format(
            payments=_count(found.payments_a_day),
            partitions=found.partitions,
            each=_count(found.payments_a_day / found.partitions),
        )
    yield from _when(found, words)
    yield words.among.format(among=f"{found.among:,}", finest=f"{found.among + 1:,}")
    yield from _how_fine(found, words)
    if found.payments_a_day:
        by_rank, by_lot = found.by_rank_a_day, found.by_lot_a_day
        yield words.chance.format(total=_few(by_rank + by_lot), rank=_few(by_rank), lot=_few(by_lot))


def advice(found: Outlook, lang: Language = "en") -> list[str]:
    """What to do, the best first; nothing where ranks are as good as they get."""
    return [WORDS[lang].advice[one] for one in found.advice]


def _when(found: Outlook, words: OutlookWords) -> Iterator[str]:
    if found.warm_partitions == found.partitions:
        yield words.warm.format(partitions=found.partitions)
        return
    yield words.warming.format(
        warm=found.warm_partitions, partitions=found.partitions, least=found.least_learned, warm_up=found.warm_up
    )
    if found.days_until_all_rank is not None:
        yield words.until_warm.format(days=ceil(found.days_until_all_rank))


def _how_fine(found: Outlook, words: OutlookWords) -> Iterator[str]:
    if not found.alerting_rank:
        yield words.never
        return
    yield words.alerts.format(one_in=_count(1 / found.alerting_rank))
    if not found.coarse:
        yield words.fine
    elif found.needed > found.most_counted:
        yield words.coarse_for_good.format(most=f"{found.most_counted:,}", needed=f"{found.needed:,}")
    elif found.days_until_counted is not None:
        yield words.coarse.format(days=ceil(found.days_until_counted))


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= WHOLE else f"{number:,.1f}"


def _few(number: float) -> str:
    return f"{number:.2f}" if number < 1 else f"{number:.1f}"
