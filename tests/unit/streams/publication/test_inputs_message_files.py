"""`fxwatch publish` of message files: the report, the refusals, and what would be sent."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.ingest.formats import Parameters, convert
from streams.ingest.formats.files import MessageFileError, check, convert_file, syntax_of_file
from tests.support.repository import ROOT

Fxwatch = Callable[..., "subprocess.CompletedProcess[str]"]
SAMPLES = ROOT / "tests" / "formats"
OUTGOING = SAMPLES / "outgoing.pacs.008.001.10.xml"
KOREAN = Parameters(resident_country="KR", party_type="company", channel="interbank", utc_offset="+09:00")
TOLD = ("--resident-country", "KR", "--party-type", "company", "--channel", "interbank", "--local-currency", "KRW")


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", "127.0.0.1:1")


def test_the_table_says_what_became_of_each_place_and_shows_no_values(fxwatch: Fxwatch) -> None:
    """Mapped places with their field, others with the reason; a dry run sends nothing and needs no broker."""
    done = fxwatch("publish", *TOLD, "--dry-run", OUTGOING)
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    became = {line[0].removeprefix("FIToFICstmrCdtTrf/CdtTrfTxInf/"): line[2:] for line in lines if len(line) == 4}
    assert became["InstdAmt"] == ["settled_amount", ""]
    assert became["XchgRate"] == ["deal_rate", "turned round: local units for one foreign unit"]
    assert became["ChrgBr"] == ["not mapped", "who bears charges"]
    assert f"{OUTGOING}: pacs.008, 1 of 1 records fit" in done.stdout
    assert "nothing was sent" in done.stdout
    assert "13875000" not in done.stdout


def test_json_tells_the_same_for_machines(fxwatch: Fxwatch) -> None:
    """Format, counts, mapped and unmapped places of every file; no values of the message."""
    done = fxwatch("publish", *TOLD, "--dry-run", "--json", OUTGOING)
    (report,) = json.loads(done.stdout)["messages"]
    assert (report["format"], report["payments"], report["converted"], report["faults"]) == ("pacs.008", 1, 1, [])
    assert {"path": "FIToFICstmrCdtTrf/CdtTrfTxInf/ChrgBr", "reason": "who bears charges"} in report["unmapped"]
    assert "SAMPLE-ACCOUNT-1" not in done.stdout


def test_what_must_be_told_and_what_cannot_be_converted_is_one_message(fxwatch: Fxwatch) -> None:
    """Missing options are wrong use; payments that cannot be converted are named by code, and nothing is sent."""
    untold = fxwatch("publish", OUTGOING)
    assert untold.returncode == 2
    assert all(name in untold.stderr for name in ("--resident-country", "--party-type", "--channel"))
    refused = fxwatch("publish", *TOLD, SAMPLES / "several.bah.pacs.008.001.08.xml")
    assert refused.returncode == 1
    assert "2 of 3 records are not what ingest admits (message.time 2, message.identifier 1)" in refused.stderr
    assert "CdtTrfTxInf[3]/party_id: expected " in refused.stdout
    assert "nothing was sent" in refused.stderr
    assert "Traceback" not in untold.stderr + refused.stderr


def test_a_conversion_for_the_testbed_says_what_cannot_be_converted() -> None:
    """`testbed replay` takes all or nothing too: payments by place, or that the file cannot be read."""
    converted = convert_file(str(SAMPLES / "several.bah.pacs.008.001.08.xml"), "xml", KOREAN)
    with pytest.raises(MessageFileError, match=r"(?s)1 of 3 payments cannot be.*CdtTrfTxInf\[3\]/party_id \(exp"):
        check("several", converted)
    with pytest.raises(MessageFileError, match=r"(?s)cut: the file as a whole cannot be converted:\n  xml\.malformed"):
        check("cut", convert(OUTGOING.read_bytes()[:-30], KOREAN, "xml"))
    check("whole", convert_file(str(OUTGOING), "xml", KOREAN))


def test_a_message_file_is_known_by_suffix_or_content(tmp_path: Path) -> None:
    """`.xml`, `.fin`, `.mt103`, or the first bytes; JSON lines stay JSON lines."""
    for name, content, expected in (
        ("a.xml", b"", "xml"),
        ("a.MT103", b"", "fin"),
        ("a.fin", b"", "fin"),
        ("a.txt", b"{1:F01", "fin"),
        ("a.dat", b"<Document", "xml"),
        ("a.jsonl", b"<Document", None),
        ("a.json", b'{"a":1}', None),
    ):
        (tmp_path / name).write_bytes(content)
        assert syntax_of_file(str(tmp_path / name)) == expected, name
    assert syntax_of_file(str(tmp_path / "absent.txt")) is None
