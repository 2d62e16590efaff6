"""What the desk's commands refuse, in Korean. A text that is not known here is told in English, whole."""

import re

import click

from streams.alert_text.record_words import LABELS, VALUES
from streams.errors import FxwatchError
from streams.showing import printable

# each part of an error as the code says it -> the same in Korean; `*` stands for what differs, `{}` takes it over
WHAT = {
    "this is not the id of an alert, nor its beginning": "경보 번호나 그 앞자리가 아닙니다",
    "this is not the id of an alert": "경보 번호가 아닙니다",
    "no alert of this id is on fx.alerts.v1": "이 번호의 경보가 없습니다",
    "several alerts have an id that begins so": "이 앞자리로 시작하는 경보가 여러 건입니다",
    "this is not a party's token": "당사자 토큰이 아닙니다",
    "this is not a time": "날짜나 시각이 아닙니다",
    "the verdict would be refused": "이 판정은 접수되지 않습니다",
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
    "this is not a position of the ledger": "원장 위치가 아닙니다",
    "the ledger has no such partition": "원장에 없는 파티션입니다",
    "output has one form": "출력 형식은 하나만 선택할 수 있습니다",
    "--bom belongs to --csv": "--bom은 --csv와 함께 사용합니다",
    "this client may not read *": "{} 열람 권한이 없습니다",
    "this client may not write to *": "{} 쓰기 권한이 없습니다",
    "no Kafka broker answers": "Kafka 브로커가 응답하지 않습니다",
    "the configuration is not valid": "설정이 올바르지 않습니다",
}
EXPECTED = {
    "4 to 32 hex digits": "16진수 4~32자리",
    "32 hex digits": "16진수 32자리",
    "the id of a published alert, or its first digits": "발행된 경보의 번호 또는 그 앞자리",
    "a day (2026-04-28) or a time (2026-04-28T17:42)": "날짜(2026-04-28) 또는 시각(2026-04-28T17:42)",
    "a disposition as the contract wants it": "계약에 맞는 판정",
    "one of the * officers that [admission] officers lists": "설정 [admission] officers에 등록된 담당관 {}명 중 한 명",
    "a verdict of this officer on the alert": "이 경보에 대한 해당 담당관의 판정",
    "a time after * (*)": "{} 이후의 시각({})",
    "0 to *": "0부터 {}까지",
    "what the officer said of it the first time: the monitor refuses a repetition":
        "처음 판정과 같은 내용(같은 판정을 되풀이하면 감시 작업이 거부합니다)",
    "a time, and a later one": "앞선 시각과 그보다 나중의 시각",
    "KEY.SLOT.DIGEST": "키.구역.해시값(KEY.SLOT.DIGEST)",
    "PARTITION:OFFSET": "파티션:위치(PARTITION:OFFSET)",
    "none is configured": "설정된 담당 없음",
    "1 to 1000": "1~1,000건",
    "the id of the accountable officer": "책임 있는 담당관의 식별번호",
    "--csv --bom": "--csv --bom",
    "one of them": "둘 중 하나",
    "a reachable Kafka cluster": "연결할 수 있는 Kafka 클러스터",
}  # fmt: skip
GOT = {
    "neither --officer nor the setting officer": "--officer와 설정 officer가 모두 없음",
    "--csv and --json": "--csv와 --json",
    "--bom alone": "--bom만 사용",
    "environment only": "환경 변수",
    "* at *": "{}({})",
    "* on *": "담당관 {}, 경보 {}",
}
TODO = {
    "copy it from `fxwatch alerts list`": "`fxwatch alerts list`에 표시된 번호를 복사하십시오",
    "see `fxwatch alerts list`": "`fxwatch alerts list`에서 확인하십시오",
    "see `fxwatch alerts show`": "`fxwatch alerts show`에서 확인하십시오",
    "copy the field alert_id of the alert": "경보의 '경보 번호'를 모두 복사하십시오",
    "give more of its digits": "앞자리를 더 길게 입력하십시오",
    "copy the field party of an alert": "경보에 표시된 당사자 토큰을 복사하십시오",
    "write it so; without an offset it is a time of *":
        "이 형식으로 입력하십시오. 시차를 적지 않으면 {} 시각으로 봅니다",
    "correct it": "표시된 항목을 바로잡으십시오",
    "say --officer as the configuration spells it, or have the officer listed":
        "--officer를 설정에 등록된 표기대로 입력하거나 담당관 등록을 요청하십시오",
    "give a later --decided-at; where none was given, set this machine's clock":
        "더 나중의 --decided-at을 입력하고, 생략한 경우에는 이 컴퓨터의 시계를 맞추십시오",
    "give --verdict withdrawn, then this verdict anew": "--verdict withdrawn으로 철회한 뒤 다시 판정하십시오",
    "exchange them, or leave one out": "서로 바꾸거나 하나를 빼십시오",
    "say the same again: what was sent counts once": "같은 명령을 다시 실행하십시오. 전송된 판정은 한 번만 집계됩니다",
    "see `fxwatch broker status`, then say it again": "`fxwatch broker status`를 확인한 뒤 다시 실행하십시오",
    "name one of these, or add it to the table [desks]": "위의 담당 중 하나를 입력하거나 설정 [desks]에 추가하십시오",
    "name one of these": "위의 유형 중 하나를 입력하십시오",
    "name alerts, or give their ids on standard input": "경보 번호를 입력하거나 표준 입력으로 전달하십시오",
    "say --officer ID, or set FXWATCH_OFFICER": "--officer에 식별번호를 입력하거나 FXWATCH_OFFICER를 설정하십시오",
    "copy it from an alert's evidence, such as 8:1007": "경보의 근거 자료에 표시된 위치를 복사하십시오(예: 8:1007)",
    "leave one out": "하나를 빼십시오",
    "add --csv": "--csv를 추가하십시오",
    "start one (fxwatch broker start) or correct FXWATCH_BOOTSTRAP":
        "브로커를 시작하거나(fxwatch broker start) FXWATCH_BOOTSTRAP을 바로잡으십시오",
    "mend each of these, then look again: fxwatch doctor": "아래 항목을 바로잡은 뒤 다시 확인하십시오: fxwatch doctor",
}  # fmt: skip
# codes of faults that a verdict can have, as ingest names them
_FAULTS = {
    "field.length": "길이가 허용 범위를 벗어남",
    "field.missing": "필수 항목 누락",
    "decimal.malformed": "숫자 형식이 아님",
    "decimal.range": "값이 허용 범위를 벗어남",
    "time.malformed": "시각 형식이 아님",
}
_FIELDS = {"reason": "판정 사유", "investigator": "담당관"}


