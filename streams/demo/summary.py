"""What a demo says at its end, in English and Korean: what became of each record that was sent, as an exact sum."""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.kafka.topics.table import DECLARATIONS, PROFILES, RATES, TRANSACTIONS
from streams.plain_text.languages import Language


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the records sent; all fields together are as many as were sent.

    `further` are records of payments that were scored before: settlements of orders, returns, cancellations.
    `elsewhere` is what the workers' figures do not explain: 0, but where a partition was replayed and counted twice.
    """

    scored: int
    further: int
    duplicates: int
    conflicts: int
    declarations: int
    rates: int
    profiles: int
    rejected: int
    elsewhere: int


def account(
    sent: int, read: Mapping[str, int], rejected: Mapping[str, int], *, scored: int, duplicates: int, conflicts: int
) -> Account:
    """The sum of `sent` records; `read` and `rejected` by input topic, the others of payments.

    `rejected` are those that ingest refused; a conflict becomes a dead letter too, and is no part of them.
    """
    taken = {topic: count - rejected.get(topic, 0) for topic, count in read.items()}
    further = max(0, taken.get(TRANSACTIONS, 0) - scored - duplicates - conflicts)
    known = {
        "scored": scored,
        "further": further,
        "duplicates": duplicates,
        "conflicts": conflicts,
        "declarations": taken.get(DECLARATIONS, 0),
        "rates": taken.get(RATES, 0),
        "profiles": taken.get(PROFILES, 0),
        "rejected": sum(rejected.values()),
    }
    return Account(**known, elsewhere=sent - sum(known.values()))


_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "sent": "records sent, {rate:,} a second; each of them is one of these:",
        "scored": "payments scored; while the first {warm_up:,} of a partition warm its models up, only rules alert",
        "further": "further records of payments scored before: settled orders, returns, cancellations",
        "duplicates": "duplicates: sent again with the same content, counted once",
        "conflicts": "conflicts: sent again with another content, refused",
        "declarations": "customs declarations, taken in to match with payments",
        "rates": "reference rates, taken in to value payments",
        "profiles": "profiles of parties, taken in",
        "rejected": "rejected with a code, whole, to fx.deadletter.v1",
        "elsewhere": "not explained by the workers' figures (a partition was replayed)",
        "alerts": "alerts",
        "found": "planted cases of {typology} found, of {planted}",
        "gap": "records lost (reconciliation gap)",
        "metrics": "metrics pages, until this command ends: {pages}",
        "next": "next: README.md; `fxwatch broker start --detach`, `fxwatch topics apply`, `fxwatch worker all`, "
        "`fxwatch alerts follow`",
    },
    "ko": {
        "sent": "건 전송(초당 {rate:,}건). 각 건은 다음 중 하나입니다.",
        "scored": "점수를 산정한 거래. 파티션별 첫 {warm_up:,}건까지는 모형을 학습시키며 규칙만 경보를 냅니다",
        "further": "이미 점수를 산정한 거래의 후속 기록: 주문의 결제, 반환, 취소",
        "duplicates": "중복: 같은 내용으로 다시 전송되어 한 번만 계산",
        "conflicts": "충돌: 다른 내용으로 다시 전송되어 거부",
        "declarations": "수출입 신고. 수출입 대금과 대조하기 위해 접수",
        "rates": "기준환율. 거래 금액 환산을 위하여 접수",
        "profiles": "고객정보. 접수",
        "rejected": "거부 코드와 함께 원문 그대로 fx.deadletter.v1로 보낸 기록",
        "elsewhere": "작업자 지표로 설명되지 않는 기록(파티션이 다시 재생됨)",
        "alerts": "경보",
        "found": "찾아낸 {typology} 모의 사례(전체 {planted}건)",
        "gap": "유실된 기록",
        "metrics": "지표 페이지(이 명령이 끝날 때까지): {pages}",
        "next": "다음: README.md; `fxwatch broker start --detach`, `fxwatch topics apply`, `fxwatch worker all`, "
        "`fxwatch alerts follow --lang ko`",
    },
}


def tell_summary(figures: Mapping[str, Any], warm_up: int, lang: Language = "en") -> list[str]:
    """The closing figures (`demo.summary`) as lines; of what there was none only where that says something."""
    words = _WORDS[lang]
    found: dict[str, int] = figures["account"]
    lines = [_line(figures["sent"], words["sent"].format(rate=figures["events_per_second"]))]
    lines += [
        _line(count, words[name].format(warm_up=warm_up), "= " if not place else "+ ")
        for place, (name, count) in enumerate(found.items())
        if count or name != "elsewhere"
    ]
    lines.append(_line(figures["alerts"], words["alerts"]))
    for typology, counts in sorted(figures["planted"].items()):
        lines.append(_line(counts["found"], words["found"].format(typology=typology, planted=counts["planted"])))
    lines.append(_line(figures["reconciliation_gap"], words["gap"]))
    return [*lines, words["metrics"].format(pages=", ".join(figures["metrics"])), words["next"]]


def _line(count: int, text: str, sign: str = "") -> str:
    return f"{sign:>4}{count:>9,}  {text}"
