"""The fixed words of the desk's commands, in English and Korean; `{}` places are filled by name."""

import msgspec

from streams.render_labels import Language


class DeskWords(msgspec.Struct, frozen=True):
    """One language's words: columns, states, what a position holds, remarks on what was read and sent."""

    when: str
    severity: str
    found: str
    amount: str
    party: str
    case: str
    alert: str
    verdict: str
    kind: str
    place: str
    said: str
    anomaly: str
    states: dict[str, str]
    earlier: str
    listed: str
    more: str
    no_right: str
    no_right_records: str
    unreadable: str
    reading: str
    positions: dict[str, str]
    span: str
    about: str
    at_rate: str
    purpose: str
    to: dict[str, str]
    record: str
    source: str
    source_record: str
    no_source: str
    received: str
    commitment: str
    is_history: str
    held: str
    history: str
    raised: dict[str, str]
    decided: str
    no_verdict: str
    not_counted: str
    by: str
    reason: str
    reason_gone: str
    reason_denied: str
    confirmed_amount: str
    newest: str
    dry_run: str
    sent: str
    taken_in: str
    refused: str
    stands: str
    not_seen: str
    ask: str
    again: str
    superseded: str
    old_alert: str
    unreadable_events: str
    of_alert: str
    names: str
    profile: str
    no_profile: str
    events: str
    no_events: str
    kinds: dict[str, str]
    sums: str
    sums_note: str
    payments: str
    tally: str
    tokens: str
    without_usd: str
    counterparties: str
    others: str
    institutions: str
    repeated: str
    alerts: str
    no_alerts: str
    cases: str
    case_line: str
    page: str
    earlier_page: str
    follow: str
    waiting: str
    stopped: str
    silence: dict[str, str]
    no_alert_here: str


ENGLISH = DeskWords(
    when="when", severity="severity", found="what", amount="amount", party="party", case="case", alert="alert",
    verdict="verdict", kind="kind", place="ledger", said="what was said",
    anomaly="Unusual payment",
    states={"open": "open", "disposed": "disposed", "retracted": "retracted", "unknown": "not known"},
    earlier="{verdict}, before it was updated",
    listed="{shown} of {total} alerts shown",
    more="more with --limit",
    no_right="this client may not read the ledger: verdicts are not known",
    no_right_records="this client may not read the ledger: payments and verdicts are not shown",
    unreadable="{n} records of the topic are no alerts that this version can read",
    reading="reading: {seen} of {total} records",
    positions={
        "deleted": "no longer in the ledger: it begins at offset {first}, what was before is past its retention",
        "beyond": "nothing there yet: the partition ends at offset {end}",
        "marker": "no record: the mark that ends a transaction of its writer",
        "aborted": "no record: its writer rolled it back, and nobody who reads committed records sees it",
        "open": "not readable yet: a transaction before it has not ended",
        "damaged": "it cannot be read: {cause}",
        "other": "another record stands there now: the ledger was restored or made anew",
        "no_position": "no longer in the ledger when the alert was raised",
    },
    span="The partition holds offsets {first} to {last}.",
    about="about {usd} USD",
    at_rate="at {rate} {pair}",
    purpose="no purpose given",
    to={"out": "to {token} ({country})", "in": "from {token} ({country})"},
    record="LEDGER RECORD",
    source="Came from",
    source_record="partition {partition}, offset {offset} of {topic}",
    no_source="nowhere: `fxwatch topics apply` wrote it as the ledger's first record",
    received="Kafka's time of it",
    commitment="Commitment",
    is_history="loaded as history: learned from, never alerted on",
    held="The alert itself holds {held} of {total} records; the others are counted in it, not named.",
    history="HISTORY",
    raised={"raised": "raised", "updated": "brought up to date", "retracted": "retracted"},
    decided="{verdict}, by {officer}",
    no_verdict="no verdict yet",
    not_counted="does not count: the configuration does not list this officer",
    by="by",
    reason="Reason: {reason}",
    reason_gone="Its reason is not kept any more; the ledger holds its fingerprint.",
    reason_denied="This client may not read verdicts' reasons.",
    confirmed_amount="confirmed amount {amount}",
    newest="the newest is {alert}",
    dry_run="checked and not sent (--dry-run)",
    sent="sent, not yet taken in",
    taken_in="taken in: ledger {partition}:{offset}",
    refused="REFUSED, it does not count: {why}. Mend that, then give the verdict again.",
    stands="nothing was sent: this verdict of {officer} stands since {when}",
    not_seen="Kafka holds it (partition {partition}, offset {offset} of {topic}), and ingest did not take it into the "
             "ledger within {seconds} s.",
    ask="Is ingest running? Whoever may read dead letters sees a refusal: fxwatch deadletter list --topic {topic} "
        "--offset {partition}:{offset}",
    again="To send the very same again, which counts once: add --decided-at {when}",
    superseded="This alert was brought up to date by {alert}: that one stays open until it has a verdict too.",
    old_alert="Alert {alert} has {n} newer ones of its party: the monitor may know it no more, and refuse the "
              "verdict. The ledger has it all the same.",
    unreadable_events="{n} records of this party cannot be read: {places}",
    of_alert="Alert {alert}: {severity}, {found}, {amount}, party {party}",
    names="Its names under other keys: {names}",
    profile="PROFILE",
    no_profile="no profile came",
    events="EVENTS",
    no_events="nothing of this party is in the ledger; a counterparty is found in the payments of others",
    kinds={"transaction": "payments", "declaration": "declarations", "profile": "profiles", "disposition": "verdicts"},
    sums="SETTLED PAYMENTS BY MONTH",
    sums_note="As reported, in USD at the ledger's rates: a payment that two institutions report is counted twice.",
    payments="payments {n}", tally="{name} {n}", tokens="{n}", without_usd="without a rate",
    counterparties="COUNTERPARTIES",
    others="all others",
    institutions="Reported by {names}",
    repeated="{n} repeated records were left out, as the monitor does",
    alerts="ALERTS AND CASES",
    no_alerts="no alert",
    cases="cases: {n}",
    case_line="{case}  alerts: {n}, open: {open}",
    page="{shown} of {total} events shown, the newest",
    earlier_page="earlier ones: --until {when}, or more with --limit",
    follow="reading {topic} at {address}",
    waiting="waiting for new alerts (Ctrl-C ends)",
    stopped="stopped after {n} alerts",
    silence={
        "the broker does not answer; waiting for it": "the broker does not answer; waiting for it",
        "the broker answers again": "the broker answers again",
    },
    no_alert_here="{place} is not an alert that this version can read: {cause}",
)  # fmt: skip

