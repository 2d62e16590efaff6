"""docker-compose.yml against the Compose specification and against what fxwatch promises. No engine runs here."""

import copy
import json
import re
import shlex
import tomllib
from importlib import metadata
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from streams.cli import command
from streams.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
FXWATCH = ("topics", "ingest", "monitor", "shared")
# Found as a file: check_jsonschema 0.38.1 cannot be imported beside faust-streaming, which allows click below 8.4 only.
SCHEMA_FILE = metadata.distribution("check-jsonschema").locate_file(
    "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
)
SCHEMA = json.loads(Path(str(SCHEMA_FILE)).read_text())


def violations(document):
    validator = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def test_follows_the_compose_specification():
    """The file is valid under the Compose specification's own JSON Schema, merges resolved."""
    assert violations(COMPOSE) == []


def test_the_specification_check_can_fail():
    """A misspelt key is found, so that a schema that accepts everything would be noticed."""
    wrong = copy.deepcopy(COMPOSE)
    wrong["services"]["monitor"]["heathcheck"] = {}
    assert any("heathcheck" in violation for violation in violations(wrong))


def test_has_the_services_that_are_promised():
    """Kafka 4.3.1, topic job, workers, Prometheus, Alertmanager and Grafana, every image with an exact version."""
    assert SERVICES.keys() == {
        "kafka",
        "topics",
        "ingest",
        "monitor",
        "shared",
        "prometheus",
        "alertmanager",
        "grafana",
    }
    assert SERVICES["kafka"]["image"] == "apache/kafka:4.3.1"
    for name, service in SERVICES.items():
        if name not in FXWATCH:
            assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"]), name


def test_nothing_is_published_beyond_loopback():
    """Every published port names 127.0.0.1; workers publish none."""
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name}: {port}"
    assert not any("ports" in SERVICES[name] for name in FXWATCH)


