"""Alerts as text: complete, safe for the terminal, readable at 80 columns, in English and Korean."""

import io
import json

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from streams.alert_text import alert_text
from tests.support.repository import ROOT

GOLDEN = ROOT / "tests" / "golden"
ALERT = (GOLDEN / "alert.json").read_bytes()


def alert(**changed: object) -> alert_text.AlertRead:
    return alert_text.read_alert(json.dumps(json.loads(ALERT) | changed).encode())


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_golden_page(lang):
    """An alert of the core reads word for word as the page that was looked at and approved."""
    assert alert_text.plain(alert(), lang=lang) == (GOLDEN / f"alert.{lang}.txt").read_text("utf-8")


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_fits_the_terminal(width, lang):
    """No line is wider than the terminal, and wrapping loses no word of the plain page."""
    out = io.StringIO()
    Console(file=out, width=width).print(alert_text.render(alert(), lang=lang))
    drawn = out.getvalue()
    assert max(map(cell_len, drawn.splitlines())) <= width
    squeezed = "".join(drawn.split()).replace("\u2500", "")
    assert squeezed == "".join(alert_text.plain(alert(), lang=lang).split())


def test_an_alert_of_an_earlier_release_is_read():
    """Its limits carry no mark of verification, its evidence plain hashes, its words are those that were published."""
    old = (GOLDEN / "alert-0.1.json").read_bytes()
    page = alert_text.plain(alert_text.read_alert(old), lang="ko")
    assert "  법적 근거      외국환거래법 제15조(지급절차 등)" in page
    assert "증빙면제 한도 이하 분할송금 (강도 0.7378(최대 1), 기간 7일)" in page
    assert page.count("sha256:") == 3


def test_everything_needed_to_act_is_there():
    """Token, case, ids, versions, ledger position, evidence, limits with date and provenance all stand on the page."""
    page, raw = alert_text.plain(alert()), json.loads(ALERT)
    assert raw["typologies"]
    position = raw["position"]
    place = f"{position['topic']}[{position['partition']}]@{position['offset']}"
    for name in ("alert_id", "case_id", "party", "counterparty"):
        assert raw[name] in page
    for text in (*raw["versions"].values(), place):
        assert text in page
    for item in raw["evidence"]:
        assert f"ledger {raw['position']['partition']}:{item['offset']}" in page
    for reason in raw["reasons"]:
        assert reason["text_en"] in page
    for limit in raw["typologies"][0]["limits"]:
        assert f"since {limit['effective_from']}" in page


def test_unknown_fields_are_ignored():
    """A field that a later version adds does not keep an alert from being read."""
    raw = json.loads(ALERT)
    raw["x_new"] = {"a": 1}
    raw["typologies"][0]["limits"][0]["later"] = 3
    assert alert_text.read_alert(json.dumps(raw).encode()).alert_id == raw["alert_id"]


@pytest.mark.parametrize("mark", ["x_verified"])
def test_unverified_limit_is_marked(mark):
    """A law's figure that the alert says is unchecked is marked so; a checked one is not."""
    raw = json.loads(ALERT)
    limit = raw["typologies"][0]["limits"][0]
    assert limit["provenance"] == "L"
    raw["typologies"][0]["limits"] = [limit]
    limit[mark] = False
    assert "NOT YET CHECKED" in alert_text.plain(alert_text.read_alert(json.dumps(raw).encode()))
    limit[mark] = True
    assert "NOT YET CHECKED" not in alert_text.plain(alert_text.read_alert(json.dumps(raw).encode()))


def test_weak_baselines_are_marked():
    """Of 20 own observations the number stands beside the reason; of fewer the core's sentence says that it is weak."""
    raw = json.loads(ALERT)
    base = raw["reasons"][0] | {"text_en": "It is so.", "feature": "document_line"}
    raw["reasons"] = [base | {"own_n": 19}, base | {"own_n": 20}]
    page = alert_text.plain(alert_text.read_alert(json.dumps(raw).encode()))
    assert "It is so.\n" in page
    assert "It is so. [own observations: 20]\n" in page


def test_control_characters_never_reach_the_terminal():
    """An escape sequence in a field that a sender chose is shown as a replacement character."""
    page = alert_text.plain(alert(trigger_event_id="\x1b[2Jgone\u202e", institutions=["A\nB"]))
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "A\ufffdB" in page


def test_alert_without_rank_rate_typology_or_counterfactual():
    """What an alert does not have is said in words."""
    bare = alert(
        rank=None,
        amount_usd=None,
        amount_krw=None,
        x_rate_missing=True,
        typologies=[],
        counterfactual=[],
        counterparty=None,
        reasons=[],
    )
    page = alert_text.plain(bare)
    assert "not ranked yet" in page
    assert "not converted (no reference rate in time" in page
    assert "no typology explains it" in page


def test_long_evidence_keeps_the_trigger_and_says_how_many_there_are():
    """At most fifty records are shown, the trigger always among them, with the total."""
    raw = json.loads((GOLDEN / "alert-0.1.json").read_bytes())
    one = raw["evidence"][0]
    raw["trigger_event_id"] = "e0"
    raw["evidence"] = [one | {"event_id": f"e{n}", "offset": n} for n in range(60)]
    raw["evidence_total"] = 77
    page = alert_text.plain(alert_text.read_alert(json.dumps(raw).encode()))
    assert "50 of 77 records shown" in page
    assert page.count("sha256:") == 50
    assert "* " in page
    assert "ledger 3:0 " in page
    assert "ledger 3:59 " in page


def test_evidence_that_left_the_ledger_says_so():
    """An evidence item without a ledger position is shown as gone."""
    raw = json.loads(ALERT)
    raw["evidence"][0]["offset"] = None
    assert "no longer in the ledger" in alert_text.plain(alert_text.read_alert(json.dumps(raw).encode()))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("19420.00", "USD", "19,420.00 USD"),
        (1500.0, "bp", "1,500 bp"),
        (0.8, "ratio", "0.8"),
        (1.0, "ratio", "1 times"),
        (0.001, "ratio", "0.001"),
        (0.00097, "", "0.00097"),
        (0.00000012345, "", "0.00000012"),
        (0.00104, "", "0.001"),
        (0.0, "", "0"),
        (4, "count", "4"),
        (1.0, "flag", "yes"),
        ("2026-01-02", "local date", "2026-01-02"),
        (None, "USD", "-"),
    ],
)
def test_numbers_read_with_their_unit(value, unit, text):
    """Money keeps its places, numbers lose meaningless zeros, flags read as words; a share is no multiple."""
    assert alert_text.number(value, unit) == text


def test_what_is_no_alert_is_refused():
    """A value that is no alert raises a decode error that says what is wrong, for the caller to report."""
    with pytest.raises(msgspec.DecodeError, match="alert_id"):
        alert_text.read_alert(b"{}")