KOREAN = DeskWords(
    when="일시", severity="심각도", found="탐지 내용", amount="의심 금액", party="당사자", case="사안", alert="경보",
    verdict="판정", kind="종류", place="원장 위치", said="내용",
    anomaly="통상과 다른 거래",
    states={"open": "미처리", "disposed": "처리 완료", "retracted": "철회", "unknown": "확인 불가"},
    earlier="갱신 전 판정: {verdict}",
    listed="전체 {total}건 중 {shown}건 표시",
    more="더 보려면 --limit 사용",
    no_right="원장 열람 권한이 없어 판정 여부를 확인할 수 없습니다",
    no_right_records="원장 열람 권한이 없어 거래 내역과 판정을 표시하지 않습니다",
    unreadable="경보로 읽을 수 없는 기록이 {n}건 있습니다",
    reading="읽는 중: 기록 {total}건 중 {seen}건",
    positions={
        "deleted": "원장에 없음: 보존 기간이 지난 기록이며, 원장은 {first}번 위치부터 남아 있습니다",
        "beyond": "아직 기록 없음: 이 파티션은 {end}번 위치에서 끝납니다",
        "marker": "기록 아님: 작성자의 트랜잭션이 끝났음을 나타내는 표시입니다",
        "aborted": "기록 아님: 작성자가 취소하여 확정되지 않은 기록입니다",
        "open": "아직 읽을 수 없음: 앞선 트랜잭션이 끝나지 않았습니다",
        "damaged": "읽을 수 없음: {cause}",
        "other": "현재 다른 기록이 있음: 원장이 복원되었거나 새로 만들어졌습니다",
        "no_position": "경보 발생 당시 이미 원장에 없던 기록입니다",
    },
    span="이 파티션에는 {first}번부터 {last}번까지의 위치가 있습니다.",
    about="약 미화 {usd}달러",
    at_rate="적용 환율 {rate}({pair})",
    purpose="거래 사유 미기재",
    to={"out": "수취인 {token} ({country})", "in": "송금인 {token} ({country})"},
    record="원장 기록",
    source="출처",
    source_record="{topic}, 파티션 {partition}, 위치 {offset}",
    no_source="없음: 토픽을 만들 때 원장의 첫 기록으로 작성되었습니다",
    received="수신 시각",
    commitment="원본 확인값",
    is_history="과거 자료로 적재됨: 학습에만 쓰이며 경보를 내지 않습니다",
    held="이 경보는 총 {total}건 중 {held}건의 기록만 담고 있으며, 나머지는 건수에만 포함되어 있습니다.",
    history="이력",
    raised={"raised": "신규 경보", "updated": "경보 갱신", "retracted": "경보 철회"},
    decided="{verdict}, 담당관 {officer}",
    no_verdict="아직 판정 없음",
    not_counted="집계되지 않음: 설정에 등록되지 않은 담당관입니다",
    by="담당관",
    reason="판정 사유: {reason}",
    reason_gone="판정 사유는 보존 기간이 지나 남아 있지 않으며, 원장에는 지문만 있습니다.",
    reason_denied="판정 사유를 열람할 권한이 없습니다.",
    confirmed_amount="확인 금액 {amount}",
    newest="최신 경보: {alert}",
    dry_run="확인만 하고 전송하지 않음(--dry-run)",
    sent="전송됨, 아직 접수 전",
    taken_in="접수 완료: 원장 {partition}:{offset}",
    refused="접수가 거부되어 집계되지 않습니다: {why}. 원인을 바로잡은 뒤 다시 판정하십시오.",
    stands="전송하지 않음: {officer} 담당관의 같은 판정이 {when}부터 유효합니다",
    not_seen="전송은 완료되었으나({topic}, 파티션 {partition}, 위치 {offset}) {seconds}초 안에 원장에 "
             "접수되지 않았습니다.",
    ask="접수 작업이 실행 중인지 확인하십시오. 거부되었다면 거부 기록 열람 권한자가 사유를 볼 수 있습니다: "
        "fxwatch deadletter list --topic {topic} --offset {partition}:{offset}",
    again="똑같은 판정을 다시 보내려면(한 번만 집계됩니다) 다음을 덧붙이십시오: --decided-at {when}",
    superseded="이 경보는 {alert} 경보로 갱신되었습니다. 갱신된 경보는 따로 판정할 때까지 미처리로 남습니다.",
    old_alert="경보 {alert} 이후 같은 당사자의 경보가 {n}건 더 있어, 감시 작업이 이 경보를 더 이상 기억하지 못하고 "
              "판정을 거부할 수 있습니다. 원장에는 판정이 남습니다.",
    unreadable_events="이 당사자의 기록 중 읽을 수 없는 것이 {n}건 있습니다. 위치: {places}",
    of_alert="경보 {alert}: {severity}, {found}, {amount}, 당사자 {party}",
    names="다른 키로 만든 동일 당사자의 토큰: {names}",
    profile="기본정보",
    no_profile="접수된 기본정보 없음",
    events="거래 및 기록",
    no_events="원장에 이 당사자의 기록이 없습니다. 상대방이라면 거래 당사자의 기록에서 찾으십시오",
    kinds={"transaction": "지급·수령", "declaration": "수출입신고", "profile": "기본정보", "disposition": "판정"},
    sums="월별 결제 완료 합계",
    sums_note="보고된 그대로 원장의 환율로 미화 환산한 합계이며, 두 기관이 함께 보고한 거래는 두 번 합산됩니다.",
    payments="{n}건", tally="{name} {n}건", tokens="토큰 {n}개", without_usd="환율 없음",
    counterparties="상대방별 합계",
    others="그 밖의 상대방",
    institutions="보고 기관: {names}",
    repeated="중복 기록 {n}건은 제외하였습니다",
    alerts="경보 및 사안",
    no_alerts="경보 없음",
    cases="사안 {n}건",
    case_line="{case}  경보 {n}건, 미처리 {open}건",
    page="전체 {total}건 중 최근 {shown}건 표시",
    earlier_page="이전 기록: --until {when}, 또는 --limit 사용",
    follow="읽는 중: {topic}({address})",
    waiting="새 경보를 기다리는 중(Ctrl-C로 종료)",
    stopped="경보 {n}건을 표시하고 종료하였습니다",
    silence={
        "the broker does not answer; waiting for it": "브로커가 응답하지 않아 기다리는 중입니다",
        "the broker answers again": "브로커가 다시 응답합니다",
    },
    no_alert_here="{place}: 이 버전에서 읽을 수 있는 경보가 아닙니다: {cause}",
)  # fmt: skip

DESK_WORDS: dict[Language, DeskWords] = {"en": ENGLISH, "ko": KOREAN}
