"""The words of `evidence prove` and `rescore` of one alert."""

from streams.plain_text.languages import LANGUAGES, Both, Language, Words, both_of


class ProofWords(Words):
    """A table's titles and verdicts, and the lines that say what was rescored."""

    # fmt: off
    columns = both_of({
        "event": ("event", "식별번호"), "ledger": ("ledger", "원장 위치"), "source": ("source", "출처"),
        "commitment": ("commitment", "원본 확인값"), "verdict": ("verdict", "결과"), "why": ("why", "설명"),
    })
    verdicts = both_of({
        "proven": ("proven", "원본과 일치"), "differs": ("differs", "불일치"),
        "out_of_reach": ("out of reach", "확인 불가"),
    })
    record_key = Both("record key {key}", "기록 키 {key}")
    alert = Both("alert {alert}: ledger partition {partition}, offset {offset}",
                 "경보 {alert}: 원장 {partition}:{offset}")
    of_legs = Both("alert {alert}: legs partition {partition}, offset {offset}",
                   "경보 {alert}: 공유 기록 {partition}:{offset}")
    first = Both("the ledger from its first record", "원장의 첫 기록부터")
    snapshot = Both("the snapshot at ledger offset {offset}", "원장 {offset}번 위치의 저장본부터")
    state = Both("state from {start}; {replayed} records replayed, then the trigger; {seconds} s",
                 "{start} 상태를 복원하여 기록 {replayed}건과 계기 거래를 다시 적용하였습니다({seconds}초)")
    skipped = Both("a newer snapshot was not used, at ledger offset {refused}",
                   "더 최근의 저장본은 사용하지 않음: 원장 위치 {refused}")
    unused = Both("a snapshot was not used, at ledger offset {refused}", "사용하지 않은 저장본: 원장 위치 {refused}")
    version = Both("{name}: {then} then, {now} today", "{name}: 당시 {then}, 현재 {now}")
    then = Both(" (what applied then was used: it stands in the ledger)",
                " (원장에 남아 있는 당시의 것을 사용하였습니다)")
    differs = Both("NOT reproduced; first difference: {difference}", "재현되지 않음; 첫 번째 차이: {difference}")
    same = Both("reproduced bit for bit on {topics}", "{topics}에 발행된 경보와 완전히 일치합니다")
    release = Both("reproduced on {topics}, bit for bit but for the release's name",
                   "{topics}에 발행된 경보와 버전 이름을 제외하고 완전히 일치합니다")
    reworded = Both("reproduced on {topics}, bit for bit but for the release's name and the wording of its sentences",
                    "{topics}에 발행된 경보와 버전 이름 및 문장 표현을 제외하고 완전히 일치합니다")
    beyond = Both("out of reach, not checked: {reason}", "확인하지 못함: {reason}")
    # fmt: on


PROOF_WORDS: dict[Language, ProofWords] = {lang: ProofWords(lang) for lang in LANGUAGES}
