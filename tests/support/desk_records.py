"""Ledger records as the desk reads them: one of each kind, made as ingest writes it."""

from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from detectors.contracts.events import ConfigurationChange, Declaration, Disposition, Profile, Rate, Source, Transaction
from streams.ledger import envelope
from streams.settings import load_settings

SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 4, 28, 3, tzinfo=UTC)
PARTY, OTHER = "k1.0a3." + "5d" * 16, "k1.111." + "7d" * 16
PURPOSES = load_settings().effective.legend.purposes
HOUR_US = 3_600_000_000
FINGERPRINTS = {"identity": "0" * 32, "body": "1" * 32}


class Record(NamedTuple):
    """What a consumer hands over."""

    key: bytes
    value: bytes
    headers: tuple
    offset: int
    timestamp: int


def payment(number=1, **changed):
    fields = {
        "event_id": f"e{number}",
        "identity": f"{number:032x}",
        "body": "1" * 32,
        "event_time": NOON,
        "direction": "out",
        "party": PARTY,
        "party_type": "person",
        "counterparty": OTHER,
        "counterparty_country": "VN",
        "institution": "BKGGKRSE",
        "channel": "app",
        "amount": "4858.80",
        "currency": "USD",
        "purpose": "40101",
    }
    return Transaction(**fields | changed)


def record(event, offset=7, key=None, **more):
    """A ledger record as ingest writes it."""
    value, kind = envelope.encode(event), str(event.__struct_config__.tag)
    source = Source("fx.dispositions.v1" if kind == "disposition" else "fx.transactions.v1", 4, 106)
    headers = envelope.checked(envelope.envelope(source, b"k1:" + b"a" * 64, kind.encode(), **more), value)
    return Record(
        (key or getattr(event, "party", "USD/KRW")).encode(), value, tuple(headers), offset, 1_777_000_000_000
    )


def rate(at=NOON, mid="0.5", base="EUR"):
    return Rate(event_id="r", base=base, quote="USD", mid=mid, rate_time=at, **FINGERPRINTS)


def disposition(**changed):
    fields = {
        "event_id": "desk-1",
        "alert_id": "1" * 32,
        "party": PARTY,
        "verdict": "refuted",
        "reason_hash": "2" * 32,
        "investigator": "I-17",
        "decided_at": NOON,
    } | FINGERPRINTS
    return Disposition(**fields | changed)


EVENTS = [
    payment(
        settled_amount="7292968",
        settled_currency="KRW",
        deal_rate="1489.948",
        evidence="shown",
        status="returned",
        original_event_id="e0",
        goods_due=date(2026, 5, 1),
        remittance_classes=("crypto",),
        report_type="offset",
        exchange_linked_inflow_24h="5000",
        previous={PARTY: "k0.0a3." + "9" * 32},
        notes=("respelled institution",),
        residency="foreign_resident",
        designated_bank=False,
    ),
    Declaration(
        event_id="d",
        declaration_no="123",
        declared_time=NOON,
        kind="import",
        party=PARTY,
        counterparty=OTHER,
        counterparty_country="CN",
        hs_code="851712",
        quantity="3",
        quantity_unit="EA",
        value="99.5",
        currency="USD",
        line=2,
        identity="d" * 32,
        body="1" * 32,
    ),
    rate(),
    Profile(
        event_id="p",
        party=PARTY,
        party_type="company",
        registered_on=date(2020, 1, 2),
        capital_krw="100000000",
        employees=12,
        size="small",
        register="exchanger",
        residency="resident",
        as_of=NOON,
        identity="e" * 32,
        body="1" * 32,
    ),
    disposition(amount_krw="1000", sanction="warning", voluntary=True),
    ConfigurationChange(configuration=load_settings().effective),
]
