"""The security settings: every fault at once, and no secret in anything that is shown."""

import io
import logging
import os

import pytest

from streams.cli.doctor import configuration
from streams.errors import ConfigurationError
from streams.kafka import security
from streams.settings import Settings, load_settings
from tests.support.certificates import Authority, secret_file

PASSWORD = "hunter2-is-no-password"


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "certificates")


def problems(monkeypatch, **values):
    """The problems that `load_settings` names for these variables."""
    for name in [name for name in os.environ if name.startswith("FXWATCH_")]:
        monkeypatch.delenv(name)
    for name, value in values.items():
        monkeypatch.setenv(f"FXWATCH_{name.upper()}", str(value))
    try:
        load_settings()
    except ConfigurationError as fault:
        return fault.problems
    return []


def test_nothing_set_is_a_plain_connection(monkeypatch):
    """What every earlier installation has."""
    assert problems(monkeypatch) == []
    assert security.aiokafka_access(load_settings()) == {
        "bootstrap_servers": ["127.0.0.1:9092"],
        "security_protocol": "PLAINTEXT",
    }
    assert security.faust_credentials(load_settings()) is None


def test_every_fault_is_named_at_once(monkeypatch, tmp_path, authority):
    """A certificate without its key, a mechanism without a user, a password file that others can read."""
    open_to_all = secret_file(tmp_path / "password", PASSWORD)
    open_to_all.chmod(0o644)
    found = problems(
        monkeypatch,
        security_protocol="SASL_SSL",
        ssl_ca_file=tmp_path / "absent.pem",
        ssl_certificate_file=authority.issue("me").certificate,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_password_file=open_to_all,
        oauth_token_file=open_to_all,
    )
    told = "\n".join(found)
    assert "FXWATCH_SSL_KEY_FILE: not set" in told
    assert "FXWATCH_SASL_USERNAME: not set" in told
    assert "FXWATCH_OAUTH_TOKEN_FILE: set, and SCRAM-SHA-512 knows no tokens" in told
    assert "FXWATCH_SSL_CA_FILE: cannot read the certificate authorities file" in told
    assert "FXWATCH_SASL_PASSWORD_FILE: the SASL password file can be read or changed by others" in told
    assert PASSWORD not in told


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"security_protocol": "ssl"}, "security_protocol"),
        ({"sasl_mechanism": "PLAIN"}, "FXWATCH_SASL_MECHANISM: set, and FXWATCH_SECURITY_PROTOCOL is PLAINTEXT"),
        ({"security_protocol": "SASL_SSL"}, "FXWATCH_SASL_MECHANISM: not set"),
        ({"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN"}, "FXWATCH_SASL_PASSWORD_FILE: not set"),
        ({"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER"}, "0 of them set"),
        (
            {
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": "OAUTHBEARER",
                "oauth_token_command": "x",
                "sasl_username": "u",
            },
            "FXWATCH_SASL_USERNAME: set, and OAUTHBEARER knows no user",
        ),
        ({"bootstrap": "SSL://b:1"}, "the addresses say SSL://, the security protocol is PLAINTEXT"),
        ({"sasl_password": PASSWORD}, "no such setting"),
        # who confuses file and password
        (
            {
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": "PLAIN",
                "sasl_username": "u",
                "sasl_password_file": PASSWORD,
            },
            "it may be the secret itself",
        ),
        ({"oauth_token_command": ""}, "FXWATCH_OAUTH_TOKEN_COMMAND"),
    ],
)
def test_one_fault(monkeypatch, values, expected):
    """Each combination that cannot work, with where to mend it; never what may be a secret."""
    told = "\n".join(problems(monkeypatch, **values))
    assert expected.casefold() in told.casefold()
    assert PASSWORD not in told


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"ssl_certificate_file": "a.crt", "ssl_key_file": "b.key"}, "cannot be used together"),
        ({"ssl_ca_file": "a.key"}, "certificate authorities cannot be used"),
        ({"ssl_certificate_file": "locked.crt", "ssl_key_file": "locked.key"}, "encrypted and no password"),
    ],
)
def test_files_that_are_something_else(monkeypatch, authority, names, expected):
    """A key of another certificate, a key as authority, an encrypted key: OpenSSL must not ask at the terminal."""
    authority.issue("a")
    authority.issue("b")
    authority.issue("locked", password=PASSWORD.encode())
    chosen = {name: authority.directory / file for name, file in names.items()}
    (authority.directory / "a.key").chmod(0o600)
    assert expected in "\n".join(problems(monkeypatch, security_protocol="SSL", **chosen))


