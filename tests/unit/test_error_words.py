"""What the desk's commands refuse is told in Korean, all of it, and in English where this release has no words."""

import ast
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from streams import cli
from streams.alert_text.error_words import EXPECTED, TODO, WHAT, error_in_korean, usage_in_korean
from streams.cli.alerts import command as alerts
from streams.cli.dispose import command as dispose
from streams.errors import ConfigurationError, FxwatchError, UsageError

ROOT = Path(cli.__file__).parents[1]
DESK = [*sorted((ROOT / "desk").glob("*.py")),
        *(ROOT / "cli" / f"{name}.py" for name in ("alerts", "alerts_list", "alerts_show", "desk_options", "dispose",
                                                   "ledger", "party"))]  # fmt: skip


def _raised(path: Path) -> list[ast.Call]:
    """The errors that a file raises with a text of their own."""
    calls = (node.exc for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Raise))
    return [call for call in calls if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
            and call.func.id.endswith("Error") and call.func.id != "TimeoutError" and call.args]  # fmt: skip


def _text(node: ast.expr) -> str | None:
    """A text as a table has it, with `*` where it is filled in; None for what is no text."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


@pytest.mark.parametrize("path", DESK, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_refusal_of_the_desk_has_its_korean(path: Path) -> None:
    for call in _raised(path):
        texts = {"what": _text(call.args[0])} | {word.arg: _text(word.value) for word in call.keywords}
        assert texts["what"] in WHAT
        assert texts.get("todo") is None or texts["todo"] in TODO
        expected = texts.get("expected")
        known = {expected, (expected or "").replace("*", "4", 1), (expected or "").replace("*", "1000", 1)}
        assert expected is None or known & EXPECTED.keys()


def test_an_error_is_told_whole() -> None:
    error = UsageError("this officer decided otherwise at a later time", got="refuted at 2026-01-01T00:00:00+09:00",
                       expected="a time after 2026-11-29T21:00:53+00:00 (confirmed)",
                       todo="give a later --decided-at; where none was given, set this machine's clock")  # fmt: skip
    assert error_in_korean(error) == (
        "이 담당관은 그보다 나중에 다른 판정을 하였습니다; 입력값: 의심 해소(2026-01-01T00:00:00+09:00); "
        "올바른 값: 2026-11-29T21:00:53+00:00 이후의 시각(의심 확인); "
        "조치: 더 나중의 --decided-at을 입력하고, 생략한 경우에는 이 컴퓨터의 시계를 맞추십시오"
    )


def test_faults_of_a_verdict_have_their_names_and_codes() -> None:
    error = UsageError("the verdict would be refused", got="field.length reason; decimal.malformed amount_krw; new x",
                       expected="a disposition as the contract wants it", todo="correct it")  # fmt: skip
    told = error_in_korean(error)
    assert told is not None
    assert "판정 사유: 길이가 허용 범위를 벗어남(field.length)" in told
    assert "확인 금액: 숫자 형식이 아님(decimal.malformed), x: new" in told


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
)  # fmt: skip
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
)  # fmt: skip
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
