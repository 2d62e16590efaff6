"""Nothing that a sender, a broker or a file chose rewrites a terminal, turns a page around, or forges a line."""

import ast
import io
import json
import logging
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from rich.console import Console

from streams import cli
from streams.alert_text import alert_text
from streams.cli import alerts, doctor, evidence, reidentify
from streams.cli import deadletter as letters_command
from streams.contracts import dead_letters
from streams.errors import ConfigurationError, FxwatchError
from streams.log.lines import make_formatter
from streams.plain_text import printable as showing
from streams.plain_text import tables
from streams.plain_text.printable import escaped_json, finalize, make_printable, make_showable, say, say_json
from streams.proofs.evidence import Proved
from streams.testbed import gate_page
from tests.support.repository import ROOT

ALERT = (ROOT / "tests" / "golden" / "alert.json").read_bytes()

HOSTILE = {
    "colour": "\x1b[31mred",
    "title": "\x1b]0;pwned\x07",
    "clipboard": "\x1b]52;c;cm0gLXJm\x07",
    "erase": "a\x1b[2K\rb",
    "8-bit": "\x9b31m",
    "backspace": "PAID\b\b\b\bLATE",
    "override": "ab\u202edc",
    "isolate": "a\u2067b\u2069",
    "mark": "a\u200eb\u200f",
    "zero width": "BAN\u200bKA",
    "filler": "A\u3164B",
    "selector": "A\ufe0fB",
    "line": "a\u2028b",
    "tag": "A\U000e0041",
    "delete": "a\x7fb",
    "nul": "a\0b",
    "bom": "\ufeffa",
}
MARKUP = ["[red]x[/red]", r"\[red]x", "[link=http://a]x", ":warning:", "[/]", "[[bold]]"]
HONEST = ["BKGGKRSE", "김철수", "Müller & Söhne", "株式会社", "a[0]@12", "Ελλάς", "שלום", "1 400.50", "👍"]


def faults(text: str) -> set[str]:
    """Characters in `text` that a terminal acts on, or does not show as themselves."""
    hidden, bad = "\u3164\ufe0f\u115f\u034f", {"Cc", "Cf", "Zl", "Zp", "Cs"}
    return {each for each in text if each not in "\n\t" and (unicodedata.category(each) in bad or each in hidden)}


# -- the functions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_acts_on_a_terminal_is_replaced(text):
    """One U+FFFD for each such character; everything else stays."""
    for shown in (make_printable(text), make_showable(text)):
        assert faults(text)
        assert not faults(shown)
        assert len(shown) == len(text)
        assert all(a in (b, showing.REPLACED) for a, b in zip(shown, text, strict=True))


@pytest.mark.parametrize("text", [*HONEST, *MARKUP])
def test_what_is_shown_as_itself_stays(text):
    """Scripts of the world, right-to-left ones too, emoji and brackets."""
    assert make_printable(text) == make_showable(text) == escaped_json(text) == text


@given(st.text())
def test_a_value_is_one_line_and_text_keeps_its_lines(text):
    """Whatever the characters."""
    assert not faults(make_printable(text))
    assert not {"\n", "\t"} & set(make_printable(text))
    assert make_showable(text).count("\n") == text.count("\n")
    assert not faults(make_showable(text))


@given(
    st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
    st.booleans(),
)
def test_json_says_the_same_and_shows_nothing_hostile(content, indented):
    """Escaped where it must be, and read back to the same."""
    text = json.dumps(content, ensure_ascii=False, indent=2 if indented else None)
    shown = escaped_json(text)
    assert json.loads(shown) == json.loads(text)
    assert not faults(shown)


# -- every command goes through them ----------------------------------------------------------------------------------


def test_no_command_prints_past_them():
    """`click.echo`, `print` and a console's markup are used by the showing functions alone."""
    past = []
    for path in sorted((ROOT / "streams").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in {"click.echo", "click.secho", "echo", "secho", "sys.stdout.write", "sys.stderr.write"}:
                    past.append((name, called))
                if (
                    called == "print"
                    and "showable" not in ast.unparse(node)
                    and not all(isinstance(one, ast.Constant) for one in node.args)
                ):
                    past.append((name, ast.unparse(node)[:80]))
    # the supervisor of the embedded broker tells its parent a number
    allowed = {
        ("streams/demo/broker/supervisor.py", "sys.stdout.write"),
        ("streams/plain_text/printable.py", "click.echo"),
        ("streams/plain_text/tables.py", "click.echo"),
    }
    assert set(past) <= allowed, set(past) - allowed


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE)
def hostile(request) -> str:
    """One of the hostile texts."""
    return str(request.param)