def _said(table: dict[str, str], text: str) -> str | None:
    """The Korean of a text; None where the table has none."""
    if text in table:
        return table[text]
    for english, korean in table.items():
        found = re.fullmatch(re.escape(english).replace(r"\*", "(.+)"), text) if "*" in english else None
        if found:
            return korean.format(*found.groups())
    return None


def _fault(told: str) -> str:
    """`code field` as ingest names a fault, with its code."""
    code, _, field = told.partition(" ")
    name = _FIELDS.get(field) or LABELS["ko"].get(field, field)
    return f"{name}: {_FAULTS[code]}({code})" if code in _FAULTS else f"{name}: {code}"


def _got(what: str, got: str) -> str:
    if what == "the verdict would be refused":
        return ", ".join(map(_fault, got.split("; ")))
    told = _said(GOT, got)
    if told is None:
        return got
    for verdict, korean in VALUES["ko"]["verdict"].items():
        told = told.replace(f"{verdict}(", f"{korean}(")
    return told


def error_in_korean(error: FxwatchError) -> str | None:
    """The error's paragraph in Korean; None where this does not know what happened."""
    what = _said(WHAT, error.what)
    if what is None:
        return None
    parts = [what]
    if error.got is not None:
        parts.append(f"입력값: {_got(error.what, str(error.got))}")
    if error.expected is not None:
        expected = _said(EXPECTED, str(error.expected)) or str(error.expected)
        for verdict, korean in VALUES["ko"]["verdict"].items():
            expected = expected.replace(f"({verdict})", f"({korean})")
        parts.append(f"올바른 값: {expected}")
    if error.todo is not None:
        parts.append(f"조치: {_said(TODO, error.todo) or error.todo}")
    lines = [printable("; ".join(parts)), *(f"  - {printable(one)}" for one in getattr(error, "problems", []))]
    return "\n".join(lines)


def usage_in_korean(error: click.UsageError) -> str:
    """What is wrong with a command line, and where its use is told."""
    command = error.ctx.command_path if error.ctx is not None else "fxwatch"
    return f"{printable(_misuse(error))}; 사용법: {command} --help"


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
