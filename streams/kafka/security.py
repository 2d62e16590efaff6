"""The one place that turns settings into a Kafka client's arguments: where the cluster is, and how it is entered.

No client of the product is made without it (tests/contract/test_kafka_clients.py looks through the source). The names
of the settings are Kafka's own, and secrets are files.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from faust.auth import Credentials, OAuthCredentials, SASLCredentials, SSLCredentials

from streams.kafka.connection import use_for_all_clients
from streams.kafka_access.oauth_tokens import AsyncTokens, BlockingTokens, TokenSource
from streams.kafka_access.secrets import PasswordFile
from streams.kafka_access.tls_context import RenewedContext, TlsFiles, renewed_context
from streams.settings import Settings

OAUTH = "OAUTHBEARER"


def uses_tls(settings: Settings) -> bool:
    """Whether connections use TLS."""
    return settings.security_protocol.endswith("SSL")


def authenticated(settings: Settings) -> bool:
    """Whether connections say who they are by SASL."""
    return settings.security_protocol.startswith("SASL")


def make_tls_context(settings: Settings) -> RenewedContext | None:
    """The TLS context; None without TLS. Raises `ConfigurationError` or `KeyFileError` for files that are no use."""
    if not uses_tls(settings):
        return None
    return renewed_context(
        TlsFiles(
            settings.ssl_ca_file, settings.ssl_certificate_file, settings.ssl_key_file, settings.ssl_key_password_file
        )
    )


@lru_cache(maxsize=64)
def _tokens(file: Path | None, command: str | None) -> TokenSource:
    """One source for every client of the process, so that each connection does not run the command."""
    return TokenSource(file, command)


def make_token_source(settings: Settings) -> TokenSource:
    """The source of OAuth tokens."""
    return _tokens(settings.oauth_token_file, settings.oauth_token_command)


def _protocol(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {"security_protocol": settings.security_protocol}
    if uses_tls(settings):
        found["ssl_context"] = make_tls_context(settings)
    if authenticated(settings):
        found["sasl_mechanism"] = settings.sasl_mechanism
        if settings.sasl_mechanism != OAUTH:
            found["sasl_plain_username"] = settings.sasl_username
    return found


def aiokafka_connection(settings: Settings) -> dict[str, Any]:
    """Arguments of an aiokafka connection to an address given beside. Raises what `context` raises."""
    use_for_all_clients()  # it reads the password at each connection
    found = _protocol(settings)
    if settings.sasl_mechanism == OAUTH:
        found["sasl_oauth_token_provider"] = AsyncTokens(make_token_source(settings))
    elif authenticated(settings):
        assert settings.sasl_password_file is not None
        found["sasl_plain_password"] = PasswordFile(settings.sasl_password_file)
    return found


def aiokafka_access(settings: Settings) -> dict[str, Any]:
    """Arguments of every aiokafka client. Raises what `context` raises."""
    return {"bootstrap_servers": settings.bootstrap_servers, **aiokafka_connection(settings)}


def kafka_python_access(settings: Settings) -> dict[str, Any]:
    """Arguments of every kafka-python client. Raises what `context` raises, and for a password file that is no use."""
    found = {"bootstrap_servers": settings.bootstrap_servers, **_protocol(settings)}
    if settings.sasl_mechanism == OAUTH:
        found["sasl_oauth_token_provider"] = BlockingTokens(make_token_source(settings))
    elif authenticated(settings):
        assert settings.sasl_password_file is not None
        # its clients live for one command; the worker's own are aiokafka's
        found["sasl_plain_password"] = PasswordFile(settings.sasl_password_file).read()
    return found


def faust_credentials(settings: Settings) -> Credentials | None:
    """Faust's `broker_credentials`; None for a plain connection. Raises what `context` raises."""
    use_for_all_clients()
    if not authenticated(settings):
        return SSLCredentials(make_tls_context(settings)) if uses_tls(settings) else None
    if settings.sasl_mechanism == OAUTH:
        return OAuthCredentials(
            oauth_cb=AsyncTokens(make_token_source(settings)), ssl_context=make_tls_context(settings)
        )
    assert settings.sasl_password_file is not None
    # Faust hands the password on as it is
    password: Any = PasswordFile(settings.sasl_password_file)
    return SASLCredentials(
        username=settings.sasl_username,
        password=password,
        ssl_context=make_tls_context(settings),
        mechanism=settings.sasl_mechanism,
    )


def describe_access(settings: Settings) -> str:
    """How the cluster is entered, in a line for people: no secret, and no path of one."""
    words: list[str] = [settings.security_protocol]
    if uses_tls(settings):
        words.append("own certificate" if settings.ssl_certificate_file else "without an own certificate")
    if authenticated(settings):
        who = "" if settings.sasl_mechanism == OAUTH else f" as {settings.sasl_username}"
        words.append(f"{settings.sasl_mechanism}{who}")
    return ", ".join(words)
