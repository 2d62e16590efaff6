"""An embedded broker with TLS, SASL and Kafka's own authorizer, for tests: what `server.properties` needs for it.

Its main listener takes every mechanism over TLS. Others may stand beside it, with certificates and protocols of their
own, so that one broker shows what each kind of mistake meets. Everything on the loopback interface, one node.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from streams.kafka_access.secrets import PasswordFile

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
_PACKAGE = "org.apache.kafka.common.security"
MAIN, CONTROLLER = "SECURE", "CONTROLLER"

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """A further listener. `identity`: a PEM file of its own key and certificate; `mutual`: clients must have one too.

    `advertised` is the host that clients are sent on to.
    """

    name: str
    port: int
    protocol: Protocol
    identity: Path | None = None
    mutual: bool = False
    advertised: str = "127.0.0.1"


class Secured(msgspec.Struct, frozen=True, kw_only=True):
    """How a broker is secured. `authority` and `identity` are PEM files, the latter with key and certificate.

    `users` are those of PLAIN, by the file of their password; `administrator` is one of them, allowed everything, and
    the broker itself. All others are allowed what the access control lists say, which begin empty. Users of SCRAM are
    made through the broker; OAUTHBEARER takes unsigned tokens (never in production).
    """

    authority: Path
    identity: Path
    users: Mapping[str, Path]
    administrator: str = "admin"
    others: tuple[Listener, ...] = ()

    @property
    def access(self) -> dict[str, Any]:
        """Fields of `Settings` by which the administrator enters."""
        return {
            "security_protocol": "SASL_SSL",
            "ssl_ca_file": self.authority,
            "sasl_mechanism": "PLAIN",
            "sasl_username": self.administrator,
            "sasl_password_file": self.users[self.administrator],
        }

    def properties(self, port: int, controller_port: int) -> dict[str, str]:
        """What `server.properties` says; the file then holds passwords."""
        own = [
            Listener(name=MAIN, port=port, protocol="SASL_SSL"),
            Listener(name=CONTROLLER, port=controller_port, protocol="SASL_SSL"),
            *self.others,
        ]
        found = {
            "listeners": ",".join(f"{one.name}://127.0.0.1:{one.port}" for one in own),
            "advertised.listeners": ",".join(
                f"{one.name}://{one.advertised}:{one.port}" for one in own if one.name != CONTROLLER
            ),
            "listener.security.protocol.map": ",".join(f"{one.name}:{one.protocol}" for one in own),
            "inter.broker.listener.name": MAIN,
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.identity),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority),
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{self.administrator}",
            "allow.everyone.if.no.acl.found": "false",
        }
        for one in own:
            found |= self._of_listener(one)
        return found

    def _of_listener(self, one: Listener) -> dict[str, str]:
        place = f"listener.name.{one.name.lower()}"
        found: dict[str, str] = {}
        if one.identity is not None:
            found |= {f"{place}.ssl.keystore.type": "PEM", f"{place}.ssl.keystore.location": str(one.identity)}
        if one.mutual:
            found[f"{place}.ssl.client.auth"] = "required"
        if not one.protocol.startswith("SASL"):
            return found
        mechanisms = ("PLAIN",) if one.name == CONTROLLER else MECHANISMS
        found[f"{place}.sasl.enabled.mechanisms"] = ",".join(mechanisms)
        for mechanism in mechanisms:
            found[f"{place}.{mechanism.lower()}.sasl.jaas.config"] = self._module(mechanism)
        return found

    def _module(self, mechanism: str) -> str:
        """The JAAS line: who the broker itself is, and whom it takes."""
        if mechanism.startswith("SCRAM"):
            return f"{_PACKAGE}.scram.ScramLoginModule required;"
        if mechanism == "OAUTHBEARER":
            return (
                f"{_PACKAGE}.oauthbearer.OAuthBearerLoginModule required "
                f'unsecuredLoginStringClaim_sub="{self.administrator}";'
            )
        passwords = {name: str.__str__(PasswordFile(path).read()) for name, path in self.users.items()}
        known = " ".join(f'user_{name}="{password}"' for name, password in passwords.items())
        own = passwords[self.administrator]
        return f'{_PACKAGE}.plain.PlainLoginModule required username="{self.administrator}" password="{own}" {known};'
