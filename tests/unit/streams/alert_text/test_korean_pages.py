"""Alerts in Korean alone: no English words, none of the words that accuse or mislead, nothing without a Korean name."""

import ast
import json
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors.alerting.desks import UNASSIGNED
from detectors.typologies import all_rules
from streams.alert_text import alert_text, korean
from streams.settings import overlay_configuration
from tests.contract.test_typologies import IDS, fired
from tests.support.korean import foreign_words
from tests.support.repository import ROOT

GOLDEN = ROOT / "tests" / "golden" / "alert.json"
# made-up tokens and institutions of the alerts below, and their release
# tokens, institutions and codes of these cases, and their declarations' ids, which are English words
MADE_UP = re.compile(
    r"dev\.\w+(\.\w+)?|k\w+\.\w+\.\w+|\bBANK\w*|코드 unknown"
    r"|수출입신고번호 \w+|(?<=  )goods(?=  k1:)|(?<=계기 거래      )goods"
)
BANNED = (
    "적발",
    "위험 금액",
    "파티션",
    "혐의",
    "위반하였",
    "(으)로",
    "은(는)",
    "이(가)",
    "을(를)",
    "관측 없음",
    "표본 부족",
    "None",
)


def latin_words(page: str) -> list[str]:
    """Words in Latin letters beside identifiers, codes, units and Kafka's names."""
    return foreign_words(MADE_UP.sub(" ", page))


def pages() -> dict[str, str]:
    """Korean pages of alerts of every typology as the core raises them, and of one for each thing a page can say."""
    alerts = {}
    for identifier in IDS:
        for number, alert in enumerate(fired(identifier)[1]):
            alerts[f"{identifier}-{number}"] = json.loads(msgspec.json.encode(alert))
    golden = json.loads(GOLDEN.read_bytes())
    drawn = {"budget": "anomaly", "probability": 0.02, "explored": True}
    alerts |= {
        "golden": golden,
        "retracted": golden | {"status": "retracted", "supersedes": "0" * 32, "severity": "critical"},
        "updated": golden | {"status": "updated", "supersedes": "0" * 32, "severity": "high"},
        "bare": golden
        | {
            "typologies": [],
            "reasons": golden["reasons"][:1],
            "counterfactual": [],
            "rank": None,
            "amount_usd": None,
            "amount_krw": None,
            "x_rate_missing": True,
            "severity": "low",
        },
        "drawn": golden | {"selection": drawn, "desk": "compliance", "parties": [golden["party"]]},
        "chosen": golden | {"selection": drawn | {"explored": False}, "desk": "supervision"},
        "gone": golden | {"evidence": [each | {"offset": None} for each in golden["evidence"]]},
        "still": golden | {"counterfactual": [each | {"would_alert": True} for each in golden["counterfactual"]]},
    }
    return {
        name: alert_text.plain(alert_text.read_alert(json.dumps(raw).encode()), lang="ko")
        + "\n"
        + alert_text.headline(alert_text.read_alert(json.dumps(raw).encode()), lang="ko").plain
        for name, raw in alerts.items()
    }


def test_pages_in_korean_hold_no_english_and_accuse_nobody():
    """Of all alerts that the rules raise on their cases, and of every status, severity, desk and way of choice."""
    found = pages()
    assert len(found) >= 3 + 8
    for name, page in found.items():
        assert latin_words(page) == [], name
        assert [word for word in BANNED if word in page] == [], name
        assert "의심 금액" in page
        assert "이 경보는 확인을 권고하는 것이며, 위법이나 책임을 단정하지 않습니다." in page


def test_english_that_slips_in_is_noticed():
    """The check itself: a word of English is found beside codes that are allowed."""
    assert latin_words("T01 window 7일 BANKA (customs) USD/KRW bp") == ["window"]


