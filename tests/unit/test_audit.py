"""The audit log's chain of hashes."""

from datetime import UTC, datetime

import pytest

from streams import audit

WHEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def chain(count: int) -> list[tuple[int, bytes]]:
    values: list[tuple[int, bytes]] = []
    for number in range(count):
        last = values[-1][1] if values else None
        who = audit.Who("officer", 1000, "desk-1")
        # every other offset is a transaction marker
        values.append((2 * number, audit.chained(last, "reidentify", f"t{number}", "c", "r", who, WHEN, "opened")))
    return values


def test_an_untouched_chain_is_whole():
    """Records as they were written show no break."""
    assert list(audit.breaks(chain(5))) == []


@pytest.mark.parametrize("removed", [0, 1, 3])
def test_a_removed_record_breaks_the_chain(removed):
    """Removing any record but the last is seen at the one that followed it."""
    values = chain(5)
    del values[removed]
    told = list(audit.breaks(values))
    assert len(told) == 1
    assert told[0].startswith(f"offset {2 * removed + 2}:")


def test_a_changed_record_breaks_the_chain():
    """Changing a record's content is seen at the next one."""
    values = chain(3)
    values[1] = (values[1][0], values[1][1].replace(b"officer", b"0fficer"))
    assert [told.split(":")[0] for told in audit.breaks(values)] == ["offset 4"]


def test_what_is_no_record_is_told():
    """Foreign bytes in the log are named with their offset."""
    assert next(iter(audit.breaks([(0, b"x")]))).startswith("offset 0: not an audit record")


def test_the_account_is_the_system_s_not_the_environment_s(monkeypatch):
    """USER and LOGNAME can be set by anyone, so they are not asked."""
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("LOGNAME", "somebody")
    assert audit.account().user != "somebody"
