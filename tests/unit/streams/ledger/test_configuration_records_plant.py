"""The first configuration of an empty ledger: new partitions may have no leader for a moment."""

from types import SimpleNamespace

import pytest
from kafka import TopicPartition
from kafka.errors import NotLeaderForPartitionError, TopicAuthorizationFailedError

from streams.errors import DeliveryError
from streams.ledger import configuration_records

PARTITION = TopicPartition("fx.ledger.v1", 0)


class AnsweringInTurn:
    """An admin client that gives these answers one after the other."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def list_partition_offsets(self, _asked):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {PARTITION: SimpleNamespace(offset=answer)}


def test_a_partition_without_a_leader_is_waited_for(monkeypatch):
    """Two refusals that pass are no failure."""
    monkeypatch.setattr(configuration_records, "RETRY_SECONDS", 0)
    admin = AnsweringInTurn(NotLeaderForPartitionError(), NotLeaderForPartitionError(), 7)
    assert configuration_records.read_ledger_ends(admin, [PARTITION]) == {PARTITION: 7}


def test_what_does_not_pass_is_told_at_once():
    """A refusal for good is one message with what to do, not a traceback."""
    with pytest.raises(DeliveryError, match="the ends of ledger or legs are not to be had"):
        configuration_records.read_ledger_ends(AnsweringInTurn(TopicAuthorizationFailedError()), [PARTITION])
