"""Error types of fxwatch.

Callers branch on `code` and `retriable`, never on message text. A message says what happened, what was got,
what was expected and what to do about it; the command line prints it as it stands and exits with `exit_code`.
"""

from typing import ClassVar

from streams.plain_text.printable import make_printable, make_showable


class FxwatchError(Exception):
    """Base of every error that a user may see.

    `code` is stable across versions; `fields` holds the values the message was made of, for machines.
    """

    code: ClassVar[str] = "fxwatch.error"
    retriable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, got: object = None, expected: object = None, todo: str | None = None) -> None:
        self.what, self.got, self.expected, self.todo = what, got, expected, todo
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """One paragraph: what, got, expected, what to do."""
        parts = [make_showable(self.what)]
        if self.got is not None:
            # what was got may be a sender's or a broker's own words
            parts.append(f"got: {make_printable(str(self.got))}")
        if self.expected is not None:
            parts.append(f"expected: {make_printable(str(self.expected))}")
        if self.todo is not None:
            parts.append(f"to do: {make_showable(self.todo)}")
        return "; ".join(parts)

    @property
    def fields(self) -> dict[str, object]:
        """The message's parts, for `--json` and structured logs."""
        return {
            "code": self.code,
            "retriable": self.retriable,
            "what": self.what,
            "got": self.got,
            "expected": self.expected,
            "todo": self.todo,
        }


class UsageError(FxwatchError):
    """The command was used wrongly, or the configuration is wrong. Exit code 2."""

    code = "usage"
    exit_code = 2


class ConfigurationError(UsageError):
    """Configuration that cannot be used; `problems` lists every one found, each with its place."""

    code = "configuration.invalid"

    def __init__(self, what: str, problems: list[str] | None = None, **kwargs: object) -> None:
        self.problems = problems or []
        super().__init__(what, **kwargs)  # type: ignore[arg-type]

    @property
    def message(self) -> str:
        """The problems, one a line, below the summary."""
        return "\n".join([super().message, *(f"  - {make_showable(problem)}" for problem in self.problems)])

    @property
    def fields(self) -> dict[str, object]:
        """As in the base, with the list of problems."""
        return {**super().fields, "problems": self.problems}


class BrokerUnavailableError(FxwatchError):
    """No Kafka broker answers at the configured address."""

    code = "broker.unavailable"
    retriable = True


class ClusterBusyError(BrokerUnavailableError):
    """A broker answers, but cannot say now what it was asked; asked again later it may."""

    code = "broker.busy"


class ConnectionRefusedByPolicyError(FxwatchError):
    """A broker is there, and it and this client do not agree on who may connect and how. Trying again does not help."""

    code = "broker.refused"


class EncryptionError(ConnectionRefusedByPolicyError):
    """TLS cannot be agreed on: a certificate that is not trusted, or one side that does not speak TLS."""

    code = "broker.encryption"


class AuthenticationError(ConnectionRefusedByPolicyError):
    """The broker does not take this client for whom it says it is, or the client cannot say it."""

    code = "broker.authentication"


class NotAuthorizedError(FxwatchError):
    """The broker knows this client and does not allow it what it asked for."""

    code = "broker.authorization"


class TopicUnreadableError(FxwatchError):
    """The cluster does not say what a topic is, and would not if it were asked again: not authorised, not allowed."""

    code = "topics.unreadable"


class BrokerStartError(FxwatchError):
    """The embedded broker could not be started: Java, jars, port or directory."""

    code = "broker.start"


class TopicsError(FxwatchError):
    """Topics are missing or differ from the topic table."""

    code = "topics.differ"


class KeyFileError(UsageError):
    """A file of keys or other secrets is missing, malformed, or open to others."""

    code = "keys.invalid"


class OtherApplicationError(UsageError):
    """The topics belong to an application of another name, or its workers run."""

    code = "application.other"


class RulesGoneError(FxwatchError):
    """No record says any more which configuration is in force."""

    code = "rules.gone"


class RulesDifferError(FxwatchError):
    """The worker's configuration file differs from the rules in force in the ledger."""

    code = "rules.differ"


class ApprovalError(FxwatchError):
    """A change of the configuration in force that its approvers did not approve, or that they cannot by now."""

    code = "rules.not_approved"


class DeliveryError(FxwatchError):
    """Kafka did not acknowledge an output; nothing was committed past it."""

    code = "delivery.failed"
    retriable = True


class RefusedError(DeliveryError):
    """A topic refuses an output for good: sent again it would be refused again. Nothing was committed past it."""

    code = "delivery.refused"
    retriable = False


class FencedError(FxwatchError):
    """Another worker owns this partition now; this producer must never be used again."""

    code = "producer.fenced"


class PartitionStoppedError(FxwatchError):
    """One partition cannot go on: `position` says where, the cause says why. The others go on."""

    code = "partition.stopped"

    def __init__(self, what: str, *, position: int | None = None, **kwargs: object) -> None:
        self.position = position
        super().__init__(what, **kwargs)  # type: ignore[arg-type]

    @property
    def fields(self) -> dict[str, object]:
        """As in the base, with the ledger offset that was not applied (None when the ledger itself is at fault)."""
        return {**super().fields, "position": self.position}


class SnapshotError(FxwatchError):
    """A snapshot that must not be loaded: torn, corrupt, or of another state schema."""

    code = "snapshot.unusable"


class ProgressError(FxwatchError):
    """A record of the progress topic cannot be read: what is published, or decided, is not known."""

    code = "progress.unusable"


class LedgerError(FxwatchError):
    """The ledger is not the one the state was learned from, or holds a record that cannot be read."""

    code = "ledger.unusable"


class UnreadableError(FxwatchError):
    """A topic holds a record set that cannot be read: damaged, or of a codec that this release does not know."""

    code = "topic.unreadable"


class AlertNotFoundError(FxwatchError):
    """No published alert has this id."""

    code = "rescore.unknown_alert"


class InputRecreatedError(FxwatchError):
    """An input topic is not the one any more that this worker began to read; a restart goes on with the new one."""

    code = "input.recreated"


class OutOfReachError(FxwatchError):
    """No alert differs, but some could not be checked: the ledger does not hold what they follow from any more."""

    code = "rescore.out_of_reach"
    exit_code = 3


class NotReproducedError(FxwatchError):
    """An alert does not follow from the ledger as it was published."""

    code = "rescore.differs"
