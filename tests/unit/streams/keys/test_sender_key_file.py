"""The file of senders' public keys: what it means, and every fault of it at once."""

import json

import pytest
from click.testing import CliRunner
from nacl.signing import SigningKey

from streams.cli.doctor import command as doctor
from streams.cli.doctor import sender_keys as checked
from streams.contracts.inputs import DISPOSITIONS, RATES, RULES, TRANSACTIONS
from streams.errors import ConfigurationError
from streams.keys.sender_key_file import PROVABLE, load_sender_keys, read_sender_keys
from streams.settings import load_settings
from tests.support.signing import BANK, OFFICE, OTHER

A, B, C = (bytes(key.verify_key).hex() for key in (BANK, OTHER, OFFICE))
GOOD = f"""
require = ["fx.rates.v1"]

[[key]]
institutions = ["BANKKRSEXXX", "shbkkrse", "BANKKRSE"]
public_key = "{A}"
until = 2027-06-30T00:00:00+09:00

[[key]]
institutions = ["BANKKRSE"]
officers = ["Kim  Min-su"]
feeds = ["ECB "]
topics = ["fx.rates.v1"]
public_key = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
"""


@pytest.fixture
def file(tmp_path):
    """A file of public keys."""
    path = tmp_path / "senders.toml"
    path.write_text(GOOD.replace("MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", B))
    path.chmod(0o644)
    return path


def problems(text):
    return read_sender_keys(text)[2]


def test_a_file_says_who_is_proven_by_which_key():
    """Names in the spelling in which records are compared; both forms of a key; topics that require a proof."""
    keys, required, found = read_sender_keys(GOOD.replace(A, B))
    assert found == []
    assert required == [RATES]
    first, second = keys
    assert first[:5] == (bytes(OTHER.verify_key), ("BANKKRSE", "SHBKKRSE"), (), (), ())
    assert first.until.isoformat() == "2027-06-30T00:00:00+09:00"
    assert second == (bytes(BANK.verify_key), ("BANKKRSE",), ("kim min-su",), ("ecb",), (RATES,), None)


@pytest.mark.parametrize(("told", "topics"), [("true", list(PROVABLE)), ("false", []), ("[]", [])])
def test_require_is_all_or_none_or_a_list(told, topics):
    """True is every input topic but the configurations'."""
    assert read_sender_keys(f'require = {told}\n[[key]]\nofficers = ["a"]\npublic_key = "{A}"')[1:] == (topics, [])
    assert RULES not in PROVABLE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("require = true", "key: expected at least one table [[key]]"),
        ("", "key: expected at least one table [[key]]"),
        ("key = 5", "key: expected at least one table [[key]]"),
        ("key = [5]", "[[key]] 1: expected a table"),
        ("[[key", "not TOML: "),
        ("[[keys]]", "keys: no such setting; expected: require, [[key]]"),
        ('require = "all"', "require: expected true, false, or a list of these: fx.transactions.v1, "),
        ('require = ["fx.rules.v1"]', "require: expected true, false, or a list of these: "),
        ("[[key]]", "[[key]] 1: proves nobody; expected: institutions, officers, feeds, topics"),
        ("[[key]]", "[[key]] 1 public_key: expected an Ed25519 public key: "),
        ("[[key]]\npublic_key = 5", "[[key]] 1 public_key: expected an Ed25519 public key: "),
        ('[[key]]\npublic_key = "abc"', "[[key]] 1 public_key: expected an Ed25519 public key: "),
        (f'[[key]]\npublic_key = "{"00" * 32}"', "[[key]] 1 public_key: expected an Ed25519 public key: "),
        (f'[[key]]\npublic_key = "01{"00" * 31}"', "[[key]] 1 public_key: expected an Ed25519 public key: "),
        (
            '[[key]]\npublic_key = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"',
            "[[key]] 1 public_key: this is a private key, which nobody but its sender may have: make a new pair",
        ),
        ('[[key]]\ninstitutions = "A"', "[[key]] 1 institutions: expected a list of texts"),
        ("[[key]]\nofficers = [5]", "[[key]] 1 officers: expected a list of texts"),
        ('[[key]]\ninstitutions = ["NONREF"]', "[[key]] 1 institutions 'NONREF': expected an institution's code"),
        (f'[[key]]\ninstitutions = ["{"A" * 33}"]', "expected 1 to 32 characters"),
        ('[[key]]\ninstitutions = [""]', "[[key]] 1 institutions '': expected 1 to 32 characters"),
        ('[[key]]\nofficers = [" "]', "[[key]] 1 officers ' ': expected a name"),
        (f'[[key]]\nfeeds = ["{"F" * 33}"]', "expected 1 to 32 characters"),
        ('[[key]]\ntopics = ["fx.rules.v1"]', "[[key]] 1 topics 'fx.rules.v1': expected one of these: fx.transactions"),
        ("[[key]]\nuntil = 2027-06-30", "[[key]] 1 until: expected a date and time with an offset"),
        ("[[key]]\nuntil = 2027-06-30T00:00:00", "[[key]] 1 until: expected a date and time with an offset"),
        ('[[key]]\nvalid_until = "x"', "[[key]] 1 valid_until: no such field; expected: public_key, institutions, "),
        (f'[[key]]\nofficers=["a"]\npublic_key="{A}"\n' * 2, "officers 'a': has one key twice"),
    ],
)
def test_each_fault_is_told_with_its_place(text, told):
    """What was expected there, and never the key itself."""
    found = problems(text)
    assert [problem for problem in found if told in problem] != [], found
    assert "MC4" not in " ".join(found)


