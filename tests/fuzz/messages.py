"""The fuzz target of payment messages: any bytes as a file of messages and as a record at the door."""

from functools import cache
from pathlib import Path

from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import TRANSACTIONS
from streams.contracts.refusal_codes import CODES
from streams.ingest.door import Admitted, Door, Rejected
from streams.ingest.formats import Parameters, convert
from streams.ingest.formats.conversion import RECORD_LIMITS, Syntax
from streams.ingest.formats.parameters import parameters
from streams.ingest.formats.record import make_headers
from streams.keys.pseudonyms import development_keys

CORPUS = Path(__file__).parents[1] / "formats" / "corpus"
GIVEN = {
    "resident_country": "KR",
    "party_type": "by-identifier",
    "channel": "branch",
    "local_currency": "KRW",
    "utc_offset": "+09:00",
    "time_of_day": "09:00",
    "institution_numbers": "true",
    "transaction_purpose": "true",
}
# what the first byte of an input means
SYNTAXES: tuple[Syntax, ...] = ("fin", "xml")
# one for each way of the readers; more would make the replay of all their cuts slow
SEEDS = (
    "fin_answers_mixed",
    "fin_identifier_cut",
    "fin_local_side",
    "fin_narrative_continued",
    "fin_other_types",
    "fin_sort_code",
    "xml_minimal_out",
    "xml_firm_bic_tells_country",
)
# 2100: no date of the seeds is ahead of it
TIMESTAMP_MS = 4_102_444_800_000


@cache
def _door() -> Door:
    return Door(development_keys(), 12, {})


def payment_message(data: bytes) -> None:
    """A message, or a file of them (first byte: syntax): converted or refused with known codes, alike in both ways."""
    if not data:
        return
    syntax, content = SYNTAXES[data[0] % len(SYNTAXES)], data[1:]
    given = parameters(GIVEN)
    assert isinstance(given, Parameters)
    found = convert(content, given, syntax, timestamp_ms=TIMESTAMP_MS)
    assert found.transactions or found.faults, "neither converted nor refused"
    assert len(found.transactions) <= found.payments
    assert {fault.code for fault in found.faults} <= CODES.keys()
    answer = _door().admit(
        ArrivedRecord(TRANSACTIONS, 0, 1, TIMESTAMP_MS, None, content, list(make_headers(syntax, GIVEN)))
    )
    if isinstance(answer, Admitted):
        assert (len(found.transactions), found.faults) == (1, ()), "a record that as a file would not convert"
    else:
        _refused_as_a_file(answer, len(content) > RECORD_LIMITS.content, {fault.code for fault in found.faults})


def _refused_as_a_file(answer: Rejected, too_long: bool, of_file: set[str]) -> None:
    """A record is refused for what its file is, or because a record holds less than a file."""
    assert "door.failed" not in answer.codes, answer.message
    assert len(answer.message) <= 512
    of_record = {"message.several", "size.exceeded"}
    assert too_long or of_record & set(answer.codes) or set(answer.codes) <= of_file, (answer.codes, of_file)


def seeds() -> list[bytes]:
    """Messages of the corpus."""
    names = [(name, name[:3]) for name in SEEDS]
    return [bytes([("fin", "xml").index(kind)]) + (CORPUS / f"{name}.{kind}").read_bytes() for name, kind in names]
