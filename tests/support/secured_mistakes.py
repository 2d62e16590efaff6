"""Mistakes in how a secured cluster is entered, and the words by which each must be told."""

from typing import Any, NamedTuple

from tests.support.certificates import secret_file
from tests.support.secured import EXPIRED, MUTUAL, OTHER_NAME, PLAIN, SASL_PLAIN, unsigned_token
from tests.support.secured_site import Site


class Mistake(NamedTuple):
    """Who connects how, and the words by which it must be told."""

    role: str
    overrides: dict[str, Any]
    words: tuple[str, ...]


def mistakes(site: Site, name: str) -> Mistake:
    """The mistake of a name on this site."""
    cluster, ssl = site.cluster, {"security_protocol": "SSL"}
    no_login = {"sasl_mechanism": None, "sasl_username": None, "sasl_password_file": None}
    plain = {**no_login, "security_protocol": "PLAINTEXT", "ssl_ca_file": None}
    old, strange = cluster.authority.issue("fxwatch-monitor", days=(-3, -1)), cluster.stranger.issue("fxwatch-monitor")
    token = unsigned_token("fxwatch-monitor", 600)
    mutual = {**ssl, **no_login, "bootstrap": cluster.address(MUTUAL)}
    return {
        "wrong password": Mistake(
            "monitor",
            {"sasl_password_file": secret_file(site.directory / "wrong", "nonsense")},
            ("does not accept the user fxwatch-monitor", "SASL_PASSWORD_FILE"),
        ),
        "unknown user": Mistake("monitor", {"sasl_username": "nobody"}, ("does not accept the user nobody",)),
        "ended token": Mistake(
            "monitor",
            {
                **no_login,
                "sasl_mechanism": "OAUTHBEARER",
                "oauth_token_file": secret_file(site.directory / "token", unsigned_token("x", -5)),
            },
            ("has ended",),
        ),
        "no token of ours": Mistake(
            "monitor",
            {
                **no_login,
                "sasl_mechanism": "OAUTHBEARER",
                "oauth_token_file": secret_file(site.directory / "token2", token[:-9]),
            },
            ("does not accept this client's token",),
        ),
        "expired certificate": Mistake(
            "monitor",
            {**ssl, **no_login, "bootstrap": cluster.address(EXPIRED)},
            ("the broker's certificate has expired",),
        ),
        "certificate of another name": Mistake(
            "monitor",
            {**ssl, **no_login, "bootstrap": cluster.address(OTHER_NAME)},
            ("is for another name", "127.0.0.1"),
        ),
        "unknown authority": Mistake(
            "monitor",
            {"ssl_ca_file": cluster.stranger.certificate},
            ("authority that is not trusted", "FXWATCH_SSL_CA_FILE"),
        ),
        "no certificate of ours": Mistake(
            "monitor",
            {**ssl, **no_login, "bootstrap": cluster.address(MUTUAL)},
            ("does not accept this client's certificate",),
        ),
        "our certificate expired": Mistake(
            "monitor",
            {**mutual, "ssl_certificate_file": old.certificate, "ssl_key_file": old.key},
            ("does not accept this client's certificate",),
        ),
        "our certificate of a stranger": Mistake(
            "monitor",
            {**mutual, "ssl_certificate_file": strange.certificate, "ssl_key_file": strange.key},
            ("does not accept this client's certificate",),
        ),
        "plain text to TLS": Mistake("monitor", plain, ("the broker's port speaks TLS",)),
        "TLS to plain text": Mistake(
            "monitor", {"bootstrap": cluster.address(PLAIN)}, ("ended the connection at once",)
        ),
        "no log-in": Mistake(
            "monitor",
            {**plain, "bootstrap": cluster.address(SASL_PLAIN)},
            ("ended the connection at the first request", "SASL_PLAINTEXT"),
        ),
    }[name]


MISTAKES = (
    "wrong password",
    "unknown user",
    "ended token",
    "no token of ours",
    "expired certificate",
    "certificate of another name",
    "unknown authority",
    "no certificate of ours",
    "our certificate expired",
    "our certificate of a stranger",
    "plain text to TLS",
    "TLS to plain text",
    "no log-in",
)
