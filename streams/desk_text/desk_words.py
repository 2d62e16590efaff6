"""The fixed words of the desk's commands."""

from streams.plain_text.languages import LANGUAGES, Both, Language, Words, both_of


class DeskWords(Words):
    """Columns, states, what a position holds, remarks on what was read and sent."""

    # fmt: off
    when = Both("when", "일시")
    severity = Both("severity", "심각도")
    found = Both("what", "탐지 내용")
    amount = Both("amount", "의심 금액")
    party = Both("party", "당사자")
    case = Both("case", "사안")
    alert = Both("alert", "경보")
    verdict = Both("verdict", "판정")
    anomaly = Both("Unusual payment", "통상과 다른 거래")
    states = both_of({
        "open": ("open", "미처리"), "disposed": ("disposed", "처리 완료"), "retracted": ("retracted", "철회"),
        "unknown": ("not known", "확인 불가"),
    })
    earlier = Both("{verdict}, before it was updated", "갱신 전 판정: {verdict}")
    listed = Both("{shown} of {total} alerts shown", "전체 {total}건 중 {shown}건 표시")
    more = Both("more with --limit", "더 보려면 --limit 사용")
    no_right = Both("this client may not read the ledger: verdicts are not known",
                    "원장 열람 권한이 없어 판정 여부를 확인할 수 없습니다")
    no_right_records = Both("this client may not read the ledger: payments and verdicts are not shown",
                            "원장 열람 권한이 없어 거래 내역과 판정을 표시하지 않습니다")
    unreadable = Both("{n} records of the topic are no alerts that this version can read",
                      "경보로 읽을 수 없는 기록이 {n}건 있습니다")
    resting = Both("{n} more rest under a snooze: see them with --snoozed",
                   "그 밖에 보류 중인 경보가 {n}건 있습니다. --snoozed로 볼 수 있습니다")
    rest = Both("{what} rests until {until}, by {officer}", "{what} 경보를 {until}까지 보류, 담당관 {officer}")
    rest_ended = Both("{what} rests no more since {until}, by {officer}",
                      "{until}부터 {what} 경보 보류 해제, 담당관 {officer}")
    under_snooze = Both("snoozed until {until}", "{until}까지 경보 보류")
    reading = Both("reading: {seen} of {total} records", "읽는 중: 기록 {total}건 중 {seen}건")
    positions = both_of({
        "deleted": ("no longer in the ledger: it begins at offset {first}, what was before is past its retention",
                    "원장에 없음: 보존 기간이 지난 기록이며, 원장은 {first}번 위치부터 남아 있습니다"),
        "beyond": ("nothing there yet: the partition ends at offset {end}",
                   "아직 기록 없음: 이 파티션은 {end}번 위치에서 끝납니다"),
        "marker": ("no record: the mark that ends a transaction of its writer",
                   "기록 아님: 작성자의 트랜잭션이 끝났음을 나타내는 표시입니다"),
        "aborted": ("no record: its writer rolled it back, and nobody who reads committed records sees it",
                    "기록 아님: 작성자가 취소하여 확정되지 않은 기록입니다"),
        "open": ("not readable yet: a transaction before it has not ended",
                 "아직 읽을 수 없음: 앞선 트랜잭션이 끝나지 않았습니다"),
        "damaged": ("it cannot be read: {cause}", "읽을 수 없음: {cause}"),
        "other": ("another record stands there now: the ledger was restored or made anew",
                  "현재 다른 기록이 있음: 원장이 복원되었거나 새로 만들어졌습니다"),
        "no_position": ("no longer in the ledger when the alert was raised",
                        "경보 발생 당시 이미 원장에 없던 기록입니다"),
    })
    span = Both("The partition holds offsets {first} to {last}.",
                "이 파티션에는 {first}번부터 {last}번까지의 위치가 있습니다.")
    about = Both("about {usd} USD", "약 미화 {usd}달러")
    at_rate = Both("at {rate} {pair}", "적용 환율 {rate}({pair})")
    country = Both("country {code}", "상대방 국가 ({code})")
    as_sent = Both("as sent {amount}", "접수 금액 {amount}")
    in_words = Both("Each record in words: fxwatch ledger show {places}",
                    "각 기록의 상세 내용: fxwatch ledger show {places}")
    purpose = Both("no purpose given", "거래 사유 미기재")
    to = both_of({
        "out": ("to {token} ({country})", "수취인 {token} ({country})"),
        "in": ("from {token} ({country})", "송금인 {token} ({country})"),
    })
    record = Both("LEDGER RECORD", "원장 기록")
    source = Both("Came from", "출처")
    source_record = Both("partition {partition}, offset {offset} of {topic}",
                         "{topic}, 파티션 {partition}, 위치 {offset}")
    no_source = Both("nowhere: `fxwatch topics apply` wrote it as the ledger's first record",
                     "없음: 토픽을 만들 때 원장의 첫 기록으로 작성되었습니다")
    received = Both("Kafka's time of it", "수신 시각")
    commitment = Both("Commitment", "원본 확인값")
    is_history = Both("loaded as history: learned from, never alerted on",
                      "과거 자료로 적재됨: 학습에만 쓰이며 경보를 내지 않습니다")
    held = Both("The alert itself holds {held} of {total} records; the others are counted in it, not named.",
                "이 경보는 총 {total}건 중 {held}건의 기록만 담고 있으며, 나머지는 건수에만 포함되어 있습니다.")
    history = Both("HISTORY", "이력")
    raised = both_of({
        "raised": ("raised", "신규 경보"), "updated": ("brought up to date", "경보 갱신"),
        "retracted": ("retracted", "경보 철회"),
    })
    decided = Both("{verdict}, by {officer}", "{verdict}, 담당관 {officer}")
    no_verdict = Both("no verdict yet", "아직 판정 없음")
    not_counted = Both("does not count: the configuration does not list this officer",
                       "집계되지 않음: 설정에 등록되지 않은 담당관입니다")
    reason = Both("Reason: {reason}", "판정 사유: {reason}")
    reason_gone = Both("Its reason is not kept any more; the ledger holds its fingerprint.",
                       "판정 사유는 보존 기간이 지나 남아 있지 않으며, 원장에는 지문만 있습니다.")
    reason_denied = Both("This client may not read verdicts' reasons.", "판정 사유를 열람할 권한이 없습니다.")
    confirmed_amount = Both("confirmed amount {amount}", "확인 금액 {amount}")
    dry_run = Both("checked and not sent (--dry-run)", "확인만 하고 전송하지 않음(--dry-run)")
    sent = Both("sent, not yet taken in", "전송됨, 아직 접수 전")
    taken_in = Both("taken in: ledger {partition}:{offset}", "접수 완료: 원장 {partition}:{offset}")
    refused = Both("REFUSED, it does not count: {why}. Mend that, then give the verdict again.",
                   "접수가 거부되어 집계되지 않습니다: {why}. 원인을 바로잡은 뒤 다시 판정하십시오.")
    stands = Both("nothing was sent: this verdict of {officer} stands since {when}",
                  "전송하지 않음: {officer} 담당관의 같은 판정이 {when}부터 유효합니다")
    not_seen = Both("Kafka holds it (partition {partition}, offset {offset} of {topic}), and ingest did not take it "
                    "into the ledger within {seconds} s.",
                    "전송은 완료되었으나({topic}, 파티션 {partition}, 위치 {offset}) {seconds}초 안에 원장에 접수되지 "
                    "않았습니다.")
    ask = Both("Is ingest running? Whoever may read dead letters sees a refusal: fxwatch deadletter list --topic "
               "{topic} --offset {partition}:{offset}",
               "접수 작업이 실행 중인지 확인하십시오. 거부되었다면 거부 기록 열람 권한자가 사유를 볼 수 있습니다: "
               "fxwatch deadletter list --topic {topic} --offset {partition}:{offset}")
    again = Both("To send the very same again, which counts once: add --decided-at {when}",
                 "똑같은 판정을 다시 보내려면(한 번만 집계됩니다) 다음을 덧붙이십시오: --decided-at {when}")
    superseded = Both("This alert was brought up to date by {alert}: that one stays open until it has a verdict too.",
                      "이 경보는 {alert} 경보로 갱신되었습니다. 갱신된 경보는 따로 판정할 때까지 미처리로 남습니다.")
    old_alert = Both("Alert {alert} has {n} newer ones of its party: the monitor may know it no more, and refuse the "
                     "verdict. The ledger has it all the same.",
                     "경보 {alert} 이후 같은 당사자의 경보가 {n}건 더 있어, 감시 작업이 이 경보를 더 이상 기억하지 "
                     "못하고 판정을 거부할 수 있습니다. 원장에는 판정이 남습니다.")
    unreadable_events = Both("{n} records of this party cannot be read: {places}",
                             "이 당사자의 기록 중 읽을 수 없는 것이 {n}건 있습니다. 위치: {places}")
    of_alert = Both("Alert {alert}: {severity}, {found}, {amount}, party {party}",
                    "경보 {alert}: {severity}, {found}, {amount}, 당사자 {party}")
    names = Both("Its names under other keys: {names}", "다른 키로 만든 동일 당사자의 토큰: {names}")
    profile = Both("PROFILE", "기본정보")
    no_profile = Both("no profile came", "접수된 기본정보 없음")
    events = Both("EVENTS", "거래 및 기록")
    no_events = Both("nothing of this party is in the ledger; a counterparty is found in the payments of others",
                     "원장에 이 당사자의 기록이 없습니다. 상대방이라면 거래 당사자의 기록에서 찾으십시오")
    kinds = both_of({
        "transaction": ("payments", "지급·수령"), "declaration": ("declarations", "수출입신고"),
        "profile": ("profiles", "기본정보"), "disposition": ("verdicts", "판정"),
    })
    sums = Both("SETTLED PAYMENTS BY MONTH", "월별 결제 완료 합계")
    sums_note = Both("As reported, in USD at the ledger's rates: a payment that two institutions report is counted "
                     "twice.",
                     "보고된 그대로 원장의 환율로 미화 환산한 합계이며, 두 기관이 함께 보고한 거래는 두 번 합산됩니다.")
    payments = Both("payments {n}", "{n}건")
    tally = Both("{name} {n}", "{name} {n}건")
    tokens = Both("{n}", "토큰 {n}개")
    without_usd = Both("without a rate", "환율 없음")
    counterparties = Both("COUNTERPARTIES", "상대방별 합계")
    others = Both("all others", "그 밖의 상대방")
    institutions = Both("Reported by {names}", "보고 기관: {names}")
    repeated = Both("{n} repeated records were left out, as the monitor does", "중복 기록 {n}건은 제외하였습니다")
    alerts = Both("ALERTS AND CASES", "경보 및 사안")
    no_alerts = Both("no alert", "경보 없음")
    cases = Both("cases: {n}", "사안 {n}건")
    joined = Both("{n} cases are one, for their alerts name residents in common: {cases}",
                  "경보의 거주자가 겹쳐 사안 {n}건을 하나로 봅니다: {cases}")
    one_with = Both("one with: {cases}", "하나로 보는 사안: {cases}")
    case_line = Both("{case}  alerts: {n}, open: {open}", "{case}  경보 {n}건, 미처리 {open}건")
    page = Both("{shown} of {total} events shown, the newest", "전체 {total}건 중 최근 {shown}건 표시")
    earlier_page = Both("earlier ones: --until {when}, or more with --limit",
                        "이전 기록: --until {when}, 또는 --limit 사용")
    follow = Both("reading {topic} at {address}", "읽는 중: {topic}({address})")
    waiting = Both("waiting for new alerts (Ctrl-C ends)", "새 경보를 기다리는 중(Ctrl-C로 종료)")
    stopped = Both("stopped after {n} alerts", "경보 {n}건을 표시하고 종료하였습니다")
    broker_silent = Both("the broker does not answer; waiting for it", "브로커가 응답하지 않아 기다리는 중입니다")
    broker_back = Both("the broker answers again", "브로커가 다시 응답합니다")
    no_alert_here = Both("{place} is not an alert that this version can read: {cause}",
                         "{place}: 이 버전에서 읽을 수 있는 경보가 아닙니다: {cause}")
    # fmt: on


DESK_WORDS: dict[Language, DeskWords] = {lang: DeskWords(lang) for lang in LANGUAGES}