def test_a_key_with_a_password(monkeypatch, authority, tmp_path):
    """The honest case."""
    pair = authority.issue("locked", password=PASSWORD.encode())
    password = secret_file(tmp_path / "key-password", PASSWORD + "\n")
    assert (
        problems(
            monkeypatch,
            security_protocol="SSL",
            ssl_ca_file=authority.certificate,
            ssl_certificate_file=pair.certificate,
            ssl_key_file=pair.key,
            ssl_key_password_file=password,
        )
        == []
    )


def test_a_secret_in_clear_is_warned_of(monkeypatch, tmp_path, caplog):
    """SASL_PLAINTEXT with PLAIN is allowed, on a network that somebody else guards."""
    password = secret_file(tmp_path / "password", PASSWORD)
    assert (
        problems(
            monkeypatch,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="PLAIN",
            sasl_username="u",
            sasl_password_file=password,
        )
        == []
    )
    assert "goes over the network in clear" in caplog.text


def test_no_secret_is_shown(monkeypatch, tmp_path, authority):
    """Scans what is shown of settings and of every client's arguments: `repr`, `str`, formatting, logs, `doctor`."""
    password = secret_file(tmp_path / "password", PASSWORD + "\n")
    assert (
        problems(
            monkeypatch,
            security_protocol="SASL_SSL",
            ssl_ca_file=authority.certificate,
            sasl_username="me",
            sasl_mechanism="SCRAM-SHA-256",
            sasl_password_file=password,
        )
        == []
    )
    settings = load_settings()
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    logging.getLogger().addHandler(handler)
    arguments = [security.aiokafka_access(settings), security.kafka_python_access(settings)]
    for one in arguments:
        logging.getLogger().error("starting with %s %r", one, one)
    logging.getLogger().error("%s", arguments[1]["sasl_plain_password"])
    logging.getLogger().removeHandler(handler)
    shown = [
        logged.getvalue(),
        repr(settings),
        str(settings),
        repr(security.faust_credentials(settings)),
        repr(vars(security.faust_credentials(settings))),
        f"{arguments[1]['sasl_plain_password']:>40}",
        repr(configuration()),
        security.describe_access(settings),
    ]
    assert PASSWORD not in "".join(shown)
    # and yet it is what the clients send
    assert "\0".join(["me", arguments[1]["sasl_plain_password"]]).endswith(f"\0{PASSWORD}")
    assert arguments[0]["sasl_plain_password"].read().encode() == PASSWORD.encode()


def test_what_a_token_command_is_given_is_not_shown(monkeypatch):
    """Its words may hold a secret."""
    command = f"get-token --secret {PASSWORD}"
    assert (
        problems(monkeypatch, security_protocol="SASL_SSL", sasl_mechanism="OAUTHBEARER", oauth_token_command=command)
        == []
    )
    assert PASSWORD not in repr(load_settings()) + security.describe_access(load_settings())


def test_a_changed_password_is_used(tmp_path):
    """Read for each connection: rotation needs no restart."""
    path = secret_file(tmp_path / "password", "old")
    settings = Settings.model_construct(
        security_protocol="SASL_SSL", sasl_mechanism="PLAIN", sasl_username="u", sasl_password_file=path
    )
    given = security.aiokafka_access(settings)["sasl_plain_password"]
    path.write_text("new\n")
    assert given.read().encode() == b"new"
