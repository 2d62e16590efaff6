"""The TLS context of every client: made from files, and made anew when a file changes.

A worker runs for months and its certificate for weeks. Each new connection looks at the files' stamps, so that a
renewed certificate or authority is in use without a restart. Connections that stand keep the old one.
"""

import ssl
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Self

from streams.errors import ConfigurationError, FxwatchError
from streams.kafka_access.secrets import Stamp, stamp_of
from streams.keys.secret_files import read_secret_file, read_trusted_file
from streams.log import logs

logger = logs.get_logger(__name__)


class TlsFiles(NamedTuple):
    """PEM files: authorities (None: those of the operating system), own certificate and its key, the key's password."""

    authorities: Path | None
    certificate: Path | None
    key: Path | None
    key_password: Path | None


def build_context(files: TlsFiles) -> ssl.SSLContext:
    """A client's context that verifies the broker's certificate and its host name, TLS 1.2 or newer.

    Raises `ConfigurationError` for a file that holds no such thing, `KeyFileError` for one that is missing or open to
    others. Messages name files, never what is in them.
    """
    return _with_own_certificate(_trusting(files.authorities), files)


def _trusting(authorities: Path | None) -> ssl.SSLContext:
    if authorities is None:
        return ssl.create_default_context()
    read_trusted_file(authorities, "certificate authorities")
    try:
        return ssl.create_default_context(cafile=authorities)
    except (ssl.SSLError, ValueError) as fault:
        raise ConfigurationError(
            "the file of certificate authorities cannot be used",
            got=f"{authorities}: not PEM",
            expected="one or more PEM certificates",
            todo="correct FXWATCH_SSL_CA_FILE",
        ) from fault


def _with_own_certificate(context: ssl.SSLContext, files: TlsFiles) -> ssl.SSLContext:
    if files.certificate is None or files.key is None:
        return context
    read_trusted_file(files.certificate, "TLS certificate")
    read_secret_file(files.key, "TLS key")
    try:
        context.load_cert_chain(files.certificate, files.key, _password(files))
    except (ssl.SSLError, ValueError) as fault:
        reason = getattr(fault, "reason", None) or type(fault).__name__
        raise ConfigurationError(
            "the TLS certificate and its key cannot be used together",
            got=f"{files.certificate} and {files.key}: {reason}",
            expected="a PEM certificate (its chain after it) and the PEM key that belongs to it",
            todo="correct FXWATCH_SSL_CERTIFICATE_FILE, FXWATCH_SSL_KEY_FILE or FXWATCH_SSL_KEY_PASSWORD_FILE",
        ) from fault
    return context


def _password(files: TlsFiles) -> Any:
    """What OpenSSL asks for the key's password. Without a file it must fail, not ask at the terminal."""
    path = files.key_password
    if path is None:
        return _refuse_to_ask(files)
    password = read_secret_file(path, "password of the TLS key").rstrip("\r\n")
    return lambda: password


def _refuse_to_ask(files: TlsFiles) -> Any:
    def refuse() -> NoReturn:
        raise ConfigurationError(
            "the TLS key is encrypted and no password is configured",
            got=files.key,
            expected="a key without a password, or a file with it",
            todo="set FXWATCH_SSL_KEY_PASSWORD_FILE",
        )

    return refuse


def _stamps(files: TlsFiles) -> tuple[Stamp | None, ...]:
    """What tells that a file was changed or replaced; None for one that is not there at the moment."""
    return tuple(None if path is None else stamp_of(path) for path in files)


class RenewedContext(ssl.SSLContext):
    """A context for asyncio, uvloop and kafka-python that stands for the newest one of its files.

    While new files cannot be used (a certificate whose key is not there yet) the last good ones are, and that is
    logged once.
    """

    def __new__(cls, files: TlsFiles) -> Self:
        """As the base wants it; `files` is for `__init__`."""
        del files
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, files: TlsFiles) -> None:
        """Raises what `build_context` raises."""
        self._files, self._lock = files, threading.Lock()
        self._seen = _stamps(files)
        self._newest = build_context(files)

    def read_newest(self) -> ssl.SSLContext:
        """The context of the files as they are now; costs a system call a file."""
        with self._lock:
            stamps = _stamps(self._files)
            if stamps != self._seen:
                self._seen = stamps
                try:
                    self._newest = build_context(self._files)
                except (FxwatchError, OSError) as fault:
                    logger.warning("the TLS files changed and cannot be used, the earlier ones still are: %s", fault)
                else:
                    logger.info("the TLS files changed; new connections use them")
            return self._newest

    def stamp(self) -> tuple[Stamp | None, ...]:
        """What tells that a file was changed."""
        return _stamps(self._files)

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """For asyncio and uvloop."""
        return self.read_newest().wrap_bio(*arguments, **named)

    def wrap_socket(self, *arguments: Any, **named: Any) -> ssl.SSLSocket:
        """For kafka-python."""
        return self.read_newest().wrap_socket(*arguments, **named)


@lru_cache(maxsize=64)
def renewed_context(files: TlsFiles) -> RenewedContext:
    """The one context of these files, for every client of the process. Raises what `build_context` raises."""
    return RenewedContext(files)
