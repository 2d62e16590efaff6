"""The errors by which a broker denies a right to a client that it knows, and what to do about them."""

from aiokafka import errors as aiokafka_errors
from kafka.errors import AuthorizationError

from streams.errors import FxwatchError, NotAuthorizedError

DENIED = (
    AuthorizationError,
    aiokafka_errors.TopicAuthorizationFailedError,
    aiokafka_errors.GroupAuthorizationFailedError,
    aiokafka_errors.ClusterAuthorizationFailedError,
    aiokafka_errors.TransactionalIdAuthorizationFailed,
)
"""Of kafka-python (one base) and of aiokafka (none)."""


def make_not_authorized_error(what: str, got: object) -> NotAuthorizedError:
    """The error for a right that this client does not have. `got`: the broker's refusal, or the rights by name."""
    if isinstance(got, BaseException):
        words = ", ".join(str(word) for word in got.args if str(word))
        got = f"{type(got).__name__}{': ' if words else ''}{words}"
    return NotAuthorizedError(
        what,
        got=got,
        expected="what the role of this client may do (fxwatch topics acls)",
        todo="let the cluster's administrator run: fxwatch topics acls --apply; or correct who "
        "this client is (FXWATCH_SASL_USERNAME, its certificate or token)",
    )


def choose_error(otherwise: FxwatchError, fault: BaseException, what: str | None = None) -> FxwatchError:
    """The error to raise for a client's `fault`: that a right is missing, where that is what it says, else `otherwise`.

    `what` could not be done without the right; by default what `otherwise` says. Failure prevented: a command without
    a right said that the broker had stopped answering.
    """
    return make_not_authorized_error(what or otherwise.what, fault) if isinstance(fault, DENIED) else otherwise
