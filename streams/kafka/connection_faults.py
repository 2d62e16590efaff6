"""What a connection's failure means where trying again does not help: TLS, certificates, passwords, the wrong port.

The libraries say these with a dozen exceptions, or by a connection that simply ends. Here each becomes one message:
what, got, expected, to do.
"""

import asyncio
import ssl
from collections.abc import Iterator
from typing import NamedTuple

from aiokafka import errors

from streams.errors import AuthenticationError, BrokerUnavailableError, EncryptionError, FxwatchError

# X509_V_ERR_... of OpenSSL's x509_vfy.h
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)
_OTHER_NAME = (62, 64)

# A TLS alert read as the length of a Kafka answer: content type 21, then the version (RFC 8446, section 5.1).
_ALERT_AS_LENGTH = range(0x15030000, 0x15030500)

# What OpenSSL calls the alerts by which a broker refuses our certificate, or that there is none.
_OUR_CERTIFICATE = ("CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE", "DECRYPT_ERROR", "ACCESS_DENIED")
_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "UNEXPECTED_EOF_WHILE_READING",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "UNKNOWN_PROTOCOL",
)

_PROTOCOL = "FXWATCH_SECURITY_PROTOCOL"


class Attempt(NamedTuple):
    """A connection that was tried: `address` as host:port, and how."""

    address: str
    protocol: str
    mechanism: str | None
    user: str | None

    @property
    def encrypted(self) -> bool:
        """Whether it was to use TLS."""
        return self.protocol.endswith("SSL")


class EndedError(BrokerUnavailableError):
    """The broker ended the connection without a word, as it does when the two do not speak the same protocol.

    It may also be a broker that is stopping, so it is tried again before it is told, and is waited out like one.
    """

    code = "broker.ended"


def explain(fault: BaseException, attempt: Attempt) -> FxwatchError | None:
    """The one message for a fault of a connection; None for one that time may heal (no answer, a start)."""
    for one in _chain(fault):
        found = _explained(one, attempt)
        if found is not None:
            return found
    return None


