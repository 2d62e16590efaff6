"""What each event of an alert's evidence was, in English and Korean."""

import json

import pytest

from streams.alert_text import alert_text
from tests.support.ledger import later
from tests.support.leg_log import LegLog, resident
from tests.support.repository import ROOT

OLD = ROOT / "tests" / "golden" / "alert-0.1.json"
PAID = {
    "direction": "out",
    "status": "settled",
    "amount": "4858.8",
    "currency": "EUR",
    "amount_usd": "5248.50",
    "purpose": "40101",
    "x_purpose_en": "gift to a person abroad",
    "x_purpose_ko": "증여성 송금",
    "counterparty": "k1.111.payee",
    "branch": "B7",
    "declaration_no": "D-1",
    "report_no": "R-1",
}
LINE = {
    "institution": None,
    "amount": "99.5",
    "currency": "USD",
    "x_kind": "import",
    "x_line": 2,
    "declaration_no": "D-1",
}


def evidence_of(lang, **said):
    """What stands below the first record of the evidence."""
    raw = json.loads(OLD.read_bytes())
    raw["evidence"] = [raw["evidence"][0] | said]
    page = alert_text.plain(alert_text.read_alert(json.dumps(raw).encode()), lang=lang).splitlines()
    start = next(place for place, line in enumerate(page) if "sha256:" in line)
    end = next(place for place, line in enumerate(page) if place > start and not line.startswith("    "))
    return [line.strip() for line in page[start + 1 : end]]


@pytest.mark.parametrize(
    ("said", "english", "korean"),
    [
        ({}, [], []),
        (
            PAID,
            [
                "4,858.8 EUR (5,248.50 USD); out: paid abroad; settled; gift to a person abroad (40101)",
                "to k1.111.payee; branch B7; declaration D-1; report R-1",
            ],
            [
                "4,858.8 EUR(미화 5,248.50달러); 해외로 지급; 결제 완료; 증여성 송금(40101)",
                "수취인 k1.111.payee; 영업점 B7; 수출입신고번호 D-1; 신고번호 R-1",
            ],
        ),
        (
            {"direction": "in", "status": "ordered", "amount": "4000", "currency": "USD", "amount_usd": "4000.00"}
            | {"counterparty": "k1.111.payer"},
            [
                "4,000.00 USD; in: received from abroad; ordered, not settled yet; no purpose given",
                "from k1.111.payer",
            ],
            ["미화 4,000.00달러; 해외에서 수령; 지시(결제 전); 거래 사유 미기재", "송금인 k1.111.payer"],
        ),
        (
            {"status": "returned", "amount": "100", "currency": "JPY", "purpose": "X9"},
            ["100 JPY; returned; X9"],
            ["100 JPY; 반환; X9"],
        ),
        (
            LINE | {"counterparty": "k1.111.maker"},
            ["99.5 USD; import", "trading partner k1.111.maker; declaration D-1; line 2"],
            ["미화 99.5달러; 수입신고", "거래 상대방 k1.111.maker; 수출입신고번호 D-1; 란 2"],
        ),
    ],
    ids=["an alert of 0.4.0", "all is known", "dollars that came", "little is known", "a declared line"],
)
def test_evidence_says_what_each_event_was(said, english, korean):
    """Below the record's own line; nothing of what is not known; the Korean has the purpose's own text."""
    assert evidence_of("en", **said) == english
    assert evidence_of("ko", **said) == korean


def test_an_alert_about_a_shared_thing_names_it_and_the_resident_of_each_payment():
    """In both languages: what is shared, who else is involved, and whose payment each was."""
    log, found = LegLog(), []
    for number in range(3):
        given = {"device": "k1.002.device", "kinds": ("device",)}
        found += [
            one for out in log.pay(f"e{number}", later(days=number), "4900", number, **given) for one in out.alerts
        ]
    english, korean = alert_text.plain(found[0]), alert_text.plain(found[0], lang="ko")
    assert "device k1.002.device" in english
    assert "접속기기 k1.002.device" in korean
    for number in range(3):
        assert f"resident {resident(number)}" in english
        assert f"거주자 {resident(number)}" in korean
