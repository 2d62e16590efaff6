"""A secured cluster under test: certificates, users, and the settings of each of them."""

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from streams.demo.broker import EmbeddedBroker
from streams.demo.broker.ports import find_free_ports
from streams.demo.broker.secured import Listener, Secured
from streams.kafka import topics
from streams.settings import Settings, load_settings
from tests.support.certificates import Authority, secret_file

MUTUAL, EXPIRED, OTHER_NAME, PLAIN, SASL_PLAIN = "MUTUAL", "EXPIRED", "OTHERNAME", "PLAIN", "SASLPLAIN"


class SecuredCluster:
    """One broker with a listener for each kind of mistake, and files for whoever connects."""

    def __init__(self, directory: Path) -> None:
        self.directory, self._writing = directory, threading.Lock()
        self.authority = Authority(directory / "certificates")
        self.stranger = Authority(directory / "strangers")
        server = self.authority.issue("broker")
        ports = find_free_ports(5)
        self.ports = dict(zip((MUTUAL, EXPIRED, OTHER_NAME, PLAIN, SASL_PLAIN), ports, strict=True))
        expired = self.authority.issue("expired", days=(-3, -1)).both
        elsewhere = self.authority.issue("elsewhere", hosts=("kafka.example",)).both
        others = (
            Listener(name=MUTUAL, port=self.ports[MUTUAL], protocol="SSL", mutual=True),
            Listener(name=EXPIRED, port=self.ports[EXPIRED], protocol="SSL", identity=expired),
            Listener(name=OTHER_NAME, port=self.ports[OTHER_NAME], protocol="SSL", identity=elsewhere),
            Listener(name=PLAIN, port=self.ports[PLAIN], protocol="PLAINTEXT"),
            Listener(name=SASL_PLAIN, port=self.ports[SASL_PLAIN], protocol="SASL_PLAINTEXT"),
        )
        self.passwords = {"admin": "the-admins-own"}
        users = {"admin": self.password_file("admin")}
        self.broker = EmbeddedBroker(
            directory / "kafka",
            heap_megabytes=512,
            # a session ends after this, as with tokens: the client must log in again, or make a new connection
            properties={"connections.max.reauth.ms": "20000"},
            secured=Secured(authority=self.authority.certificate, identity=server.both, users=users, others=others),
        )

    def password_file(self, user: str) -> Path:
        """The file with a user's password. Written once: who reads it meanwhile would find it empty."""
        path = self.directory / "passwords" / user
        with self._writing:
            return path if path.exists() else secret_file(path, self.passwords[user] + "\n")

    def address(self, listener: str | None = None) -> str:
        """host:port of a listener, None: the main one."""
        return self.broker.bootstrap if listener is None else f"127.0.0.1:{self.ports[listener]}"

    def admin(self, **overrides: Any) -> Settings:
        """The administrator's settings."""
        assert self.broker.secured is not None
        return load_settings(bootstrap=self.broker.bootstrap, **(self.broker.secured.access | overrides))

    def user(self, name: str, mechanism: str = "SCRAM-SHA-512", **overrides: Any) -> dict[str, Any]:
        """Settings of a user over the main listener, as fields of `Settings`."""
        return {
            "bootstrap": self.broker.bootstrap,
            "security_protocol": "SASL_SSL",
            "ssl_ca_file": self.authority.certificate,
            "sasl_mechanism": mechanism,
            "sasl_username": name,
            "sasl_password_file": self.password_file(name),
        } | overrides

    def add_users(self, *names: str) -> None:
        """Users of both SCRAM mechanisms, with passwords of their own."""
        self.passwords |= {name: f"secret-of-{name}" for name in names}
        with topics.connect(self.admin()) as admin:
            for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
                told = admin.alter_user_scram_credentials(
                    [UserScramCredentialUpsertion(name, mechanism, self.passwords[name]) for name in names]
                )
                assert not any(told.values()), told
            while any(told["error"] for told in admin.describe_user_scram_credentials(list(names)).values()):
                time.sleep(0.1)  # the broker hears of it from the controller


def environment(fields: Mapping[str, Any]) -> dict[str, str]:
    """Fields of `Settings` as environment variables; those without a value are left out."""
    return {f"FXWATCH_{name.upper()}": str(value) for name, value in fields.items() if value is not None}


def unsigned_token(subject: str, seconds: float) -> str:
    """A JSON Web Token without a signature, which ends in `seconds`; Kafka's test validator takes it."""

    def part(value: Mapping[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    now = time.time()
    return f"{part({'alg': 'none'})}.{part({'sub': subject, 'iat': now, 'exp': now + seconds})}."


@contextmanager
def secured_cluster(directory: Path) -> Iterator[SecuredCluster]:
    """The cluster, running."""
    cluster = SecuredCluster(directory)
    with cluster.broker:
        yield cluster