@pytest.mark.parametrize("name", FXWATCH)
def test_fxwatch_containers_are_locked_down(name):
    """Our containers share one image, have a read-only root, no capabilities, and cannot gain privileges."""
    service = SERVICES[name]
    assert service["image"] == SERVICES["monitor"]["image"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged", False)


def test_image_runs_as_an_unprivileged_user_from_the_hashed_lock():
    """The last user is not root, requirements come with hashes, and every file needed is sent to the engine."""
    lines = (ROOT / "deploy" / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1].split(":")[0] not in {"root", "0"}
    installs = [line for line in lines if re.search(r"pip .*install", line)]
    assert any("--require-hashes -r /src/requirements.lock" in line for line in installs)
    assert all("--require-hashes" in line or "--no-deps /src/fxwatch-*.whl" in line for line in installs)
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = {"pyproject.toml", "setup.py", "LICENSE", "streams", "detectors", *project["tool"]["fxwatch"]["shipped"]}
    assert [name for name in needed if not any(Path(name).match(pattern) for pattern in allowed)] == []
    assert "fxwatch-*.whl" in allowed
    assert [pattern for pattern in allowed if pattern != "fxwatch-*.whl" and not list(ROOT.glob(pattern))] == []


@pytest.mark.parametrize("name", FXWATCH)
def test_commands_exist(name):
    """Each container's command is one that the command line really has, options included."""
    arguments = SERVICES[name]["command"]
    done = CliRunner().invoke(command, [*arguments, "--help"])
    assert done.exit_code == 0, done.output
    for option in (argument for argument in arguments if argument.startswith("--")):
        assert option in done.output


@pytest.mark.parametrize("name", FXWATCH)
def test_environment_names_are_settings(name):
    """Every FXWATCH_ variable is a setting; a worker refuses to start with one it does not know."""
    known = {f"FXWATCH_{field.upper()}" for field in Settings.model_fields} | {"FXWATCH_CONFIG"}
    assert set(SERVICES[name]["environment"]) <= known
    assert SERVICES[name]["environment"]["FXWATCH_BOOTSTRAP"] == "kafka:19092"


def test_workers_wait_for_the_topics_and_the_topics_for_kafka():
    """The topic job starts when Kafka is healthy, the workers when the job succeeded."""
    assert SERVICES["topics"]["depends_on"]["kafka"]["condition"] == "service_healthy"
    assert "healthcheck" in SERVICES["kafka"]
    for name in ("ingest", "monitor", "shared"):
        assert SERVICES[name]["depends_on"]["topics"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("name", ["ingest", "monitor", "shared"])
def test_workers_are_asked_for_their_health_on_their_own_port(name):
    """The health check asks /healthz on the port of --web-port, which the container exposes to the network only."""
    service = SERVICES[name]
    port = service["command"][service["command"].index("--web-port") + 1]
    assert f"http://127.0.0.1:{port}/healthz" in " ".join(service["healthcheck"]["test"])
    assert service["expose"] == [port]
    # an escape the shell would mangle, or a syntax error, would only show on the first machine with an engine
    assert compile(service["healthcheck"]["test"][-1], "healthcheck", "exec")
    assert shlex.join(service["healthcheck"]["test"])


def test_a_worker_has_longer_to_stop_than_its_own_deadline():
    """Docker's kill comes after the worker's own hard deadline, so that a snapshot being saved is not cut off."""
    deadline = Settings.model_fields["shutdown_seconds"].default
    assert int(SERVICES["monitor"]["stop_grace_period"].removesuffix("s")) > deadline


def test_only_ingest_gets_the_keys_and_only_as_a_secret():
    """The pseudonym keys reach ingest through a secret file; no environment variable holds key material."""
    assert SERVICES["ingest"]["secrets"] == ["pseudonym_keys"]
    assert SERVICES["ingest"]["environment"]["FXWATCH_KEY_FILE"] == "/run/secrets/pseudonym_keys"
    assert not any("secrets" in service for name, service in SERVICES.items() if name != "ingest")
    assert "file" in COMPOSE["secrets"]["pseudonym_keys"]


def test_mounted_files_exist():
    """Every directory that compose mounts from the repository is there."""
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).is_dir(), source
                assert volume.endswith(":ro"), volume
            else:
                assert source in COMPOSE["volumes"]


SECURED = yaml.safe_load((ROOT / "deploy" / "compose" / "secured.yml").read_text())


def test_the_secured_overlay_follows_the_specification():
    """TLS, SASL and access control, over the services of the first file and one that grants."""
    assert violations(SECURED) == []
    assert set(SECURED["services"]) - set(SERVICES) == {"acls"}


@pytest.mark.parametrize("name", ["acls", *FXWATCH])
def test_each_service_of_the_overlay_enters_as_itself(name):
    """Every variable is a setting; the password is a secret's file that this service alone is given."""
    service = SECURED["services"][name]
    values = service["environment"]
    assert set(values) <= {f"FXWATCH_{field.upper()}" for field in Settings.model_fields}
    assert values["FXWATCH_SECURITY_PROTOCOL"] == "SASL_SSL"
    files = {value for variable, value in values.items() if variable.endswith("_FILE")}
    assert files == {f"/run/secrets/{secret}" for secret in service["secrets"]}
    others = [one for other, one in SECURED["services"].items() if other not in (name, "kafka")]
    own = set(service["secrets"]) - {"ca"}
    assert own
    assert not any(own & set(one["secrets"]) for one in others)
    assert set(service["secrets"]) <= set(SECURED["secrets"])


def test_the_secured_broker_lets_nobody_in_by_default():
    """An authorizer, no rights without an entry, and no listener beyond loopback without TLS and SASL."""
    script = SECURED["services"]["kafka"]["entrypoint"][-1]
    assert "org.apache.kafka.metadata.authorizer.StandardAuthorizer" in script
    assert "allow.everyone.if.no.acl.found=false" in script
    assert "'listeners=SECURE://:19093,CONTROLLER://localhost:9094'" in script
    assert "SECURE:SASL_SSL" in script
    users = re.findall(r"FXWATCH_SASL_USERNAME': '([a-z-]+)'", str(SECURED))
    assert {name.removeprefix("fxwatch-") for name in users} == {"admin", "operator", "ingest", "monitor", "shared"}
