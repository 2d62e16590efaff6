"""Sheets and truths built by hand, a row at a time, for figures whose answer is worked out on paper."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from detectors.testbed.baselines import Columns, partition_columns
from detectors.testbed.ground import Ground, lay_ground
from detectors.testbed.sheet import Pairs, Sheet, Texts
from detectors.testbed.truth import Case, Expected, Lookalike, Truth
from detectors.values.legal_calendar import to_us

START = datetime(2026, 3, 2, tzinfo=UTC)
EPOCH_DAY = (START - datetime(1970, 1, 1, tzinfo=UTC)).days
_TEXTS = {
    "party_type": "person",
    "size": None,
    "region": None,
    "institution": "BANKA",
    "direction": "out",
    "channel": "app",
    "counterparty": "c",
    "country": "VN",
    "currency": "USD",
    "purpose": None,
    "evidence": "none",
    "status": "settled",
    "alert_id": None,
}


def at(day: float) -> datetime:
    """The moment `day` days after the synthetic stream begins (UTC; local time is taken as UTC)."""
    return START + timedelta(days=day)


def payment(event_id: str, party: str, day: float, score: float = 0.1, usd: float = 1000.0, **more: Any) -> dict:
    """One row; `party` is raw identifier and token at once. `more` is any other column."""
    return {"event_id": event_id, "party": party, "day": day, "score": score, "usd": usd, **more}


def sheet(rows: Sequence[dict]) -> Sheet:
    """A sheet of these rows, in this order, in partition 0 unless a row says another."""
    texts = {name: Texts.of(row.get(name, default) for row in rows) for name, default in _TEXTS.items()}
    usd = [row["usd"] for row in rows]
    return Sheet(
        partition=np.array([row.get("partition", 0) for row in rows], np.int16),
        offset=np.arange(len(rows), dtype=np.int64),
        event_id=np.array([row["event_id"] for row in rows], dtype=np.object_),
        time_us=np.array([to_us(at(row["day"])) for row in rows], np.int64),
        day=np.array([EPOCH_DAY + int(row["day"] // 1) for row in rows], np.int32),
        party=Texts.of(row["party"] for row in rows),
        usd_cents=np.array([0 if value is None else round(value * 100) for value in usd], np.int64),
        usd_known=np.array([value is not None for value in usd], np.bool_),
        deal_deviation_bp=np.array([row.get("deviation", np.nan) for row in rows], np.float64),
        history=np.array([row.get("history", False) for row in rows], np.bool_),
        scored=np.array([row.get("scored", True) for row in rows], np.bool_),
        score=np.array([row["score"] for row in rows], np.float64),
        rank=np.array([row.get("rank", 1.0 - row["score"]) for row in rows], np.float64),
        fired=Pairs.of(row.get("fired", ()) for row in rows),
        reasons=Pairs.of(row.get("reasons", ()) for row in rows),
        members={},
        **texts,
    )


def case(case_id: str, party: str, events: Sequence[str], days: tuple[float, float], **more: Any) -> Case:
    """A case of T01 unless `case_id` begins with another typology; `more` is any other field."""
    expected = more.pop("expected", None)
    return Case(
        case_id=case_id,
        typology=case_id.partition("-")[0],
        variant=more.pop("variant", "template"),
        party_id=party,
        event_ids=tuple(events),
        first_event_time=at(days[0]),
        last_event_time=at(days[1]),
        expected=None if expected is None else Expected(*expected),
        **more,
    )


def lookalike(name: str, party: str, events: Sequence[str] = ()) -> Lookalike:
    """An honest look-alike."""
    return Lookalike(lookalike=name, party_id=party, event_ids=tuple(events))


def ground(rows: Sequence[dict], cases: Sequence[Case] = (), lookalikes: Sequence[Lookalike] = ()) -> Ground:
    """Rows joined with a truth; every raw identifier is its own token."""
    truth = Truth(cases=tuple(cases), lookalikes=tuple(lookalikes))
    names = [one for each in cases for one in each.parties] + [each.party_id for each in lookalikes]
    return lay_ground(sheet(rows), truth, {name: name for name in names})


def mask(size: int, *rows: int) -> np.ndarray:
    """Which of `size` rows alert."""
    alerts = np.zeros(size, np.bool_)
    alerts[list(rows)] = True
    return alerts


def two_cases(**more: Any) -> Ground:
    """Case T01 of a: rows 0 to 2. Case T02 of b: rows 3 and 4. Rows 5 and 6: b on days 33 and 40. Row 7: honest c."""
    rows = [
        payment("a0", "a", 0, usd=100),
        payment("a1", "a", 1, usd=200),
        payment("a2", "a", 2.5, usd=400),
        payment("b0", "b", 1, usd=1000),
        payment("b1", "b", 4, usd=3000),
        payment("x0", "b", 33, usd=9),
        payment("x1", "b", 40, usd=9),
        payment("c0", "c", 1, usd=50),
    ]
    cases = [
        case("T01-0001", "a", ["a0", "a1", "a2"], (0, 2.5)),
        case("T02-0002", "b", ["b0", "b1"], (1, 4), variant="slow", illicit_usd="250.50"),
    ]
    return ground(rows, cases, **more)


def columns_of(*rows: dict[str, Any]) -> Columns:
    """The columns of these rows of one partition; local time is UTC."""
    (columns,) = partition_columns(sheet(rows), np.zeros(len(rows), np.int64))
    return columns
