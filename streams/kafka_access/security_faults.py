"""What is wrong with the security settings, all at once, before anything connects."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

from streams.errors import FxwatchError
from streams.kafka_access.secrets import PasswordFile
from streams.kafka_access.tls_context import TlsFiles, build_context
from streams.keys.secret_files import read_secret_file, read_trusted_file

_TLS_ONLY = ("ssl_ca_file", "ssl_certificate_file", "ssl_key_file", "ssl_key_password_file")
_PASSWORD_ONLY = ("sasl_username", "sasl_password_file")
_TOKEN_ONLY = ("oauth_token_file", "oauth_token_command")
# setting -> what its file is called in messages, and how it is read
_LOOKS: dict[str, tuple[str, Callable[[Path, str], object]]] = {
    "ssl_ca_file": ("certificate authorities", read_trusted_file),
    "ssl_certificate_file": ("TLS certificate", read_trusted_file),
    "ssl_key_file": ("TLS key", read_secret_file),
    "ssl_key_password_file": ("password of the TLS key", read_secret_file),
    "sasl_password_file": ("SASL password", lambda path, _what: PasswordFile(path).read()),
    "oauth_token_file": ("OAuth token", read_secret_file),
}
_SECRETS = ("ssl_key_password_file", "sasl_password_file", "oauth_token_file")


class SecuritySettings(Protocol):
    """What is looked at here, under the names of `streams.settings`, which stands above and calls this."""

    @property
    def security_protocol(self) -> str:
        """One of Kafka's four, for example `SASL_SSL`."""

    @property
    def sasl_mechanism(self) -> str | None:
        """For example `SCRAM-SHA-512`. None: no SASL."""

    @property
    def ssl_certificate_file(self) -> Path | None:
        """The client's certificate."""

    @property
    def ssl_key_file(self) -> Path | None:
        """The key of that certificate."""

    @property
    def ssl_key_password_file(self) -> Path | None:
        """The password of that key."""


def find_security_faults(settings: SecuritySettings) -> list[str]:
    """Every fault of the settings named `security_protocol`, `ssl_...`, `sasl_...`, `oauth_...`, and of their files."""
    return [*_combinations(settings), *_files(settings)]


def find_security_warnings(settings: SecuritySettings) -> list[str]:
    """What is allowed and unwise."""
    if settings.security_protocol == "SASL_PLAINTEXT" and settings.sasl_mechanism in ("PLAIN", "OAUTHBEARER"):
        return [
            (
                f"{_variable('security_protocol')} is SASL_PLAINTEXT with {settings.sasl_mechanism}: the secret goes "
                "over the network in clear; use SASL_SSL"
            )
        ]
    return []


def _variable(name: str) -> str:
    return f"FXWATCH_{name.upper()}"


def _given(settings: SecuritySettings, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if getattr(settings, name) is not None]


def _useless(settings: SecuritySettings, names: tuple[str, ...], why: str) -> Iterator[str]:
    """Settings that would have no effect: whoever set them believes they have one."""
    for name in _given(settings, names):
        yield f"{_variable(name)}: set, and {why}"


def _combinations(settings: SecuritySettings) -> Iterator[str]:
    protocol = settings.security_protocol
    if not protocol.endswith("SSL"):
        yield from _useless(
            settings,
            _TLS_ONLY,
            f"FXWATCH_SECURITY_PROTOCOL is {protocol}, which encrypts nothing; "
            "expected: SSL or SASL_SSL, or none of these",
        )
    if (settings.ssl_certificate_file is None) != (settings.ssl_key_file is None):
        missing, beside = (
            ("ssl_key_file", "certificate") if settings.ssl_key_file is None else ("ssl_certificate_file", "key")
        )
        yield f"{_variable(missing)}: not set; expected: both of certificate and key, there is a {beside} alone"
    if settings.ssl_key_password_file is not None and settings.ssl_key_file is None:
        yield f"{_variable('ssl_key_password_file')}: set, and there is no FXWATCH_SSL_KEY_FILE that it could open"
    if not protocol.startswith("SASL"):
        yield from _useless(
            settings,
            ("sasl_mechanism", *_PASSWORD_ONLY, *_TOKEN_ONLY),
            f"FXWATCH_SECURITY_PROTOCOL is {protocol}, which does not authenticate by SASL; expected: "
            "SASL_SSL, or none of these",
        )
        return
    yield from _mechanism(settings)


def _mechanism(settings: SecuritySettings) -> Iterator[str]:
    mechanism = settings.sasl_mechanism
    if mechanism is None:
        yield (
            f"{_variable('sasl_mechanism')}: not set; expected: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER "
            f"with {settings.security_protocol}"
        )
    elif mechanism == "OAUTHBEARER":
        yield from _useless(settings, _PASSWORD_ONLY, "OAUTHBEARER knows no user and no password")
        if len(_given(settings, _TOKEN_ONLY)) != 1:
            found = len(_given(settings, _TOKEN_ONLY))
            yield (
                f"{_variable('oauth_token_file')}, {_variable('oauth_token_command')}: {found} of them set; "
                "expected: exactly one with OAUTHBEARER"
            )
    else:
        yield from _useless(settings, _TOKEN_ONLY, f"{mechanism} knows no tokens; expected: with OAUTHBEARER only")
        for name in _PASSWORD_ONLY:
            if getattr(settings, name) is None:
                yield f"{_variable(name)}: not set; expected: one with {mechanism}"


def _files(settings: SecuritySettings) -> Iterator[str]:
    """Each file that is named, looked at once; a fault names it and never shows what it holds."""
    faulty = False
    for name, (what, look) in _LOOKS.items():
        path = getattr(settings, name)
        if path is not None:
            faults = _fault_of(name, partial(look, path, what), path)
            faulty = faulty or bool(faults)
            yield from faults
    if not faulty and settings.security_protocol.endswith("SSL"):
        files = TlsFiles(*(getattr(settings, name) for name in _TLS_ONLY))
        yield from _fault_of("ssl_ca_file, ssl_certificate_file, ssl_key_file", lambda: build_context(files))


def _fault_of(name: str, look: Callable[[], object], path: Path | None = None) -> list[str]:
    if path is not None and name in _SECRETS and not path.exists():
        # whoever confuses the two has written the secret here
        return [f"{_variable(name)}: there is no such file; its name is not repeated, it may be the secret itself"]
    try:
        look()
    except FxwatchError as fault:
        return [f"{_variable(name)}: {fault.message}"]
    return []