def drawn(monkeypatch, rows: list[list[str]]) -> str:
    """A table as a terminal gets it, colours and all."""
    out = io.StringIO()
    monkeypatch.setattr(tables, "is_terminal", lambda: True)
    terminal = Console(file=out, force_terminal=True, width=200, color_system=None)
    monkeypatch.setattr(tables, "Console", lambda **_: terminal)
    tables.show(["one", "two"], rows)
    return out.getvalue()


def test_tables_show_cells_as_they_are(monkeypatch, capsys, hostile):
    """In a terminal and in a pipe."""
    plain = drawn(monkeypatch, [["value", "value"]])
    assert faults(drawn(monkeypatch, [[hostile, hostile]])) <= faults(plain)
    monkeypatch.setattr(tables, "is_terminal", lambda: False)
    tables.show(["one", "two"], [[hostile, "a\nforged\trow"]])
    told = capsys.readouterr().out
    assert not faults(told)
    assert told.count("\n") == 2
    assert told.splitlines()[1].count("\t") == 1


@pytest.mark.parametrize("text", MARKUP)
def test_tables_take_no_markup_from_a_cell(monkeypatch, text):
    """A backslash before a bracket undid the escape that was here; emoji codes were drawn."""
    assert text in drawn(monkeypatch, [[text, "x"]])


def test_errors_show_what_they_got_in_one_line(monkeypatch, capsys, hostile):
    """`got` and `expected` are others' words; a forged second message is no line of its own."""
    fault = FxwatchError("it failed", got=f"{hostile}\nfxwatch: all is well", expected=hostile, todo="look")
    assert not faults(fault.message)
    assert "\n" not in fault.message
    several = ConfigurationError("wrong", [f"place: {hostile}", "other"])
    assert not faults(several.message)
    for more in ([], ["--json"]):

        def fail(**_: object) -> None:
            raise fault

        monkeypatch.setattr(cli, "command", fail)
        monkeypatch.setattr(cli.sys, "argv", ["fxwatch", *more])
        with pytest.raises(SystemExit):
            cli.main()
        told = capsys.readouterr().err
        assert not faults(told)
        assert told.count("\n") == 1


def test_alerts_show_nothing_hostile(monkeypatch, capsys, hostile):
    """Every text of an alert, on the page, in a pipe, in the headline, and as JSON in a terminal."""
    raw = json.loads(ALERT)
    for name in ("party", "counterparty", "desk", "case_id", "trigger_event_id", "alert_id"):
        raw[name] = hostile
    raw["institutions"], raw["parties"] = [hostile], [hostile]
    for part, names in (
        ("typologies", ("id", "name", "legal_basis", "window")),
        ("reasons", ("feature", "text_en")),
        ("counterfactual", ("change",)),
        ("evidence", ("event_id", "institution", "topic", "sha256")),
    ):
        for one in raw[part]:
            one.update(dict.fromkeys(names, hostile))
    for hit in raw["typologies"]:
        for one in (*hit["measured"], *hit["limits"]):
            one.update(name=hostile, unit=hostile, value=hostile)
    value = json.dumps(raw, ensure_ascii=False).encode("utf-8", "surrogatepass")
    alert = alert_text.read_alert(value)
    out = io.StringIO()
    for page in (alert_text.render(alert), alert_text.headline(alert), alert_text.render(alert, lang="ko")):
        Console(file=out, force_terminal=True, width=100, color_system=None).print(page)
    assert not faults(alert_text.plain(alert))
    plain = io.StringIO()
    Console(file=plain, force_terminal=True, width=100, color_system=None).print(
        alert_text.render(alert_text.read_alert(ALERT))
    )
    assert faults(out.getvalue()) <= faults(plain.getvalue())
    monkeypatch.setattr(tables, "is_terminal", lambda: True)
    printer = alerts._Printer("en", alert_text.SEOUL, "low", as_json=True)
    assert printer.show(SimpleNamespace(value=value))
    told = capsys.readouterr().out
    assert json.loads(told) == raw
    assert not faults(told)


