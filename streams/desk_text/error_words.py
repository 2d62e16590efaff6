"""What the desk's commands refuse or cannot prove, in Korean. A text not known here is told in English, whole."""

import re
from collections.abc import Mapping

import click

from streams.desk_text.proof_words import PROOF_WORDS
from streams.desk_text.record_words import LABELS, VALUES
from streams.errors import AlertNotFoundError, FxwatchError, UsageError
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable, make_showable

# each part of an error as the code says it -> the same in Korean; `*` stands for what differs, `{}` takes it over
WHAT = {
    "nothing to check": "확인할 지급·수령이 없습니다",
    "the planned payments cannot be read": "예정된 지급·수령을 읽을 수 없습니다",
    "* of the planned payments could not be read": "예정된 지급·수령 중 {}건을 읽을 수 없습니다",
    "this is not the id of an alert, nor its beginning": "경보 번호나 그 앞자리가 아닙니다",
    "no alert of this id is on fx.alerts.v1": "이 번호의 경보가 없습니다",
    "several alerts have an id that begins so": "이 앞자리로 시작하는 경보가 여러 건입니다",
    "this is not the id of a case, nor its beginning": "사안 번호나 그 앞자리가 아닙니다",
    "no alert on fx.alerts.v1 has a case of this id": "이 번호의 사안에 속한 경보가 없습니다",
    "several cases have an id that begins so": "이 앞자리로 시작하는 사안이 여러 건입니다",
    "this is not a party's token": "당사자 토큰이 아닙니다",
    "this is not a time": "날짜나 시각이 아닙니다",
    "this is not a month": "연월이 아닙니다",
    "--on is no date": "--on 값이 날짜가 아닙니다",
    "the verdict would be refused": "이 판정은 접수되지 않습니다",
    "a text of this verdict is not UTF-8": "판정에 UTF-8이 아닌 글자가 있습니다",
    "verdicts of this officer do not count": "이 담당관의 판정은 집계되지 않습니다",
    "there is no verdict to withdraw": "철회할 판정이 없습니다",
    "this officer decided otherwise at a later time": "이 담당관은 그보다 나중에 다른 판정을 하였습니다",
    "this verdict stands already, without these details": "같은 판정이 이미 유효하나 다음 항목은 그 판정에 없습니다",
    "--since is not before --until": "--since가 --until보다 앞서지 않습니다",
    "* of * verdicts were sent, then Kafka took no more": "판정 {1}건 중 {0}건을 전송한 뒤 Kafka가 더 받지 않았습니다",
    "nothing was sent: the broker does not answer": "브로커가 응답하지 않아 전송하지 못하였습니다",
    "there is no such desk": "없는 담당입니다",
    "there is no such typology": "없는 유형입니다",
    "these are not as many alerts as can be judged at once": "한 번에 판정할 수 있는 경보 건수가 아닙니다",
    "nobody answers for this verdict": "이 판정의 담당관이 정해지지 않았습니다",
    "a snooze cannot end then": "경보 보류를 그때까지 할 수 없습니다",
    "no such snooze stands": "유효한 경보 보류가 없습니다",
    "this alert does not say which typology is to rest": "이 경보만으로는 보류할 유형을 정할 수 없습니다",
    "this is not a position of the ledger": "원장 위치가 아닙니다",
    "the ledger has no such partition": "원장에 없는 파티션입니다",
    "output has one form": "출력 형식은 하나만 선택할 수 있습니다",
    "--bom belongs to --csv": "--bom은 --csv와 함께 사용합니다",
    "this client may not read": "열람 권한이 없습니다",
    "this client may not read *": "{} 열람 권한이 없습니다",
    "this client may not write to *": "{} 쓰기 권한이 없습니다",
    "this client may not describe topics": "토픽 조회 권한이 없습니다",
    "the cluster does not allow this": "클러스터가 이 요청을 허용하지 않습니다",
    "no Kafka broker answers": "Kafka 브로커가 응답하지 않습니다",
    "the cluster cannot answer now": "클러스터가 지금은 응답할 수 없습니다",
    "the cluster refused: *": "클러스터가 요청을 거부하였습니다: {}",
    "topics are missing": "토픽이 없습니다",
    "the broker stopped answering while topics were read": "토픽을 읽는 중에 브로커의 응답이 끊겼습니다",
    "the broker stopped answering while * was read": "{} 토픽을 읽는 중에 브로커의 응답이 끊겼습니다",
    "the broker stopped answering while * was looked at": "{} 토픽을 확인하는 중에 브로커의 응답이 끊겼습니다",
    "originals are proven with the evidence keys": "원본을 확인하려면 증거 키가 필요합니다",
    "evidence is not what the sender sent": "근거 자료가 보고 당시의 원본과 다릅니다",
    "this copy is none of the alert's records": "이 사본은 경보의 근거 자료와 일치하지 않습니다",
    (
        "not all evidence could be checked, of the rest none differs"
    ): "일부 근거 자료를 확인하지 못하였으며, 나머지에는 불일치가 없습니다",
    "rescore takes one alert or all of them": "경보 하나 또는 전체를 지정하십시오",
    "the alert does not follow from the ledger": "경보가 원장에서 재현되지 않습니다",
    (
        "* of * alerts could not be checked; of the others none differs"
    ): "경보 {1}건 중 {0}건을 확인하지 못하였으며, 나머지에는 불일치가 없습니다",
    "alerts and ledger do not agree:\n  *": "경보와 원장이 일치하지 않습니다:\n  {}",
    "the alerts cannot be rescored": "경보를 다시 계산할 수 없습니다",
    "the configuration is not valid": "설정이 올바르지 않습니다",
    "a record set cannot be read: *": "읽을 수 없는 기록이 있습니다: {}",
    "cannot read the configuration file: *": "설정 파일을 읽을 수 없습니다: {}",
    "the configuration file is not TOML: *": "설정 파일이 TOML 형식이 아닙니다: {}",
    "cannot read the * file: *": "{} 파일을 읽을 수 없습니다: {}",
    "the * file is too large": "{} 파일이 너무 큽니다",
    "the * file is not text": "{} 파일이 텍스트가 아닙니다",
    "the * file is no file": "{} 파일이 일반 파일이 아닙니다",
    "the * file belongs to another account, which can read it": "{} 파일을 소유한 다른 계정이 읽을 수 있습니다",
    "the * file can be read or changed by others": "{} 파일을 다른 계정이 읽거나 바꿀 수 있습니다",
    "the key file cannot be used: *": "키 파일을 사용할 수 없습니다: {}",
    "the signing key file is not valid": "서명 키 파일이 올바르지 않습니다",
    "cannot write the evidence keys: *": "증거 키를 파일에 쓸 수 없습니다: {}",
}
EXPECTED = {
    "a FILE, `-` for standard input, or --listen": "파일, 표준 입력을 뜻하는 `-` 또는 --listen",
    "case- and * to 24 hex digits": "case-와 16진수 {}~24자리",
    "the id of a case, or its beginning": "사안 번호 또는 그 앞자리",
    "* to 32 hex digits": "16진수 {}~32자리",
    "the id of a published alert, or its first digits": "발행된 경보의 번호 또는 그 앞자리",
    "year and month, such as 2026-10": "연도와 월(예: 2026-10)",
    "a day of the calendar, as 2026-03-02": "달력에 있는 날짜(예: 2026-03-02)",
    "a day (2026-04-28) or a time (2026-04-28T17:42)": "날짜(2026-04-28) 또는 시각(2026-04-28T17:42)",
    "a disposition as the contract wants it": "계약에 맞는 판정",
    "one of the * officers that [admission] officers lists": "설정 [admission] officers에 등록된 담당관 {}명 중 한 명",
    "a verdict of this officer on the alert": "이 경보에 대한 해당 담당관의 판정",
    "a time after * (*)": "{} 이후의 시각({})",
    "0 to *": "0부터 {}까지",
    (
        "what the officer said of it the first time: the monitor refuses a repetition"
    ): "처음 판정과 같은 내용(같은 판정을 되풀이하면 감시 작업이 거부합니다)",
    "a time, and a later one": "앞선 시각과 그보다 나중의 시각",
    "KEY.SLOT.DIGEST": "키.구역.해시값(KEY.SLOT.DIGEST)",
    "PARTITION:OFFSET": "파티션:위치(PARTITION:OFFSET)",
    "none is configured": "설정된 담당 없음",
    "1 to *": "1~{}건",
    "the id of the accountable officer": "책임 있는 담당관의 식별번호",
    "a later time than now, within * days": "지금 이후 {}일 이내의 시각",
    "one that is listed": "목록에 있는 경보 보류",
    "one of them": "둘 중 하나",
    "a reachable Kafka cluster": "연결할 수 있는 Kafka 클러스터",
    "an answer": "응답",
    "records from *": "{}의 기록",
    "a readable file": "읽을 수 있는 파일",
    "a new file": "새 파일",
    "a regular file": "일반 파일",
    "UTF-8": "UTF-8 텍스트",
    "at most * bytes": "{}바이트 이하",
    "owner * or root": "소유자 {} 또는 root",
    "mode 0600 or less": "권한 0600 이하",
    (
        "an unencrypted Ed25519 private key in PEM, or 64 hex digits"
    ): "암호화되지 않은 Ed25519 개인 키(PEM) 또는 16진수 64자리",
    "the topics of fxwatch": "fxwatch의 토픽",
    (
        "what the role of this client may do (fxwatch topics acls)"
    ): "이 클라이언트의 역할에 주어진 권한(fxwatch topics acls로 확인)",
    "the field alert_id of a published alert": "발행된 경보의 번호",
    (
        "a pseudonym key file, or what `fxwatch evidence keys` wrote"
    ): "가명 키 파일 또는 `fxwatch evidence keys`로 만든 파일",
    "all proven": "모두 원본과 일치",
    "originals, ledger records and keys": "원본, 원장 기록 및 키",
    "ALERT_ID or --all": "ALERT_ID 또는 --all",
    "the same, bit for bit": "완전히 같은 경보",
    (
        "the alerts' ledger records, and a snapshot or the ledger's first record before them"
    ): "경보의 원장 기록과 그 이전의 저장본 또는 원장의 첫 기록",
}
_VERDICTS_OF_PROOF = {
    f"* {english}": f"{PROOF_WORDS['ko'].verdicts[code]} {{}}건" for code, english in PROOF_WORDS["en"].verdicts.items()
}
# what -> what was got with it, for each of its parts that commas divide
GOT = {
    "nobody answers for this verdict": {
        "neither --officer nor the setting officer": "--officer와 설정 officer가 모두 없음"
    },
    "this alert does not say which typology is to rest": {"no --typology": "--typology 없음"},
    "output has one form": {"--csv and --json": "--csv와 --json"},
    "--bom belongs to --csv": {"--bom alone": "--bom만 사용"},
    "the configuration is not valid": {"environment only": "환경 변수"},
    "no Kafka broker answers": {"*: connections and no answers": "{}: 연결되나 응답이 없음"},
    "the broker stopped answering while topics were read": {"nothing for * s": "{}초 동안 받은 기록이 없음"},
    "this officer decided otherwise at a later time": {"* at *": "{}({})"},
    "there is no verdict to withdraw": {"* on *": "담당관 {}, 경보 {}"},
    "this verdict stands already, without these details": LABELS["ko"],
    "originals are proven with the evidence keys": {"FXWATCH_KEY_FILE is not set": "FXWATCH_KEY_FILE 설정이 없음"},
    "evidence is not what the sender sent": _VERDICTS_OF_PROOF,
    "this copy is none of the alert's records": _VERDICTS_OF_PROOF,
    "not all evidence could be checked, of the rest none differs": _VERDICTS_OF_PROOF,
    "the * file belongs to another account, which can read it": {"owner *": "소유자 {}"},
    "the * file can be read or changed by others": {"mode *": "권한 {}"},
    "the signing key file is not valid": {"*: * characters": "{}: {}자"},
    "rescore takes one alert or all of them": {"both": "둘 다 지정", "neither": "지정하지 않음"},
}
TODO = {
    "see the lines above": "위에 표시된 줄을 확인하십시오",
    "name another --until; `fxwatch snooze end` ends one": "--until을 다시 지정하십시오. 해제는 fxwatch snooze end",
    "see `fxwatch snooze list`": "`fxwatch snooze list`에서 확인하십시오",
    "name one of these with --typology; each rests by itself": "--typology로 하나를 지정하십시오. 유형별로 보류합니다",
    "copy it from `fxwatch alerts list`": "`fxwatch alerts list`에 표시된 번호를 복사하십시오",
    "copy it from `fxwatch cases list`": "`fxwatch cases list`에 표시된 번호를 복사하십시오",
    "see `fxwatch cases list`": "`fxwatch cases list`에서 확인하십시오",
    "see `fxwatch alerts list`": "`fxwatch alerts list`에서 확인하십시오",
    "see `fxwatch alerts show`": "`fxwatch alerts show`에서 확인하십시오",
    "give more of its digits": "앞자리를 더 길게 입력하십시오",
    "copy the field party of an alert": "경보에 표시된 당사자 토큰을 복사하십시오",
    (
        "write it so; without an offset it is a time of *"
    ): "이 형식으로 입력하십시오. 시차를 적지 않으면 {} 시각으로 봅니다",
    "write it so": "이 형식으로 입력하십시오",
    "correct it": "표시된 항목을 바로잡으십시오",
    (
        "say --officer as the configuration spells it, or have the officer listed"
    ): "--officer를 설정에 등록된 표기대로 입력하거나 담당관 등록을 요청하십시오",
    (
        "give a later --decided-at; where none was given, set this machine's clock"
    ): "더 나중의 --decided-at을 입력하고, 생략한 경우에는 이 컴퓨터의 시계를 맞추십시오",
    "give --verdict withdrawn, then this verdict anew": "--verdict withdrawn으로 철회한 뒤 다시 판정하십시오",
    "exchange them, or leave one out": "서로 바꾸거나 하나를 빼십시오",
    "say the same again: what was sent counts once": "같은 명령을 다시 실행하십시오. 전송된 판정은 한 번만 집계됩니다",
    "see `fxwatch broker status`, then say it again": "`fxwatch broker status`를 확인한 뒤 다시 실행하십시오",
    "see `fxwatch broker status`, then ask again": "`fxwatch broker status`를 확인한 뒤 다시 실행하십시오",
    "see `fxwatch broker status`, then run the command again": "`fxwatch broker status`를 확인한 뒤 다시 실행하십시오",
    "wait for its brokers, then try again": "브로커가 준비된 뒤 다시 실행하십시오",
    (
        "see the broker's log, or correct FXWATCH_BOOTSTRAP"
    ): "브로커의 로그를 확인하거나 FXWATCH_BOOTSTRAP을 바로잡으십시오",
    "run `fxwatch topics apply`": "`fxwatch topics apply`를 실행하십시오",
    (
        "let the cluster's administrator run: fxwatch topics acls --apply; or correct who this client is "
        "(FXWATCH_SASL_USERNAME, its certificate or token)"
    ): (
        "클러스터 관리자에게 fxwatch topics acls --apply의 실행을 요청하거나, 접속 계정 설정(FXWATCH_SASL_USERNAME, "
        "인증서 또는 토큰)을 바로잡으십시오"
    ),
    (
        "see `fxwatch alerts follow --from-beginning`; an alert of a run that is being committed is seen a moment later"
    ): "`fxwatch alerts follow --from-beginning`에서 확인하십시오. 방금 발행된 경보는 잠시 뒤에 보입니다",
    "set it, or say --key-file": "이를 설정하거나 --key-file을 입력하십시오",
    (
        "look at the records named above; the input topic or the ledger was changed"
    ): "위에 표시된 기록을 확인하십시오. 입력 토픽이나 원장이 변경되었습니다",
    (
        "check that the copy is byte for byte, key and headers left out"
    ): "사본이 키와 헤더를 제외하고 원본과 바이트 단위로 같은지 확인하십시오",
    (
        "see the last column; an older key file or a copy of the original helps"
    ): "마지막 열을 확인하십시오. 이전 키 파일이나 원본의 사본이 있으면 확인할 수 있습니다",
    "see `fxwatch rescore --help`": "`fxwatch rescore --help`를 확인하십시오",
    (
        "restore the ledger from its backup; see evidence_retention_days"
    ): "원장을 백업에서 복원하십시오. 설정 evidence_retention_days를 확인하십시오",
    (
        "another release is the likely cause: run this command of fxwatch * (this is *)"
    ): "버전 차이가 원인일 수 있습니다. fxwatch {}에서 이 명령을 실행하십시오(현재 버전 {})",
    (
        "the published record, the ledger or the code was changed since; compare with --from-ledger"
    ): "발행된 경보, 원장 또는 코드가 이후에 변경되었습니다. --from-ledger로 비교하십시오",
    "correct the path": "경로를 바로잡으십시오",
    "correct the path, or the file's owner and mode": "경로 또는 파일의 소유자와 권한을 바로잡으십시오",
    "mend each of these lines": "표시된 줄을 바로잡으십시오",
    "set the terminal to UTF-8, or correct the text": "터미널의 문자 인코딩을 UTF-8로 설정하거나 글자를 바로잡으십시오",
    "replace it": "다른 파일로 바꾸십시오",
    "chown * it, and *": "소유자를 {} 계정으로 바꾼 뒤 {}",
    (
        "*; if others could read it, treat it as known to them"
    ): "{}. 다른 사람이 읽을 수 있었다면 이미 알려진 것으로 보십시오",
    (
        "make one: (umask 077; openssl genpkey -algorithm ed25519 -out FILE)"
    ): "새로 만드십시오: (umask 077; openssl genpkey -algorithm ed25519 -out FILE)",
    "choose another name; keys are never overwritten": "다른 이름을 입력하십시오. 기존 키는 덮어쓰지 않습니다",
    "restore the broker's log, or a replica of it": "브로커의 로그나 그 복제본을 복원하십시오",
    "see the worker's log": "작업의 로그를 확인하십시오",
    "name one of these, or add it to the table [desks]": "위의 담당 중 하나를 입력하거나 설정 [desks]에 추가하십시오",
    "name one of these": "위의 유형 중 하나를 입력하십시오",
    "name alerts, or give their ids on standard input": "경보 번호를 입력하거나 표준 입력으로 전달하십시오",
    "say --officer ID, or set FXWATCH_OFFICER": "--officer에 식별번호를 입력하거나 FXWATCH_OFFICER를 설정하십시오",
    "copy it from an alert's evidence, such as 8:1007": "경보의 근거 자료에 표시된 위치를 복사하십시오(예: 8:1007)",
    "leave one out": "하나를 빼십시오",
    "add --csv": "--csv를 추가하십시오",
    (
        "start one (fxwatch broker start) or correct FXWATCH_BOOTSTRAP"
    ): "브로커를 시작하거나(fxwatch broker start) FXWATCH_BOOTSTRAP을 바로잡으십시오",
    "mend each of these, then look again: fxwatch doctor": "아래 항목을 바로잡은 뒤 다시 확인하십시오: fxwatch doctor",
}
# why a record is not proven, as streams/proofs/evidence.py says it; a cause of another kind stays as it is
WHY = {
    "the key * is not in the key file": "키 파일에 {} 키가 없습니다",
    "its record is not in the ledger any more": "기록이 원장에 남아 있지 않습니다",
    "its ledger record cannot be read any more": "원장 기록을 더 이상 읽을 수 없습니다",
    (
        "the original cannot be read any more; prove a copy kept elsewhere"
    ): "원본을 더 이상 읽을 수 없습니다. 따로 보관한 사본으로 확인하십시오(--original)",
    "the ledger record has another commitment": "원장 기록의 원본 확인값이 다릅니다",
    "these are not the bytes that were committed to": "보고 당시의 원본과 다릅니다",
    (
        "the original is past its topic's retention; prove a copy kept elsewhere"
    ): "원본의 보존 기간이 지났습니다. 따로 보관한 사본으로 확인하십시오(--original)",
}
# codes of faults that a verdict can have, as ingest names them
FAULTS = {
    "field.characters": "쓸 수 없는 문자가 있음",
    "field.length": "길이가 허용 범위를 벗어남",
    "decimal.malformed": "숫자 형식이 아님",
    "decimal.range": "값이 허용 범위를 벗어남",
    "time.future": "미래의 시각",
}

