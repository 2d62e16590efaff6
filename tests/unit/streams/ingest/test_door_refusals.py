"""What the door refuses: each fault by its code, and no message that says a value."""

import msgspec
import pytest

from streams.contracts import inputs
from streams.contracts.input_record import ArrivedRecord
from streams.ingest import door
from streams.ingest.door import Admitted, Door, Rejected
from streams.keys.pseudonyms import development_keys
from streams.settings import overlay_configuration
from tests.unit.streams.ingest.test_door import TIMESTAMP_MS, TRANSACTION, VERDICT, admit


def test_what_would_be_too_long_to_write_is_refused():
    """Names of desks were sent, all that a desk is would be written: 1.6 MB from 365 KB, which no batch takes."""

    def with_desks(count):
        desks = {f"desk{number}": {} for number in range(count)}
        body = {"event_id": "R", "configuration": msgspec.to_builtins(overlay_configuration({})) | {"desks": desks}}
        return admit(body, inputs.RULES)

    refused = with_desks(20_000)
    assert isinstance(refused, Rejected)
    assert refused.codes == ("size.exceeded",)
    assert "at most 900000 bytes in the ledger's form" in refused.message
    taken = with_desks(1_000)
    assert isinstance(taken, Admitted)
    assert len(taken.records) == 12


@pytest.mark.parametrize(
    ("shared", "fault"),
    [
        ({"shared_kind": "device"}, "field.missing shared_token"),
        ({"shared_token": "k9.00f." + "b" * 32}, "field.missing shared_kind"),
        ({"shared_kind": "device", "shared_token": "870321/CN/KG"}, "field.form shared_token"),
        ({"shared_kind": "goods", "shared_token": "k9.00f." + "b" * 32}, "field.form shared_token"),
        ({"shared_kind": "party", "shared_token": "k9.00f." + "b" * 32}, "field.enum shared_kind"),
        ({"shared_kind": "goods", "shared_token": ""}, "field.length shared_token"),
    ],
)
def test_a_shared_thing_that_is_none_is_refused(shared, fault):
    """Before it reaches the ledger: a token without a slot would stop a proof."""
    refused = admit(VERDICT | shared, inputs.DISPOSITIONS)
    assert refused.message.startswith(fault), refused.message


def test_a_huge_trace_header_is_a_fault():
    """A header that would make the ledger record too large is refused, together with the body's faults."""
    answer = admit({**TRANSACTION, "amount": "0"}, headers=[("ce_source", b"x" * 5000)])
    assert set(answer.codes) == {"decimal.range", "header.length"}
    assert admit(TRANSACTION, headers=[("other", b"x" * 5000)]).__class__ is Admitted


def test_a_refusal_names_fields_and_never_values():
    """The message may be read by anyone: no value and no name that could be one stands in it."""
    body = {
        **TRANSACTION,
        "amount": "CALLERS",
        "party_type": "CALLERS",
        "Kim CALLERS": 1,
        "id_8001011234567": 1,
        "amout": 1,
    }
    answer = admit(body, key=b"CALLERS")
    assert isinstance(answer, Rejected)
    assert "CALLERS" not in answer.message
    assert "8001011234567" not in answer.message
    assert "field.unknown amout" in answer.message
    assert "decimal.malformed amount" in answer.message
    assert answer.stage == "validate"


def test_the_stage_tells_unreadable_from_invalid():
    """Bytes that could not be read are refused at `decode`."""
    answer = Door(development_keys(), 12, {}).admit(ArrivedRecord(inputs.TRANSACTIONS, 0, 0, 0, None, b"{", []))
    assert (answer.stage, answer.codes) == ("decode", ("json.malformed", "key.missing"))


def test_a_message_of_many_faults_counts_what_it_leaves_out():
    """However many faults there are, the message has at most 512 characters and says how many more there are."""
    answer = admit({f"field_{chr(97 + n)}": 1 for n in range(26)}, key=b"P")
    assert len(answer.message) <= 512
    assert answer.message.endswith("more")


def test_a_topic_that_is_none_of_ours_is_refused():
    """A record from elsewhere is dead-lettered, not lost."""
    assert admit(TRANSACTION, "fx.other.v1").codes == ("topic.unknown",)


def test_a_fault_of_our_own_is_a_refusal_without_values(monkeypatch):
    """When fxwatch itself fails on a record, it is dead-lettered under a code of its own."""

    def fail(*_args):
        raise RuntimeError("CALLERS")

    monkeypatch.setattr(door.canonical, "transaction", fail)
    answer = admit(TRANSACTION)
    assert answer.codes == ("door.failed",)
    assert "RuntimeError" in answer.message
    assert "CALLERS" not in answer.message


def test_a_record_without_timestamp_is_refused():
    """Kafka's -1 means no timestamp: a time of 2999 could not be told from one of today."""
    assert admit(TRANSACTION, timestamp_ms=-1).codes == ("timestamp.missing",)
    assert isinstance(admit(TRANSACTION, timestamp_ms=TIMESTAMP_MS), Admitted)
    assert admit({**TRANSACTION, "event_time": "2999-01-01T00:00:00Z"}).codes == ("time.future",)


def test_a_configuration_that_cannot_be_put_in_force_is_refused() -> None:
    """It fits its type, but would stop every partition of the ledger."""
    good = msgspec.to_builtins(overlay_configuration({}))
    bad = {**good, "detectors": {**good["detectors"], "members": {"no_such_detector": {}}}}
    for configuration, codes in ((good, ()), (bad, ("configuration.invalid",))):
        value = msgspec.json.encode({"event_id": "1", "configuration": configuration})
        result = Door(development_keys(), 12, {}).admit(
            ArrivedRecord("fx.rules.v1", 0, 0, 1_760_000_000_000, b"configuration", value, [])
        )
        assert getattr(result, "codes", ()) == codes