def test_all_faults_are_told_at_once():
    """Of every table and field."""
    text = """colour = 1
require = 3
[[key]]
institutions = ["NOTPROVIDED"]
public_key = "x"
until = 2027-06-30
[[key]]
owner = "me"
"""
    assert len(problems(text)) == 8


def test_a_name_may_not_have_more_keys_than_are_tried():
    """Eight: each is tried on a forger's record."""
    public = [bytes(SigningKey(bytes([number]) * 32).verify_key).hex() for number in range(9)]
    tables = [f'[[key]]\ninstitutions = ["BANKKRSE"]\npublic_key = "{key}"\n' for key in public]
    assert problems("".join(tables[:8])) == []
    assert problems("".join(tables)) == ["institutions 'BANKKRSE': has 9 keys; expected: at most 8"]


def test_a_file_that_others_can_change_is_refused(file):
    """Whoever puts a key into it writes in anybody's name."""
    assert len(load_sender_keys(file).keys) == 2
    file.chmod(0o666)
    with pytest.raises(ConfigurationError, match="cannot be used") as caught:
        load_sender_keys(file)
    assert "can be changed by others" in caught.value.message


def test_the_settings_tell_the_files_faults_with_their_own(file, monkeypatch):
    """At once, with a fault of another setting."""
    file.write_text("require = 3")
    monkeypatch.setenv("FXWATCH_SENDER_KEYS_FILE", str(file))
    monkeypatch.setenv("FXWATCH_SASL_USERNAME", "me")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    told = caught.value.message
    assert f"FXWATCH_SENDER_KEYS_FILE, {file}: require: expected true, false" in told
    assert f"FXWATCH_SENDER_KEYS_FILE, {file}: key: expected at least one table" in told
    assert "FXWATCH_SASL_USERNAME: set, and" in told


def test_doctor_says_whose_records_must_be_signed(file, monkeypatch):
    """Nothing configured is no fault; a sender that can send nothing is one."""
    assert (checked(load_settings()).ok, checked(load_settings()).needed) == (False, False)
    monkeypatch.setenv("FXWATCH_SENDER_KEYS_FILE", str(file))
    told = checked(load_settings())
    assert told.ok
    signed = "BANKKRSE, SHBKKRSE; officers: 1; feed ecb; all of fx.rates.v1"
    assert f"keys: 2; signed records of: {signed}; fingerprint " in told.found
    file.write_text(f'[[key]]\ninstitutions=["BANKKRSE"]\npublic_key="{C}"\nuntil=2020-01-01T00:00:00Z')
    told = checked(load_settings())
    assert (told.ok, told.needed) == (False, True)
    assert told.found.endswith("; no valid key: BANKKRSE")


def test_doctor_names_the_files_faults(file, monkeypatch):
    """Under the configuration, all of them."""
    file.write_text("[[key]]\n")
    monkeypatch.setenv("FXWATCH_SENDER_KEYS_FILE", str(file))
    done = CliRunner().invoke(doctor, ["--json"])
    [told] = [check for check in json.loads(done.output)["checks"] if check["name"] == "configuration"]
    assert not told["ok"]
    assert "proves nobody" in told["found"]
    assert "public_key: expected" in told["found"]


def test_the_names_of_topics_are_the_contracts():
    """Payments and verdicts have named senders; the others have topics' keys."""
    assert {TRANSACTIONS, DISPOSITIONS} < set(PROVABLE)
