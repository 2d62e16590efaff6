"""Anchors outside the topic tell a cut tail and a full rewrite, which leave a chain that is whole."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from streams.access import audit_anchors, audit_log
from streams.cli import reidentify
from streams.errors import KeyFileError
from streams.kafka import topic_reader
from streams.settings import Settings
from tests.unit.streams.access.test_audit_log import WHEN, chain


def anchored(values, path):
    """A file with an anchor of each record."""
    for offset, value in values:
        audit_anchors.add_anchor(path, offset, audit_log.digest(value))
    return audit_anchors.read_anchors(path)


def told(values, anchors):
    """What is wrong, chain and anchors."""
    return [*audit_log.find_breaks(values), *audit_anchors.find_missing(values, anchors)]


def test_a_log_that_only_grew_holds_all_that_was_anchored(tmp_path):
    """Each record, and those after the last anchor."""
    values = chain(5)
    assert told(values, anchored(values[:3], tmp_path / "a")) == []
    assert told(values, []) == []


@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_cut_tail_is_told(tmp_path, left):
    """The chain of what is left is whole: only the anchors know."""
    values = chain(4)
    cut = values[:left]
    assert list(audit_log.find_breaks(cut)) == []
    faults = told(cut, anchored(values, tmp_path / "a"))
    assert len(faults) == 4 - left
    assert all("its end was cut off" in fault for fault in faults)


def test_a_full_rewrite_is_told(tmp_path):
    """A log written anew, without one decision, with the same number of records and a whole chain."""
    values = chain(4)
    anchors = anchored(values, tmp_path / "a")
    rewritten: list[tuple[int, bytes]] = []
    for number in range(6):
        last = rewritten[-1][1] if rewritten else None
        who = audit_log.Who("officer", 1000, "desk-1")
        made = audit_log.chained(last, "reidentify", f"other {number}", "c", "r", who, WHEN, "opened")
        rewritten.append((2 * number, made))
    assert list(audit_log.find_breaks(rewritten)) == []
    faults = told(rewritten, anchors)
    assert len(faults) == 4
    assert all("another record stands there" in fault for fault in faults)
    shifted = [(offset + 1, value) for offset, value in rewritten]
    assert all("there is no record" in fault for fault in told(shifted, anchors))


def test_an_anchor_file_that_proves_nothing_is_refused(tmp_path):
    """One that others can change, and one with a damaged line."""
    path = tmp_path / "a"
    anchored(chain(2), path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o666)
    with pytest.raises(KeyFileError, match="can be changed by others"):
        audit_anchors.read_anchors(path)
    path.chmod(0o600)
    with path.open("a") as file:
        file.write('{"offset": 1}\n')
    with pytest.raises(audit_anchors.AnchorError, match="line 3"):
        audit_anchors.read_anchors(path)
    with pytest.raises(audit_anchors.AnchorError, match="cannot be anchored"):
        audit_anchors.add_anchor(tmp_path / "none" / "a", 1, "")


@pytest.fixture
def world(monkeypatch, tmp_path):
    """`reidentify` over a log in memory; `opened` says whether an identity was."""
    state = SimpleNamespace(log=chain(3), opened=False, path=tmp_path / "a", fails=False)
    monkeypatch.setattr(reidentify, "load_settings", lambda: Settings(audit_anchor_file=state.path))
    monkeypatch.setattr(reidentify, "_log", lambda _settings: state.log)
    monkeypatch.setattr(topic_reader, "count_partitions_of", lambda *_: {})

    def opened(*_):
        state.opened = True
        return SimpleNamespace(identifier="9001011234567", name_space="party"), SimpleNamespace(
            first_seen=WHEN, key_id=""
        )

    def write(_settings, kind, token, case, reason, outcome):
        value = audit_log.chained(state.log[-1][1], kind, token, case, reason, audit_log.read_account(), WHEN, outcome)
        state.log = [*state.log, (state.log[-1][0] + 2, value)]
        return audit_log.AuditReceipt("fx.audit.v1", 0, state.log[-1][0], audit_log.digest(value))

    monkeypatch.setattr(reidentify, "_opened", opened)
    monkeypatch.setattr(audit_log, "write", write)
    return state


def ask(*more):
    return CliRunner().invoke(reidentify.command, ["token", "--case", "c", "--reason", "r", "--key-file", "k", *more])


def test_each_opening_is_anchored_and_the_next_looks_at_all_of_them(world):
    """Opened twice; then the end is cut, and nothing is opened any more."""
    for count in (1, 2):
        assert ask().stdout == "9001011234567\n"
        assert len(audit_anchors.read_anchors(world.path)) == count
    world.log, world.opened = world.log[:-1], False
    done = ask()
    assert isinstance(done.exception, reidentify.BrokenChainError)
    assert "its end was cut off" in done.exception.message
    assert not world.opened
    assert "9001011234567" not in done.output


def test_what_cannot_be_anchored_is_not_shown(world):
    """The record is in the log, the identity stays closed."""
    world.path = world.path / "none" / "a"
    done = ask()
    assert isinstance(done.exception, audit_anchors.AnchorError)
    assert "9001011234567" not in done.output
    assert len(world.log) == 4


def test_a_check_adds_the_head_so_that_an_auditor_can_keep_his_own(world):
    """Once a head; a broken log adds nothing."""
    for _ in range(2):
        done = CliRunner().invoke(reidentify.command, ["--check-audit", "--json"])
        assert json.loads(done.stdout)["whole"]
        assert json.loads(done.stdout)["head"]["offset"] == 4
    assert [anchor.offset for anchor in audit_anchors.read_anchors(world.path)] == [4]
    world.log = world.log[:2]
    done = CliRunner().invoke(reidentify.command, ["--check-audit", "--json"])
    assert not json.loads(done.stdout)["whole"]
    assert isinstance(done.exception, reidentify.BrokenChainError)
    assert len(audit_anchors.read_anchors(world.path)) == 1


def test_without_an_anchor_file_it_is_said(world):
    """On standard error, and the identity is shown."""
    world.path = None
    done = ask()
    assert done.stdout == "9001011234567\n"
    assert "FXWATCH_AUDIT_ANCHOR_FILE is not set" in done.stderr
