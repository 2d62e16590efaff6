"""The demo's directory: gone afterwards, kept where asked for, and a killed demo's removed by the next one."""

import fcntl
import os
import shutil
import tempfile

import pytest

from streams.demo.broker import directory as broker_directory
from streams.demo.place import BROKER, DemoDirectory, measure_size, remove_leftovers


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A directory for temporary files that only this test has."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def filled() -> DemoDirectory:
    """A place with a log, and 100 kB of a broker's data."""
    place = DemoDirectory()
    (place.directory / "worker-1.log").write_text("ready\n")
    broker = place.directory / BROKER
    broker.mkdir()
    (broker / "data").write_bytes(os.urandom(100_000))
    return place


def killed() -> DemoDirectory:
    """A place whose demo is there no more: nobody holds its lock."""
    place = filled()
    os.close(place._lock)
    return place


def interrupt(*_):
    """Ctrl-C while a directory is removed."""
    raise KeyboardInterrupt


def test_nothing_is_left_of_a_demo(temporary):
    """And it says how much that was."""
    place = filled()
    assert 100_000 < measure_size(place.directory) < 200_000
    assert 100_000 < place.remove() < 200_000
    assert list(temporary.iterdir()) == []


def test_what_is_kept_stays_when_the_next_demo_begins(temporary):
    """It is not taken for a leftover."""
    place = filled()
    assert 100_000 < place.keep() < 200_000
    assert remove_leftovers() == []
    assert (place.directory / BROKER / "data").exists()
    assert list(temporary.iterdir()) == [place.directory]


def test_a_killed_demos_directory_is_removed(temporary):
    """Each of them, with its size."""
    places = [killed(), killed()]
    removed = remove_leftovers()
    assert [path for path, _ in removed] == sorted(place.directory for place in places)
    assert all(100_000 < taken < 200_000 for _, taken in removed)
    assert list(temporary.iterdir()) == []


def test_a_running_demos_directory_is_left_alone():
    """As long as it holds its lock."""
    place = filled()
    assert remove_leftovers() == []
    place.remove()


def test_a_broker_that_outlives_its_demo_keeps_its_directory():
    """It ends some seconds after a demo that was killed; the demo after the next removes it."""
    place = killed()
    held = os.open(place.directory / BROKER / broker_directory.LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    assert remove_leftovers() == []
    os.close(held)
    assert [path for path, _ in remove_leftovers()] == [place.directory]


def test_other_directories_and_links_are_left_alone(temporary):
    """Of an earlier release's demo, which meant to leave it, and a link that somebody made to something else."""
    (temporary / "fxwatch-demo-old").mkdir()
    target = temporary / "mine"
    target.mkdir()
    (target / "demo.lock").touch()
    (temporary / "fxwatch-demo-link").symlink_to(target)
    assert remove_leftovers() == []
    assert (target / "demo.lock").exists()


def test_a_removal_that_was_interrupted_is_gone_on_with(temporary, monkeypatch):
    """The lock's file goes last: without it nobody would know the directory for a demo's."""
    place = filled()
    with monkeypatch.context() as interrupted:
        interrupted.setattr(shutil, "rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            place.remove()
    os.close(place._lock)
    assert [path for path, _ in remove_leftovers()] == [place.directory]
    assert list(temporary.iterdir()) == []
