"""No Kafka client of the product is made outside the one place that knows how the cluster is entered.

Failure prevented: a client made with an address alone works on every test machine, and fails, or talks in clear, on a
cluster with TLS and SASL.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASYNC, BLOCKING = "aiokafka_access", "kafka_python_access"
ACCESS = {
    "AIOKafkaProducer": ASYNC,
    "AIOKafkaConsumer": ASYNC,
    "AIOKafkaClient": ASYNC,
    "AIOKafkaAdminClient": ASYNC,
    "create_conn": "aiokafka_connection",
    "KafkaProducer": BLOCKING,
    "KafkaConsumer": BLOCKING,
    "KafkaAdminClient": BLOCKING,
}
LIBRARIES = tuple(ACCESS)
# the product's own subclasses
ACCESS["AssignedConsumer"] = ASYNC
OWNER = "streams/kafka/security.py"
# Every argument by which a client could be led past the settings.
ARGUMENTS = (
    "bootstrap_servers",
    "security_protocol",
    "ssl_context",
    "sasl_mechanism",
    "sasl_plain_username",
    "sasl_plain_password",
    "sasl_oauth_token_provider",
    "broker_credentials",
)
# what a connection itself is made of
INSIDE = ("OAuthConversation",)


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def faults(source: str, path: str) -> tuple[list[str], int]:
    """(what is wrong with the clients made in `source`, how many are made)."""
    found, made = [], 0
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = name_of(call.func)
        given = {word.arg: word.value for word in call.keywords if word.arg is not None}
        if name in ACCESS:
            made += 1
            spread = [
                name_of(word.value.func)
                for word in call.keywords
                if word.arg is None and isinstance(word.value, ast.Call)
            ]
            if ACCESS[name] not in spread:
                found.append(f"{path}:{call.lineno}: {name} without **{ACCESS[name]}(settings)")
        elif name == "App":
            made += 1
            credentials = given.pop("broker_credentials", None)
            if not isinstance(credentials, ast.Call) or name_of(credentials.func) != "faust_credentials":
                found.append(
                    f"{path}:{call.lineno}: a Faust app without broker_credentials=faust_credentials(settings)"
                )
        past = sorted(set(given) & set(ARGUMENTS))
        if past and name not in INSIDE:
            found.append(f"{path}:{call.lineno}: {name} with {', '.join(past)} of its own")
    return found, made


def test_subclasses_are_known():
    """A class of the product's own that is a client is made as one."""
    own = {
        node.name: name_of(node.bases[0])
        for path in (ROOT / "streams").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and node.bases and name_of(node.bases[0]) in LIBRARIES
    }
    assert {name: ACCESS.get(name) for name in own} == {name: ACCESS[base] for name, base in own.items()}


def test_every_client_of_the_product_enters_by_the_settings():
    """Through the whole source; the number of clients found shows that the look finds them."""
    problems, made = [], 0
    for path in sorted((ROOT / "streams").rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if place != OWNER:
            found, count = faults(path.read_text(), place)
            problems += found
            made += count
    assert problems == []
    assert made >= 13


@pytest.mark.parametrize(
    "source",
    [
        "KafkaConsumer('fx.alerts.v1')",
        "KafkaConsumer(bootstrap_servers=settings.bootstrap_servers)",
        "aiokafka.AIOKafkaProducer(**aiokafka_access(settings), security_protocol='PLAINTEXT')",
        "KafkaAdminClient(**aiokafka_access(settings))",
        "faust.App('x', broker='kafka://b:1')",
        "faust.App('x', broker='kafka://b:1', broker_credentials=None)",
        "made_elsewhere(bootstrap_servers='b:1')",
    ],
)
def test_a_client_made_past_the_settings_is_found(source):
    """Each way past them."""
    assert faults(source, "x.py")[0] != []


@pytest.mark.parametrize(
    "source",
    [
        "KafkaConsumer(**kafka_python_access(settings), group_id=None)",
        "AIOKafkaConsumer('t', **security.aiokafka_access(settings))",
        "faust.App('x', broker='kafka://b:1', broker_credentials=faust_credentials(settings))",
    ],
)
def test_the_right_way_is_not(source):
    """The honest case."""
    assert faults(source, "x.py") == ([], 1)