# what may be filled in where a text above has `*`; anything else stays as it is
FILLED = VALUES["ko"]["verdict"] | {
    "signing key": "서명 키",
    "key": "키",
    (
        "chmod 600 it, as its owner; in a container set owner and mode of the secret (Docker: uid and mode 0400; "
        "Kubernetes: defaultMode 0400 with fsGroup)"
    ): (
        "소유자 계정에서 chmod 600을 실행하십시오. 컨테이너에서는 시크릿의 소유자와 권한을 설정하십시오(Docker: uid와 "
        "mode 0400, Kubernetes: defaultMode 0400과 fsGroup)"
    ),
}


def _known(table: Mapping[str, object], text: str) -> tuple[str, tuple[str, ...]] | None:
    """As what a table has a text, and what is filled in there; None where it has none."""
    if text in table:
        return text, ()
    for english in table:
        pattern = re.escape(english).replace(r"\*", "(.+)")
        found = re.fullmatch(pattern, text, re.DOTALL) if "*" in english else None
        if found:
            return english, found.groups()
    return None


def _said(table: Mapping[str, str], text: str) -> str | None:
    """The Korean of a text, what is filled in too; None where the table has none."""
    known = _known(table, text)
    return known and table[known[0]].format(*(FILLED.get(each, each) for each in known[1]))