def test_dead_letters_show_nothing_hostile(monkeypatch, capsys, hostile):
    """Message, key and value, in the table and as JSON, where the value comes back whole."""
    letter = dead_letters.Original(
        topic="fx.transactions.v1",
        partition=0,
        offset=1,
        timestamp_ms=1,
        stage="decode",
        codes=("json.malformed",),
        message=hostile,
        version="1",
        key=hostile.encode(),
        value=hostile.encode(),
        headers=(),
        complete=True,
    )
    say_json(letters_command._as_json(letter, 3, show=True))
    told = capsys.readouterr().out
    assert not faults(told)
    assert json.loads(told)["value"] == hostile
    tables.show(
        ["m", "k", "v"], [[letter.message, *(letters_command._shown(one) or "" for one in (letter.key, letter.value))]]
    )
    assert not faults(capsys.readouterr().out)


def test_doctor_evidence_and_identities_show_nothing_hostile(monkeypatch, capsys, hostile):
    """What a file's name, a record's id and an identifier hold."""
    check = doctor.Check(name="broker", ok=False, found=hostile, todo=hostile)
    monkeypatch.setattr(doctor, "checks", lambda *_: [check])
    for options in ([], ["--json"]):
        assert not faults(CliRunner().invoke(doctor.command, options).output)
    proved = Proved(event_id=hostile, partition=0, offset=1, source=None, commitment="", verdict="differs", why=hostile)
    for as_json in (False, True):
        evidence._show([proved], as_json=as_json)
    assert not faults(capsys.readouterr().out)
    monkeypatch.setattr(reidentify, "load_settings", lambda: SimpleNamespace(audit_anchor_file=None))
    monkeypatch.setattr(reidentify.topic_reader, "count_partitions_of", lambda *_: {})
    opened = (
        SimpleNamespace(identifier=hostile, name_space="party"),
        SimpleNamespace(first_seen=render_time(), key_id="k"),
    )
    monkeypatch.setattr(reidentify, "_opened", lambda *_: opened)
    monkeypatch.setattr(
        reidentify.audit_log, "write", lambda *_: reidentify.audit_log.AuditReceipt("fx.audit.v1", 0, 1, "ab")
    )
    for as_json in (False, True):
        reidentify._reidentify("token", "c", "r", Path("k"), as_json=as_json)
    told = capsys.readouterr()
    assert not faults(told.out + told.err)


def render_time() -> Any:
    """Any time."""
    return alert_text.read_alert(ALERT).created_for


# -- logs and pages ---------------------------------------------------------------------------------------------------


def test_a_log_record_is_one_record(hostile):
    """Whatever it quotes, in message, field or traceback: what looks like a second record is indented, or escaped."""
    forged = f"{hostile}\n2026-01-01T00:00:00.000Z INFO     worker           all is well"
    fault = ValueError(forged)
    record = logging.LogRecord("streams", logging.WARNING, "f", 1, "got %s", (forged,), (type(fault), fault, None))
    record.reason = forged
    text = make_formatter("text").format(record)
    assert not faults(text)
    assert [line[:8] for line in text.splitlines() if "all is well" in line] == ["    2026"] * 2
    line = make_formatter("json").format(record)
    assert not faults(line)
    assert line.splitlines() == [line]
    assert json.loads(line)["reason"].count("\n") == forged.count("\n")


def test_pages_show_nothing_hostile(monkeypatch, hostile):
    """HTML reports by the template's escaping and `finalized`; finished markup passes it."""
    for name in ("summary", "luck"):
        monkeypatch.setattr(gate_page, name, lambda _: "")
    report = {"name": f"<b>{hostile}", "checks": []}
    for html in (True, False):
        page = gate_page._rendered("{{ report.name }}", report, html=html)
        assert not faults(page)
        assert ("<b>" in page) is not html
    assert finalize(Markup("<b>\n</b>")) == "<b>\n</b>"
    assert finalize(7) == 7


def test_the_messages_of_standard_output_are_plain(capsys):
    """`say` keeps the lines that fxwatch laid out, to either stream."""
    say("one\ntwo\x1b[31m")
    say("three\u202e", err=True)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("one\ntwo\ufffd[31m\n", "three\ufffd\n")