def _measured_names() -> tuple[set[str], list[re.Pattern[str]]]:
    """Names of measured values in the rules' source, and the forms of those that are put together there.

    A name that is a variable is a key of its function's tables.
    """
    names, forms = set(), []
    for path in sorted((ROOT / "detectors").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Measured":
                    given = next(each.value for each in node.keywords if each.arg == "name")
                    if isinstance(given, ast.Constant):
                        names.add(given.value)
                    elif isinstance(given, ast.JoinedStr):
                        parts = (
                            re.escape(part.value) if isinstance(part, ast.Constant) else ".+" for part in given.values
                        )
                        forms.append(re.compile("".join(parts)))
                    else:
                        names |= _keys(function)
    return names, forms


def _keys(function: ast.FunctionDef) -> set[str]:
    """The texts that are keys of tables in a function."""
    tables = [node for node in ast.walk(function) if isinstance(node, ast.Dict)]
    return {key.value for table in tables for key in table.keys if isinstance(key, ast.Constant)}


def test_every_limit_and_measured_value_has_a_korean_name():
    """Those of the registry and of the rules' source, and each window, desk and legal basis of the shipped rules."""
    measured, forms = _measured_names()
    names = {name for typology in all_rules() for name in typology.limits} | measured | {"total at BANKA"}
    assert len(names) > 40
    for name in sorted(names):
        assert re.search("[가-힣]", korean.name(name)), name
    left = set(korean.known().names) - names - {"other institutions"}
    assert [name for name in sorted(left) if not any(form.fullmatch(name) for form in forms)] == []
    shipped = overlay_configuration({})
    bases, told = {rules.legal_basis for rules in shipped.rules.values()}, set(korean.known().legal_bases)
    # beside those of today, what configurations of earlier releases say
    earlier = {each for each in told - bases if "art. 15 (payment procedure)" in each}
    assert told == bases | earlier
    assert len(earlier) == 3
    assert set(shipped.desks) == set(korean.DESKS)


def test_a_name_that_is_not_known_stays_and_is_made_printable():
    """A configuration of an operator's own may have other words."""
    assert korean.name("total at other institutions") == "기타 기관 송금 합계"
    assert korean.name("total at BANKA\x1b") == "BANKA\ufffd 송금 합계"
    assert korean.name("new_name\x1b") == "new name\ufffd"
    assert korean.coded("desk-7\x1b", korean.DESKS) == "desk-7\ufffd"
    assert korean.coded("customs", korean.DESKS) == "관세(customs)"
    assert korean.coded(UNASSIGNED, korean.NO_DESK) == "담당 미지정(unassigned)"
    assert korean.window("whatever\x1b") == "whatever\ufffd"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 d", "1일"),
        ("calendar year 2026", "2026년 한 해"),
        ("this deal; mean of 30 local days", "이 거래 및 30일간의 평균"),
    ],
)
def test_windows(text, said):
    """Each form that a typology gives."""
    assert korean.window(text) == said


@pytest.mark.parametrize(
    ("value", "unit", "of", "said"),
    [
        ("14725.50", "USD", "sum", "미화 14,725.50달러"),
        ("5000", "USD", "document_line", "미화 5,000달러"),
        ("9999", "KRW", "", "9,999원"),
        ("10000", "KRW", "", "10,000원(1만 원)"),
        ("20313827", "KRW", "", "20,313,827원(약 2,031만 원)"),
        ("20315000", "KRW", "", "20,315,000원(약 2,032만 원)"),
        ("99999999", "KRW", "", "99,999,999원(약 1억 원)"),
        ("148553807", "KRW", "", "148,553,807원(약 1억 4,855만 원)"),
        ("1000000000000", "KRW", "", "1,000,000,000,000원(1조 원)"),
        ("1234500000000", "KRW", "", "1,234,500,000,000원(1조 2,345억 원)"),
        ("none", "KRW", "", "none원"),
        (3, "count", "pieces", "3건"),
        (2, "count", "beneficiaries", "2명"),
        (2.0, "count", "beneficiaries_max", "2명"),
        (2, "count", "institutions", "2개"),
        (0.8, "ratio", "band_low", "0.8배"),
        (0.001, "ratio", "surprise_max", "0.001"),
        (1.083, "days", "span", "1.083일"),
        (-150.25, "bp", "deviation", "-150.25bp"),
        (1.0, "flag", "report_before_cap", "예"),
        (0.0, "flag", "report_before_cap", "아니요"),
        ("2026-03-01", "local date", "cap_crossed_on", "2026년 3월 1일"),
        ("soon", "local date", "cap_crossed_on", "soon"),
        ("1400", "USD/KRW", "deal_rate", "1,400 USD/KRW"),
        (0.5, "", "", "0.5"),
        (None, "USD", "", "-"),
    ],
)
def test_figures_have_korean_units(value, unit, of, said):
    """Money by its name, people and institutions by their own counters, won with its ten thousands."""
    assert alert_text.number(value, unit, lang="ko", of=of) == said


def test_times_name_their_zone():
    """Where the law applies; another zone by its abbreviation."""
    at = datetime(2026, 4, 22, 15, 30, 5, tzinfo=UTC)
    assert alert_text.local_time(at, ZoneInfo("Asia/Seoul"), "ko") == "2026년 4월 23일 00:30:05(한국 시각)"
    assert alert_text.local_time(at, ZoneInfo("UTC"), "ko") == "2026년 4월 22일 15:30:05(UTC)"