def _chain(fault: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = fault
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _explained(fault: BaseException, attempt: Attempt) -> FxwatchError | None:  # noqa: PLR0911  (one a kind)
    if isinstance(fault, FxwatchError):
        return fault  # a secret's file, a token: said where it was read
    if isinstance(fault, ssl.SSLCertVerificationError):
        return _certificate(fault, attempt)
    if isinstance(fault, ssl.SSLError):
        return _tls(fault, attempt)
    if isinstance(fault, _REFUSALS):
        return _sasl(fault, attempt)
    if isinstance(fault, asyncio.IncompleteReadError) and fault.expected in _ALERT_AS_LENGTH:
        return _wants_tls(attempt, "a TLS alert as the answer")
    if isinstance(fault, asyncio.IncompleteReadError | ConnectionResetError | BrokenPipeError):
        return _ended(attempt)
    return None


def _certificate(fault: ssl.SSLCertVerificationError, attempt: Attempt) -> EncryptionError:
    """The broker's certificate is not accepted here."""
    code, host = fault.verify_code, attempt.address.rpartition(":")[0]
    what, expected, todo = "is not accepted", "a valid certificate", "see the broker's certificate"
    if code in (_EXPIRED, _NOT_YET_VALID):
        what = "has expired" if code == _EXPIRED else "is not valid yet"
        expected, todo = "one that is valid now", "renew it on the broker, or correct this machine's clock"
    elif code in _OTHER_NAME:
        what, expected = "is for another name", f"one whose subject alternative names hold {host}"
        todo = "connect by a name in it (FXWATCH_BOOTSTRAP, and the broker's advertised.listeners), or reissue it"
    elif code in _UNKNOWN_AUTHORITY:
        what, expected = "is signed by an authority that is not trusted here", "one of FXWATCH_SSL_CA_FILE's"
        todo = "put the authority's certificate (PEM) into FXWATCH_SSL_CA_FILE"
    return EncryptionError(
        f"the broker's certificate {what}",
        got=f"{attempt.address}: {fault.verify_message}",
        expected=expected,
        todo=todo,
    )


def _tls(fault: ssl.SSLError, attempt: Attempt) -> FxwatchError | None:
    reason = str(fault.reason or "")
    if any(word in reason for word in _OUR_CERTIFICATE):
        return EncryptionError(
            "the broker does not accept this client's certificate",
            got=f"{attempt.address}: {reason}",
            expected="a certificate that the broker trusts and that is valid now",
            todo="set FXWATCH_SSL_CERTIFICATE_FILE and FXWATCH_SSL_KEY_FILE; see whether it has "
            "expired and whether its authority is in the broker's trust store",
        )
    if any(word in reason for word in _NO_TLS):
        return _no_tls(attempt, reason)
    return EncryptionError(
        "TLS cannot be agreed on with the broker",
        got=f"{attempt.address}: {reason or fault}",
        expected="TLS 1.2 or newer",
        todo="see the broker's ssl.* settings and its log",
    )


def _no_tls(attempt: Attempt, got: str) -> EncryptionError:
    other = "SASL_PLAINTEXT" if attempt.protocol.startswith("SASL") else "PLAINTEXT"
    return EncryptionError(
        f"the broker's port does not speak TLS, and {_PROTOCOL} is {attempt.protocol}",
        got=f"{attempt.address}: {got}",
        expected="a listener with TLS",
        todo=f"correct the port in FXWATCH_BOOTSTRAP, or set {_PROTOCOL}={other}",
    )


def _wants_tls(attempt: Attempt, got: str) -> EncryptionError:
    other = "SASL_SSL" if attempt.protocol.startswith("SASL") else "SSL or SASL_SSL"
    return EncryptionError(
        f"the broker's port speaks TLS, and {_PROTOCOL} is {attempt.protocol}",
        got=f"{attempt.address}: {got}",
        expected=f"{other}",
        todo=f"set {_PROTOCOL}, or correct the port in FXWATCH_BOOTSTRAP",
    )


def _ended(attempt: Attempt) -> EndedError:
    if attempt.encrypted:
        guess, todo = "a listener with TLS", f"correct the port in FXWATCH_BOOTSTRAP or {_PROTOCOL}"
    else:
        guess = f"a listener of the protocol {attempt.protocol}"
        todo = f"set {_PROTOCOL} as the listener has it (SSL, SASL_SSL, SASL_PLAINTEXT), or correct the port"
    return EndedError(
        f"the broker ended the connection at once, and {_PROTOCOL} is {attempt.protocol}",
        got=f"{attempt.address}: a connection that ended without an answer",
        expected=guess,
        todo=f"{todo}; the broker's log says why",
    )


_REFUSALS = (
    errors.SaslAuthenticationFailed,
    errors.UnsupportedSaslMechanismError,
    errors.IllegalSaslStateError,
    errors.AuthenticationFailedError,
)


def _sasl(fault: BaseException, attempt: Attempt) -> AuthenticationError:
    """What the broker said; it never repeats a password."""
    if isinstance(fault, errors.UnsupportedSaslMechanismError):
        return AuthenticationError(
            f"the broker does not take {attempt.mechanism}",
            got=f"{attempt.address}: {fault}",
            expected="a mechanism of sasl.enabled.mechanisms",
            todo="correct FXWATCH_SASL_MECHANISM",
        )
    if isinstance(fault, errors.IllegalSaslStateError):
        return AuthenticationError(
            "the broker's port does not authenticate by SASL",
            got=f"{attempt.address}, {_PROTOCOL}={attempt.protocol}",
            expected="a listener with SASL",
            todo=f"correct the port in FXWATCH_BOOTSTRAP, or {_PROTOCOL}",
        )
    who = "this client's token" if attempt.user is None else f"the user {attempt.user} with this password"
    files = (
        "FXWATCH_OAUTH_TOKEN_FILE or _COMMAND"
        if attempt.user is None
        else "FXWATCH_SASL_USERNAME, FXWATCH_SASL_PASSWORD_FILE and FXWATCH_SASL_MECHANISM"
    )
    expected = "a user and password that the cluster knows" if attempt.user else "a valid token"
    return AuthenticationError(
        f"the broker does not accept {who}",
        expected=expected,
        todo=f"see {files}",
        got=f"{attempt.address}, {attempt.mechanism}: {_said(fault)}",
    )


def _said(fault: BaseException) -> str:
    words = fault.args[0] if fault.args and isinstance(fault.args[0], str) else ""
    return words or type(fault).__name__
