"""The fixed words of `fxwatch cases`."""

from streams.plain_text.languages import LANGUAGES, Both, Language, Words, both_of


class CaseWords(Words):
    """Columns of the list, states, headings of the page, and what changed."""

    # fmt: off
    state = Both("state", "상태")
    changed = Both("newest alert", "최근 경보 일시")
    began = Both("first alert", "최초 경보 일시")
    found = Both("what", "탐지 내용")
    alerts = Both("alerts", "경보(건)")
    amounts = Both("amount at risk", "의심 금액")
    desk = Both("desk", "담당")
    party = Both("party", "당사자")
    parties = Both("parties", "당사자 전체")
    severity = Both("severity", "심각도")
    case = Both("case", "사안")
    shared = Both("shared", "공유 대상")
    one_with = Both("one with", "하나로 보는 사안")
    states = both_of({
        "open": ("open", "미처리"), "unknown": ("not known", "확인 불가"), "resting": ("rests", "보류 중"),
        "disposed": ("disposed", "처리 완료"), "retracted": ("retracted", "철회"),
    })
    until = Both("{state} until {until}", "{until}까지 {state}")
    still_open = Both("{n}, open {open}", "{n}, 미처리 {open}")
    span = Both("{least} to {most}", "{least} ~ {most}")
    more = Both("{name} and {n} more", "{name} 외 {n}인")
    listed = Both("{shown} of {total} cases shown", "전체 사안 {total}건 중 {shown}건 표시")
    no_sum = Both("Amounts are those of single alerts, from the least to the most. Alerts of a case may count the same "
                  "payments, so they are not added up.",
                  "금액은 경보별 최소액과 최대액입니다. 한 사안의 경보는 같은 거래를 함께 셀 수 있어 "
                  "합산하지 않습니다.")
    title = Both("CASE", "사안")
    alerts_title = Both("ALERTS ({n} published, the oldest first; * stands, - was brought up to date)",
                        "경보 (발행 {n}건, 오래된 순서; *는 현재 경보, -는 갱신된 이전 경보)")
    newest_only = Both("only the newest {shown} of {total} are shown", "전체 {total}건 중 최근 {shown}건만 표시합니다")
    against = Both("since {alert}: {changes}", "{alert} 경보 대비: {changes}")
    same = Both("nothing but the time", "일시 외 변경 없음")
    change = Both("{what} {before} -> {after}", "{what} {before} -> {after}")
    fields = both_of({
        "severity": ("severity", "심각도"), "amount": ("amount", "의심 금액"), "typologies": ("found", "유형"),
        "records": ("records", "근거 자료 건수"), "parties": ("parties", "당사자 수"), "desk": ("desk", "담당"),
    })
    snoozes = Both("SNOOZES", "경보 보류")
    more_of = Both("One alert with its payments: fxwatch alerts show ALERT. A verdict: fxwatch dispose ALERT ...",
                   "경보별 거래 내역: fxwatch alerts show, 판정: fxwatch dispose")
    # fmt: on


CASE_WORDS: dict[Language, CaseWords] = {lang: CaseWords(lang) for lang in LANGUAGES}