def why(text: str, lang: Language) -> str:
    """Why a record of an alert's evidence is not proven."""
    return text if lang == "en" else _said(WHY, text) or text


def _fault(told: str) -> str:
    """`code field` as ingest names a fault, with its code."""
    code, _, field = told.partition(" ")
    name = "판정 사유" if field == "reason" else LABELS["ko"].get(field, field)  # the ledger holds no reason
    return f"{name}: {FAULTS[code]}({code})" if code in FAULTS else f"{name}: {code}"


def _got(what: str, got: str) -> str:
    if what == "the verdict would be refused":
        return ", ".join(map(_fault, got.split("; ")))
    known = _known(GOT, what)
    table = GOT[known[0]] if known else {}
    return ", ".join(_said(table, part) or part for part in got.split(", "))


def error_in_korean(error: FxwatchError) -> str | None:
    """The error's paragraph in Korean, in the order of `FxwatchError.message`; None where this has no words for it."""
    what = _said(WHAT, error.what)
    if what is None:
        return None
    wrong_use = isinstance(error, UsageError | AlertNotFoundError)
    parts = [make_showable(what)]
    if error.got is not None:
        parts.append(f"{'입력값' if wrong_use else '확인된 내용'}: {make_printable(_got(error.what, str(error.got)))}")
    if error.expected is not None:
        expected = _said(EXPECTED, str(error.expected)) or str(error.expected)
        parts.append(f"{'올바른 값' if wrong_use else '필요한 것'}: {make_printable(expected)}")
    if error.todo is not None:
        parts.append(f"조치: {make_showable(_said(TODO, error.todo) or error.todo)}")
    return "\n".join(["; ".join(parts), *(f"  - {make_showable(one)}" for one in getattr(error, "problems", []))])


