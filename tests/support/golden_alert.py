"""The alert of tests/golden, made by today's door and core: `python -m tests.support.golden_alert` writes it anew.

A person sends three pieces just under the document line in a week, beside forty other persons' remittances. T01 alone
is in force, so that a new rule changes nothing here. Versions and ids are made up: they change with each
change of the shipped configuration.
"""

import json
import random
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from detectors.typologies import REGISTRY
from streams.alert_text import alert_text
from streams.contracts.inputs import RATES, TRANSACTIONS
from streams.kafka import topics
from streams.partition.outputs import Output
from streams.settings import overlay_configuration
from tests.support.pipeline import RATE, TRANSACTION, Pipeline
from tests.support.repository import ROOT

FOLDER = ROOT / "tests" / "golden"
LANGUAGES = ("en", "ko")
VERSIONS = {"code": "0.5.0", "config": "c" * 16, "detectors": "d" * 16, "rules": "e" * 16}
# all that follows from the fingerprints of the shipped configuration
MADE_UP = {"alert_id": "a5" * 16, "case_id": f"case-{'b6' * 12}", "versions": VERSIONS}
_FIRST = datetime(2026, 3, 30, 9, tzinfo=ZoneInfo("Asia/Seoul"))
_TABLES = {
    "detectors": {"warm_up": 30, "calibration_window": 100, "daily_budget": 0.0, "exploration": 0.0},
    "rules": {one.id: {"enabled": one.id == "T01"} for one in REGISTRY},
}
# days after the first record, amount: two ordinary remittances, then the pieces
_OWN = ((3.1, "2350.00"), (15.2, "2810.40"), (26.0, "4362.69"), (27.9, "4572.39"), (28.2, "4646.21"))


def made() -> bytes:
    """The alert as it is published, but for what is `MADE_UP`."""
    pipeline = Pipeline(overlay_configuration(_TABLES))
    published: list[Output] = []
    for day, number, topic, body in sorted(_records(), key=lambda each: each[:2]):
        outputs = pipeline.send(topic, body, at=_FIRST + timedelta(days=day))
        assert isinstance(outputs, list), (number, outputs)
        published += outputs
    (alert,) = [one for one in published if one.topic == topics.ALERTS]
    assert alert.value is not None
    return json.dumps(json.loads(alert.value) | MADE_UP, ensure_ascii=False, separators=(",", ":")).encode()


def _records() -> list[tuple[float, int, str, dict[str, Any]]]:
    """Day, number, topic and body of each record: a rate a day, others' payments, and the person's own."""
    draw, found = random.Random(4), []
    for day in range(29):
        rate = RATE | {"mid": f"{1465 + day}", "rate_time": (_FIRST + timedelta(days=day)).isoformat()}
        found.append((float(day), -1, RATES, rate))
    for number in range(160):
        amount = f"{draw.lognormvariate(6.8, 0.6):.2f}"
        found.append(_payment(round(draw.uniform(0.1, 28.0), 3), number, amount, party_id=f"P-{number % 40}"))
    for number, (day, amount) in enumerate(_OWN):
        found.append(_payment(day, 900 + number, amount, party_id="P-900"))
    return found


def _payment(day: float, number: int, amount: str, **fields: Any) -> tuple[float, int, str, dict[str, Any]]:
    at = (_FIRST + timedelta(days=day)).isoformat()
    usual = {"event_id": f"E-{number}", "event_time": at, "amount": amount, "counterparty_id": f"C-{number % 900}"}
    named = {
        "purpose": "40101",
        "branch": "0023",
        "counterparty_country": "VN",
        "evidence": "none",
        "status": "settled",
    }
    if number >= 900:
        usual["counterparty_id"] = "C-900"
    return day, number, TRANSACTIONS, TRANSACTION | usual | named | fields


def pages(alert: bytes) -> dict[str, str]:
    """The alert as text, by language."""
    return {lang: alert_text.plain(alert_text.read_alert(alert), lang=lang) for lang in LANGUAGES}


def main() -> None:
    """Write the alert and its pages."""
    alert = made()
    (FOLDER / "alert.json").write_bytes(alert)
    for lang, page in pages(alert).items():
        (FOLDER / f"alert.{lang}.txt").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
