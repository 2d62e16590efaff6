"""The faults of opening a partition: which pass by themselves, and what is told of those that do not."""

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidTransactionTimeout,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedVersionError,
)

from streams.errors import BrokerUnavailableError, RefusedError
from streams.ledger.progress import AgentPartition
from streams.operations.health import WatchdogError

# What the broker's absence looks like while something is read: aiokafka's word for it, and the admin client's.
AWAY = (KafkaError, BrokerUnavailableError)
# What an opening meets that does not pass by itself: rights, and a transaction time-out that the brokers do not allow.
NOT_GRANTED = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidTransactionTimeout,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedVersionError,
)


def unreadable(place: AgentPartition, cause: Exception, patience: float) -> BrokerUnavailableError:
    """A ledger that could not be read for longer than `patience` seconds."""
    return BrokerUnavailableError(
        f"the ledger of {place} cannot be read",
        got=repr(cause),
        expected=f"an answer within broker_patience_seconds = {patience:.0f}",
        todo="see the broker's log; mend it, then start the worker again, nothing is lost",
    )


def not_granted(place: AgentPartition, fault: Exception) -> RefusedError:
    """A partition that the cluster does not let this worker open."""
    return RefusedError(
        f"{place} cannot be opened: the cluster refuses it",
        got=repr(fault),
        expected="Read and Write on fxwatch's topics, groups and transactional ids; transaction_timeout_seconds "
        "within the brokers' transaction.max.timeout.ms",
        todo="grant what is missing to this worker, then start it again, nothing is lost",
    )


def ended_unasked(place: AgentPartition) -> WatchdogError:
    """An opening that was cancelled from within: left at that, nobody would open the partition any more."""
    return WatchdogError(
        f"the opening of {place} ended, and nobody had asked for that",
        todo="report it; start the worker again, nothing is lost",
    )
