"""Events of the ledger in a line, and the rate of a payment where it is asked for."""

from streams.desk_text.event_text import event_lines, more_lines, payment_lines
from tests.support.desk_records import EVENTS, OTHER, PURPOSES, payment


def test_events_in_a_line():
    """A payment abroad in another currency says what it was worth; a declaration its number."""
    what, how = event_lines(payment(currency="EUR", direction="in", purpose=None), "5000.00", PURPOSES, "en")
    assert what == "4,858.80 EUR (about 5,000.00 USD); in: received from abroad; no purpose given"
    assert how == f"from {OTHER} (VN); settled; no documents seen; app; BKGGKRSE"
    assert event_lines(EVENTS[1], None, PURPOSES, "en") == (f"import; 99.5 USD; 123; HS 851712; {OTHER} (CN)",)
    unknown = event_lines(payment(purpose="99999"), None, PURPOSES, "ko")[0]
    assert unknown == "미화 4,858.80달러; 해외로 지급; 99999"


def test_a_payments_rate_is_told_where_it_is_asked_for():
    """Where an alert is about rates, each payment of its evidence has its own."""
    event = payment(1, currency="CNY", deal_rate="235.1851", settled_currency="KRW", settled_amount="235185")
    assert "적용 환율 235.1851(CNY/KRW); 해외로 지급" in payment_lines(event, None, PURPOSES, "ko", rates=True)[0]
    assert "at 235.1851 CNY/KRW; out" in payment_lines(event, None, PURPOSES, "en", rates=True)[0]
    assert "235.1851" not in payment_lines(event, None, PURPOSES, "ko")[0]
    assert "적용 환율" not in payment_lines(payment(1, deal_rate=None), None, PURPOSES, "ko", rates=True)[0]


def test_what_an_alert_does_not_say_of_a_payment():
    """Country, documents, channel; the amount as it was sent only where the alert counts another one."""
    event = payment(1, currency="CNY", deal_rate="235.1851", settled_currency="KRW")
    assert more_lines(event, "4858.8", "en") == ("country VN; no documents seen; app",)
    assert more_lines(event, "4000", "en") == ("as sent 4,858.80 CNY; country VN; no documents seen; app",)
    told = more_lines(event, "4000", "ko", rates=True)
    assert told == ("접수 금액 4,858.80 CNY; 적용 환율 235.1851(CNY/KRW); 상대방 국가 (VN); 증빙 없음; 모바일",)
    assert more_lines(payment(1), "4858.80", "ko", rates=True) == ("상대방 국가 (VN); 증빙 없음; 모바일",)
