"""A party's trade ledger from its records of the ledger, as the monitor has it; its tables and the command."""

import json
from typing import Self

import pytest
from click.testing import CliRunner

from detectors.books.party import unpack
from detectors.books.trade_book import TradeBook
from streams.cli import trade
from streams.contracts.inputs import DECLARATIONS, RATES, TRANSACTIONS
from streams.desk import trade_history
from streams.desk.trade_history import TradeHistory, TradeReading
from streams.desk_text import trade_text
from streams.desk_text.trade_words import TRADE_WORDS
from streams.errors import UsageError
from tests.support.korean import foreign_words
from tests.support.pipeline import DECLARATION, RATE, TRANSACTION, Pipeline

PAID = TRANSACTION | {"purpose": "10101", "amount": "20000", "declaration_no": "N-1"}
RETURN = PAID | {"event_id": "E-3", "amount": "5000", "status": "returned", "original_event_id": "E-1"}


@pytest.fixture
def written() -> Pipeline:
    """A declaration and its payment, a return, and payments of another party."""
    pipeline = Pipeline()
    pipeline.send(RATES, RATE)
    pipeline.send(DECLARATIONS, DECLARATION)
    pipeline.send(TRANSACTIONS, PAID)
    pipeline.send(TRANSACTIONS, PAID | {"event_id": "E-2", "party_id": "P-2"})
    pipeline.send(TRANSACTIONS, RETURN)
    pipeline.send(DECLARATIONS, DECLARATION | {"event_id": "D-2", "declaration_no": "N-2", "kind": "export"})
    return pipeline


def token_of(pipeline: Pipeline) -> str:
    return next(one.key.decode() for one in pipeline.log if b"N-1" in one.value)


def read(pipeline: Pipeline) -> TradeHistory:
    token = token_of(pipeline)
    reading = TradeReading(token, frozenset({token}), 0)
    for one in pipeline.log:
        reading.take(one)
    return reading.found()


def test_it_is_what_the_monitor_has(written: Pipeline) -> None:
    found = read(written)
    record = written.state.parties[token_of(written)]
    assert found.book.packed() == unpack(record).trade != b""
    assert found.unusable == 0
    assert len(found.state.parties) == 1


def test_what_cannot_be_read_is_counted(written: Pipeline) -> None:
    damaged = [one._replace(value=b"{") if b'"E-1"' in one.value else one for one in written.log]
    written.log[:] = damaged
    # the return names the same event
    assert read(written).unusable == 2
    assert read(written).book.totals(1).came_in == 0


def test_a_party_without_records_has_an_empty_ledger() -> None:
    reading = TradeReading("dev.0a3.x", frozenset({"dev.0a3.x"}), 0)
    assert reading.found().book.packed() == b""


def test_the_tables(written: Pipeline) -> None:
    found, token, words = read(written), token_of(written), TRADE_WORDS["en"]
    assert found.state.effective is not None
    rulebook, zone = found.state.effective.rulebook, found.state.effective.zone
    assert list(trade_text.total_rows(found, words)) == [
        ["imports declared", "50,000.00", "15,000.00", "35,000.00", "1", "0", "0"],
        ["imports paid", "15,000.00", "15,000.00", "0.00", "0", "0", "0"],
        ["exports declared", "50,000.00", "0.00", "50,000.00", "1", "0", "0"],
    ]
    rows = list(trade_text.item_rows(trade_text.open_items(found, token), zone, words))
    assert [row[0] for row in rows] == ["imports declared", "exports declared"] or rows[0][0] == "exports declared"
    part = next(row for row in rows if row[0] == "imports declared")
    assert part[2:] == ["", "0", "35,000.00 USD", "50,000.00", "35,000.00", "matched in part", "0:2"]
    assert list(trade_text.match_rows(trade_text.matched(found, rulebook, zone), 0, words)) == [
        ["0:3", "0:2", "15,000.00 USD", "15,000.00 USD", "declaration number"]
    ]
    assert list(trade_text.month_rows(found)) == [["2026-01", "50,000.00", "15,000.00", "50,000.00", "0.00"]]


def test_the_command_prints_tables_or_one_object(written: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    found, token = read(written), token_of(written)
    monkeypatch.setattr(trade, "partition_of", lambda settings, token: 0)
    monkeypatch.setattr(trade, "read_trade", lambda *given: found)
    text = CliRunner().invoke(trade.command, ["show", token, "--limit", "1"]).output
    assert f"trade ledger of {token}, ledger partition 0" in text
    assert "1 of 2 open items; --limit shows more" in text
    assert "declaration number" in text
    korean = CliRunner().invoke(trade.command, ["show", token, "--lang", "ko"]).output
    assert "신고번호" in korean
    assert "일시(한국 시각)" in korean
    assert "미화 15,000.00달러" in korean
    assert foreign_words(korean) == []
    told = json.loads(CliRunner().invoke(trade.command, ["show", token, "--json"]).output)
    assert told["totals"]["import_goods"] == {
        "came_in_usd": "50000.00",
        "matched_usd": "15000.00",
        "open_items": 1,
        "cut_items": 0,
        "unvalued_items": 0,
    }
    assert {one["reason"] for one in told["open"]} == {"part", "nothing_open"}
    assert told["matched"][0] == {
        "payment": 3,
        "goods": 2,
        "paid": "15000.00 USD",
        "got": "15000.00 USD",
        "rule": "number",
    }
    assert told["months"][0]["export_goods"] == "50000.00"
    assert (told["doubtful"], told["unusable_records"], told["partition"]) == (0, 0, 0)
    found.book.doubtful = 2
    text = CliRunner().invoke(trade.command, ["show", token]).output
    assert "2 amendments or settlements may count twice" in text
    empty = TradeHistory(TradeBook(), found.state, 1)
    monkeypatch.setattr(trade, "read_trade", lambda *given: empty)
    text = CliRunner().invoke(trade.command, ["show", token]).output
    assert "1 of its records could not be read" in text
    assert "no declaration and no trade payment" in text
    refused = CliRunner().invoke(trade.command, ["show", "nobody"])
    assert isinstance(refused.exception, UsageError)


def test_former_names_are_followed(written: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The partition is read again where records lead to another name."""
    readings = []

    class Reader:
        def __init__(self, *given: object, **named: object) -> None:
            readings.append(given)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *given: object) -> None:
            pass

        def read_to_end(self, told: object) -> list[tuple[int, list[object]]]:
            return [(0, list(written.log))]

    monkeypatch.setattr(trade_history.topic_reader, "Reader", Reader)
    from streams.settings import load_settings

    token = token_of(written)
    found = trade_history.read_trade(load_settings(), token, 0, lambda seen, total: None)
    assert found.book.packed() == read(written).book.packed()
    assert len(readings) == 1


def test_the_words_are_korean() -> None:
    from tests.unit.streams.desk_text.test_desk_words import texts

    for name, text in texts(TRADE_WORDS["ko"]):
        assert foreign_words(str(text).replace("USD", "").replace("--limit", "")) == [], name