def usage_in_korean(error: click.UsageError) -> str:
    """What is wrong with a command line, and where its use is told."""
    command = error.ctx.command_path if error.ctx is not None else "fxwatch"
    return f"{make_printable(_misuse(error))}; 사용법: {command} --help"


def _misuse(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption):
        return f"없는 옵션입니다: {error.option_name}"
    if isinstance(error, click.MissingParameter):
        name = "" if error.param is None else error.param.get_error_hint(error.ctx)  # type: ignore[arg-type]
        return f"필수 입력이 빠졌습니다: {name}"
    if not isinstance(error, click.BadParameter) or error.param is None:
        unknown = re.fullmatch(r"No such command (.+?)\.", error.format_message())
        return f"없는 명령입니다: {unknown[1]}" if unknown else f"명령을 잘못 사용하였습니다: {error.format_message()}"
    name = error.param.get_error_hint(error.ctx)  # type: ignore[arg-type]
    if isinstance(error.param.type, click.Choice):
        words = VALUES["ko"].get(error.param.name or "", {})
        choices = (f"{each}({words[each]})" if each in words else str(each) for each in error.param.type.choices)
        return f"{name}에 쓸 수 없는 값입니다; 올바른 값: {', '.join(choices)}"
    if isinstance(error.param.type, click.IntRange | click.FloatRange):
        least, most = error.param.type.min, error.param.type.max
        bounds = f"{'' if least is None else f'{least:g} 이상'} {'' if most is None else f'{most:g} 이하'}".strip()
        return f"{name}에 쓸 수 없는 값입니다; 올바른 값: {bounds} 숫자"
    return f"{name}에 쓸 수 없는 값입니다: {error.message}"
