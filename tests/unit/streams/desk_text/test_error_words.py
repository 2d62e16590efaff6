"""What the desk's commands refuse is told in Korean, all of it, and in English where this release has no words."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from click.testing import CliRunner

from streams import cli, errors
from streams.cli.alerts import command as alerts
from streams.cli.dispose import command as dispose
from streams.desk.disposing import check, make_decision
from streams.desk_text.error_words import (
    EXPECTED,
    FAULTS,
    FILLED,
    GOT,
    TODO,
    WHAT,
    WHY,
    error_in_korean,
    usage_in_korean,
)
from streams.desk_text.record_words import LABELS, VALUES
from streams.errors import ConfigurationError, DeliveryError, FxwatchError, UsageError
from streams.kafka.denied import make_not_authorized_error
from streams.settings import load_settings

ROOT = Path(cli.__file__).parents[1]
SAYS_LANG = [
    path
    for path in sorted((ROOT / "cli").glob("*.py"))
    if re.search(r"from streams\.cli\.desk_options import .*\blanguage\b", path.read_text())
]
# the commands that take --lang, what they share, and what reads and asks Kafka for them
DESK = [
    *SAYS_LANG,
    *sorted((ROOT / "desk").glob("*.py")),
    *(
        ROOT / name
        for name in (
            "cli/desk_options.py",
            "proofs/evidence.py",
            "kafka/topic_reader.py",
            "proofs/rescore.py",
            "kafka/denied.py",
        )
    ),
]
PARTS = ("what", "got", "expected", "todo")


def _calls(tree: ast.AST) -> list[ast.Call]:
    """Each error of streams/errors.py made there, raised at once or not, and each refusal for want of a right."""
    named = [
        (node, node.func.id)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    return [
        call
        for call, name in named
        if name in {"make_not_authorized_error", "choose_error"} or isinstance(getattr(errors, name, None), type)
    ]


def _texts(node: ast.expr | None) -> set[str]:
    """The texts that an argument may be, with `*` where they are filled in; none for what is made elsewhere."""
    if isinstance(node, ast.IfExp):
        return _texts(node.body) | _texts(node.orelse)
    if isinstance(node, ast.BoolOp):
        return {text for value in node.values for text in _texts(value)}
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
    else:
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return {text} if re.search(r"\w", re.sub(r"--\w+", "", text)) else set()


def _said(tree: ast.AST) -> dict[str, set[str]]:
    """What the errors there say, part by part, as far as they say it in words of their own."""
    said: dict[str, set[str]] = {part: set() for part in PARTS}
    for call in _calls(tree):
        place = 2 if getattr(call.func, "id", "") == "choose_error" else 0
        said["what"] |= _texts(call.args[place] if len(call.args) > place else None)
        for word in call.keywords:
            if word.arg in said:
                said[word.arg] |= _texts(word.value)
    return said


def _of_function(path: str, name: str) -> ast.AST:
    """A function of a module that says more than the desk can meet."""
    (found,) = (
        node
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    )
    assert _said(found)["what"]
    return found


MET = {f"{path.parent.name}/{path.stem}": ast.parse(path.read_text()) for path in DESK} | {
    "topics/admin_client connect": _of_function("kafka/topics/admin_client.py", "connect"),
    "topics/admin_client describe_topics": _of_function("kafka/topics/admin_client.py", "describe_topics"),
    "kafka/check_connection": _of_function("kafka/check_connection.py", "_check"),
    **{
        f"secret_files {name}": _of_function("keys/secret_files.py", name)
        for name in ("_read", "_unreadable", "_refuse_readable")
    },
    "signed_records": _of_function("keys/signed_records.py", "load_signing_key"),
    "commitments": _of_function("keys/commitments.py", "parse_evidence_keys"),
    "settings": _of_function("settings.py", "load_settings"),
}


@pytest.mark.parametrize("place", MET)
def test_each_refusal_of_the_desk_has_its_korean(place: str) -> None:
    """Whole: what, what was expected, what to do; and what was got, where it is words."""
    said = _said(MET[place])
    assert said["what"] <= WHAT.keys()
    assert said["expected"] <= EXPECTED.keys()
    assert said["todo"] <= TODO.keys()
    got = {part for text in said["got"] for part in text.split(", ")} - {"*"}
    assert got <= {text for table in GOT.values() for text in table}


def test_every_text_with_korean_is_said_somewhere() -> None:
    """A refusal that is worded anew leaves its Korean behind here, and speaks English."""
    said: set[str] = set()
    for path in sorted(ROOT.rglob("*.py")):
        if path.name != "error_words.py":
            said |= {
                text
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.expr)
                for text in _texts(node)
            }
    said |= {part for text in said for part in text.split(", ")} | VALUES["ko"]["verdict"].keys()
    got = [table for table in GOT.values() if table is not LABELS["ko"] and "* proven" not in table]  # those are made
    assert [text for table in (WHAT, EXPECTED, TODO, WHY, FILLED, *got) for text in table if text not in said] == []
    assert set(GOT) <= WHAT.keys()


def test_places_of_both_languages_agree() -> None:
    """What differs from case to case is neither lost nor asked for twice."""
    for english, korean in (pair for table in (WHAT, EXPECTED, TODO, WHY, *GOT.values()) for pair in table.items()):
        assert len(re.findall(r"\{\d?\}", korean)) == english.count("*"), english


def test_every_fault_that_a_verdict_can_have_has_its_name() -> None:
    """Each option of `dispose` that takes a text, too short, too long and malformed."""
    good = make_decision(
        alert_id="a" * 32,
        party=f"k1.0a3.{0:032x}",
        verdict="confirmed",
        reason="r",
        investigator="I-1",
        decided_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    wrong = [
        {name: text}
        for name in ("reason", "investigator", "amount_krw", "legal_basis", "office")
        for text in ("", "x" * 3000, "-1", "a\nb")
    ]
    codes, settings = set(), load_settings()
    for changed in [*wrong, {"decided_at": datetime(2190, 1, 1, tzinfo=UTC)}]:
        try:
            check(settings, msgspec.structs.replace(good, **changed))
        except UsageError as error:
            codes |= {fault.split()[0] for fault in str(error.got).split("; ")}
    assert codes == FAULTS.keys()


def test_an_error_is_told_whole() -> None:
    error = UsageError(
        "this officer decided otherwise at a later time",
        got="refuted at 2026-01-01T00:00:00+09:00",
        expected="a time after 2026-11-29T21:00:53+00:00 (confirmed)",
        todo="give a later --decided-at; where none was given, set this machine's clock",
    )
    assert error_in_korean(error) == (
        "이 담당관은 그보다 나중에 다른 판정을 하였습니다; 입력값: 의심 해소(2026-01-01T00:00:00+09:00); "
        "올바른 값: 2026-11-29T21:00:53+00:00 이후의 시각(의심 확인); "
        "조치: 더 나중의 --decided-at을 입력하고, 생략한 경우에는 이 컴퓨터의 시계를 맞추십시오"
    )


def test_faults_of_a_verdict_have_their_names_and_codes() -> None:
    error = UsageError(
        "the verdict would be refused",
        got="field.length reason; decimal.malformed amount_krw; new x",
        expected="a disposition as the contract wants it",
        todo="correct it",
    )
    told = error_in_korean(error)
    assert told is not None
    assert "판정 사유: 길이가 허용 범위를 벗어남(field.length)" in told
    assert "확인 금액: 숫자 형식이 아님(decimal.malformed), x: new" in told


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            DeliveryError("nothing was sent: the broker does not answer", got="timed out on a socket, again at once"),
            "브로커가 응답하지 않아 전송하지 못하였습니다; 확인된 내용: timed out on a socket, again at once",
        ),
        (
            errors.NotReproducedError(
                "evidence is not what the sender sent", got="12 proven, 1 out of reach", expected="all proven"
            ),
            (
                "근거 자료가 보고 당시의 원본과 다릅니다; "
                "확인된 내용: 원본과 일치 12건, 확인 불가 1건; 필요한 것: 모두 원본과 일치"
            ),
        ),
        (
            errors.NotReproducedError("alerts and ledger do not agree:\n  alert ab\n  alert cd"),
            "경보와 원장이 일치하지 않습니다:\n  alert ab\n  alert cd",
        ),
        (
            UsageError("this verdict stands already, without these details", got="amount_krw, office"),
            "같은 판정이 이미 유효하나 다음 항목은 그 판정에 없습니다; 입력값: 확인 금액, 부서",
        ),
        (
            make_not_authorized_error("this client may not read", TopicAuthorizationFailedError("fx.ledger.v1")),
            (
                "열람 권한이 없습니다; 확인된 내용: TopicAuthorizationFailedError: fx.ledger.v1; "
                "필요한 것: 이 클라이언트의 역할에 주어진 권한(fxwatch topics acls로 확인); "
                "조치: 클러스터 관리자에게 fxwatch topics acls --apply의 실행을 요청하거나, "
                "접속 계정 설정(FXWATCH_SASL_USERNAME, 인증서 또는 토큰)을 바로잡으십시오"
            ),
        ),
        (
            UsageError(
                "cannot read the signing key file: No such file or directory",
                got="/nope",
                expected="a readable file",
                todo="correct the path, or the file's owner and mode",
            ),
            (
                "서명 키 파일을 읽을 수 없습니다: No such file or directory; 입력값: /nope; "
                "올바른 값: 읽을 수 있는 파일; 조치: 경로 또는 파일의 소유자와 권한을 바로잡으십시오"
            ),
        ),
    ],
    ids=["a cause stays", "counts", "lines", "details", "rights", "keys"],
)
def test_what_was_got_is_told_as_what_it_is(fault: FxwatchError, told: str) -> None:
    """Texts are known with the refusal that says them: `* on *` is an officer's in one of them, no other's."""
    assert error_in_korean(fault) == told


def test_what_has_no_korean_is_left_to_the_english_message() -> None:
    assert error_in_korean(FxwatchError("something new", todo="correct it")) is None


def test_problems_of_a_configuration_are_not_lost_and_control_characters_are_shown() -> None:
    told = error_in_korean(ConfigurationError("the configuration is not valid", ["officers: \x1b[31m"], got="\x07"))
    assert told is not None
    assert "\n  - officers: " in told
    assert "\x1b" not in told
    assert "\x07" not in told


@pytest.mark.parametrize(
    ("command", "line", "told"),
    [
        (alerts, "list --status x", "'--status'에 쓸 수 없는 값입니다; 올바른 값: open, disposed, all"),
        (alerts, "list --limit 0", "'--limit'에 쓸 수 없는 값입니다; 올바른 값: 1 이상 숫자"),
        (alerts, "list --bad", "없는 옵션입니다: --bad"),
        (alerts, "lst", "없는 명령입니다: 'lst'"),
        (alerts, "show", "필수 입력이 빠졌습니다: 'ALERT'"),
        (dispose, "ab12 --reason r --verdict 기각", "confirmed(의심 확인), refuted(의심 해소)"),
        (dispose, "ab12 --reason r --verdict refuted --wait 700", "올바른 값: 0 이상 600 이하 숫자"),
    ],
)
def test_wrong_use_is_told_in_korean(command: click.Command, line: str, told: str) -> None:
    outcome = CliRunner().invoke(command, line.split(), standalone_mode=False)
    assert isinstance(outcome.exception, click.UsageError)
    text = usage_in_korean(outcome.exception)
    assert told in text
    assert text.endswith("--help")


@pytest.mark.parametrize(
    ("words", "environment", "korean"),
    [
        ("alerts show abc --lang ko", "", True),
        ("alerts show abc --lang=ko", "en", True),
        ("alerts show abc --lang en", "ko", False),
        ("alerts show abc", "ko", True),
        ("alerts show abc", "", False),
    ],
)
def test_errors_speak_the_language_asked_for(
    words: str, environment: str, korean: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["fxwatch", *words.split()])
    monkeypatch.delenv("FXWATCH_LANG", raising=False)
    if environment:
        monkeypatch.setenv("FXWATCH_LANG", environment)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert ("경보 번호나 그 앞자리가 아닙니다; 입력값: 'abc'" in capsys.readouterr().err) is korean


@pytest.mark.parametrize("words", ["ledger", "alerts", "broker"])
def test_a_group_without_a_command_shows_its_help_in_lines(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under FXWATCH_LANG=ko it came as one line, its line feeds shown as characters that are none."""
    monkeypatch.setattr("sys.argv", ["fxwatch", words])
    monkeypatch.setenv("FXWATCH_LANG", "ko")
    with pytest.raises(SystemExit) as stop:
        cli.main()
    told = capsys.readouterr().err
    assert stop.value.code == 2
    assert "Commands:" in told.splitlines()
    assert "\ufffd" not in told
