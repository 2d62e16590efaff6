"""The words of `evidence prove` and `rescore` of one alert, in English and Korean."""

import re

import msgspec

from streams.render_labels import Language


class ProofWords(msgspec.Struct, frozen=True):
    """One language's words: a table's titles and verdicts, and the lines that say what was rescored."""

    columns: dict[str, str]
    verdicts: dict[str, str]
    record_key: str
    alert: str
    first: str
    snapshot: str
    state: str
    skipped: str
    unused: str
    version: str
    then: str
    differs: str
    same: str
    release: str
    reworded: str
    beyond: str


PROOF_WORDS: dict[Language, ProofWords] = {
    "en": ProofWords(
        columns={
            "event": "event",
            "ledger": "ledger",
            "source": "source",
            "commitment": "commitment",
            "verdict": "verdict",
            "why": "why",
        },
        verdicts={"proven": "proven", "differs": "differs", "out_of_reach": "out of reach"},
        record_key="record key {key}",
        alert="alert {alert}: ledger partition {partition}, offset {offset}",
        first="the ledger from its first record",
        snapshot="the snapshot at ledger offset {offset}",
        state="state from {start}; {replayed} records replayed, then the trigger; {seconds} s",
        skipped="a newer snapshot was not used, at ledger offset {refused}",
        unused="a snapshot was not used, at ledger offset {refused}",
        version="{name}: {then} then, {now} today",
        then=" (what applied then was used: it stands in the ledger)",
        differs="NOT reproduced; first difference: {difference}",
        same="reproduced bit for bit on {topics}",
        release="reproduced on {topics}, bit for bit but for the release's name",
        reworded="reproduced on {topics}, bit for bit but for the release's name and the wording of its sentences",
        beyond="out of reach, not checked: {reason}",
    ),
    "ko": ProofWords(
        columns={
            "event": "식별번호",
            "ledger": "원장 위치",
            "source": "출처",
            "commitment": "원본 확인값",
            "verdict": "결과",
            "why": "설명",
        },
        verdicts={"proven": "원본과 일치", "differs": "불일치", "out_of_reach": "확인 불가"},
        record_key="기록 키 {key}",
        alert="경보 {alert}: 원장 {partition}:{offset}",
        first="원장의 첫 기록부터",
        snapshot="원장 {offset}번 위치의 저장본부터",
        state="{start} 상태를 복원하여 기록 {replayed}건과 계기 거래를 다시 적용하였습니다({seconds}초)",
        skipped="더 최근의 저장본은 사용하지 않음: 원장 위치 {refused}",
        unused="사용하지 않은 저장본: 원장 위치 {refused}",
        version="{name}: 당시 {then}, 현재 {now}",
        then=" (원장에 남아 있는 당시의 것을 사용하였습니다)",
        differs="재현되지 않음; 첫 번째 차이: {difference}",
        same="{topics}에 발행된 경보와 완전히 일치합니다",
        release="{topics}에 발행된 경보와 버전 이름을 제외하고 완전히 일치합니다",
        reworded="{topics}에 발행된 경보와 버전 이름 및 문장 표현을 제외하고 완전히 일치합니다",
        beyond="확인하지 못함: {reason}",
    ),
}
# why a record is not proven, as streams/evidence.py says it; a cause of another kind stays as it is
_WHY = {
    "its record is not in the ledger any more": "기록이 원장에 남아 있지 않습니다",
    "the ledger record has another commitment": "원장 기록의 원본 확인값이 다릅니다",
    "these are not the bytes that were committed to": "보고 당시의 원본과 다릅니다",
    "the original is past its topic's retention; prove a copy kept elsewhere":
        "원본의 보존 기간이 지났습니다. 따로 보관한 사본으로 확인하십시오(--original)",
}  # fmt: skip


def why(text: str, lang: Language) -> str:
    """Why a record is not proven."""
    if lang == "en":
        return text
    key = re.fullmatch(r"the key (\S+) is not in the key file", text)
    return f"키 파일에 {key[1]} 키가 없습니다" if key else _WHY.get(text, text)
