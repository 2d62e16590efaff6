"""Differences between a worker's configuration and the one in force."""

import msgspec
import pytest
from kafka.errors import InvalidTimestampError

from detectors.contracts.configuration import fingerprint
from streams.errors import ConfigurationError, DeliveryError, RulesDifferError
from streams.ledger import configuration_in_force
from streams.ledger.configuration_in_force import find_differing_tables
from streams.settings import Settings, overlay_configuration


def test_equal_configurations_do_not_differ():
    """Two readings of the same tables are the same."""
    assert find_differing_tables(overlay_configuration({}), overlay_configuration({})) == []


def test_a_difference_names_its_table_and_both_fingerprints():
    """The operator sees which table to look at, and only that one."""
    ours, theirs = overlay_configuration({"desks": {"customs": {}}}), overlay_configuration({"desks": {"tax": {}}})
    (line,) = find_differing_tables(ours, theirs)
    assert line == f"[desks] here {fingerprint(ours.desks)}, in force {fingerprint(theirs.desks)}"


def test_every_table_that_differs_is_listed():
    """All at once, so that one correction is enough."""
    ours = overlay_configuration({"desks": {"tax": {}}, "engine": {"partitions": 6}})
    lines = find_differing_tables(ours, overlay_configuration({}))
    assert sorted(line.split("]")[0] for line in lines) == ["[desks", "[engine"]


def test_workers_start_beside_the_release_before_with_what_it_has_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration without the table `rates`: the shipped one is no difference, one of the operator's own is."""
    written_before = msgspec.structs.replace(overlay_configuration({}), rates=msgspec.UNSET)
    monkeypatch.setattr(configuration_in_force, "in_force", lambda _: written_before)
    assert configuration_in_force.require(Settings()) is written_before
    with pytest.raises(RulesDifferError, match=r"\[rates\] here"):
        configuration_in_force.require(Settings(effective_tables={"rates": {"jump": 0.2}}))
    with pytest.raises(RulesDifferError, match=r"\[desks\] here"):
        configuration_in_force.require(Settings(effective_tables={"desks": {"tax": {}}}))


def test_putting_it_in_force_is_not_left_out_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rules apply` still brings the table into the ledger."""
    written_before = msgspec.structs.replace(overlay_configuration({}), rates=msgspec.UNSET)
    monkeypatch.setattr(configuration_in_force, "read_ruling_change", lambda _: (written_before, None))
    monkeypatch.setattr(configuration_in_force, "KafkaProducer", _Refusing)
    with pytest.raises(_Refusing.SentError):
        configuration_in_force.send_change(Settings())


class _Refusing:
    class SentError(Exception):
        """Something was sent."""

    def __init__(self, **_: object) -> None: ...

    def send(self, *_: object, **__: object) -> None:
        raise self.SentError

    def close(self) -> None: ...


def test_what_is_not_taken_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is ahead is refused again however often it is run again; so is what is too long."""

    class _Clock(_Refusing):
        SentError = InvalidTimestampError

    monkeypatch.setattr(configuration_in_force, "_is_in_force", lambda *_: False)
    monkeypatch.setattr(configuration_in_force, "read_ruling_change", lambda _: (overlay_configuration({}), None))
    monkeypatch.setattr(configuration_in_force, "KafkaProducer", _Clock)
    with pytest.raises(DeliveryError, match="correct the clock of this machine, or of the brokers"):
        configuration_in_force.send_change(Settings())
    plain = overlay_configuration({})
    words = {f"class{number}": ("w" * 60,) for number in range(9_000)}
    long = msgspec.structs.replace(plain, legend=msgspec.structs.replace(plain.legend, words=words))
    monkeypatch.setattr(Settings, "effective", long)
    with pytest.raises(ConfigurationError, match=r"longer than ingest admits; got: [0-9]{6} bytes as JSON"):
        configuration_in_force.send_change(Settings())
