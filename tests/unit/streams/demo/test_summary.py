"""The demo's closing sum: each record sent is one of the parts, and the parts add up."""

import re

import msgspec
import pytest

from streams.demo.run import WorkerFigures, _add, sum_up
from streams.demo.summary import Account, account, tell_summary
from streams.kafka.topics.table import DECLARATIONS, PROFILES, RATES, TRANSACTIONS

# Of a demo of 2 500 records (seed 1), as its two workers' pages said.
READ = {TRANSACTIONS: 1276, RATES: 632, DECLARATIONS: 381, PROFILES: 211}
REJECTED = {TRANSACTIONS: 11, RATES: 5, DECLARATIONS: 4, PROFILES: 4}


def found(**changed):
    given = {"scored": 1163, "duplicates": 5, "conflicts": 1} | changed
    return account(2500, READ, REJECTED, **given)


def test_the_parts_add_up_to_what_was_sent():
    """Each is counted once: a refused rate is no rate."""
    assert found() == Account(
        scored=1163,
        further=96,
        duplicates=5,
        conflicts=1,
        declarations=377,
        rates=627,
        profiles=207,
        rejected=24,
        elsewhere=0,
    )
    assert sum(msgspec.structs.astuple(found())) == 2500


@pytest.mark.parametrize(
    ("changed", "elsewhere"), [({"scored": 1400}, -141), ({"duplicates": 0}, 0), ({"conflicts": 300}, -203)]
)
def test_what_the_workers_counted_twice_is_said(changed, elsewhere):
    """A partition that is replayed is counted again: more payments than were read are not hidden in another part."""
    one = found(**changed)
    assert one.elsewhere == elsewhere
    assert sum(msgspec.structs.astuple(one)) == 2500


def test_records_that_nobody_read_are_elsewhere():
    """Of 2 600 sent."""
    assert account(2600, READ, REJECTED, scored=1163, duplicates=5, conflicts=1).elsewhere == 100


def figures() -> WorkerFigures:
    """What the pages said, line by line."""
    found = WorkerFigures()
    for topic, count in READ.items():
        _add(found, "fxwatch_records_read_total", {"topic": topic}, count)
    for topic, count in REJECTED.items():
        _add(found, "fxwatch_dead_letters_total", {"topic": topic, "code": "value.missing"}, count)
    _add(found, "fxwatch_dead_letters_total", {"topic": TRANSACTIONS, "code": "event.conflict"}, 1)
    _add(found, "fxwatch_detector_score_count", {"detector": "half_space_trees"}, 1163)
    _add(found, "fxwatch_detector_score_count", {"detector": "robust_z"}, 1163)
    for outcome, count in (("duplicate", 5), ("conflict", 1), ("applied", 9379)):
        _add(found, "fxwatch_events_total", {"agent": "monitor", "outcome": outcome}, count)
    return found


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_summary_reads_as_a_sum(lang):
    """The lines that begin with = and + add up to the first; none is wrapped; Korean has no English sentence."""
    closing = sum_up(2500, 8.0, figures(), [], {"T01": (3, 4)}, [])
    assert closing["rejected"] == 24
    lines = tell_summary(closing, 1000, lang)
    parts = [int(line[4:13].replace(",", "")) for line in lines if line[2] in "=+"]
    assert len(parts) == 8
    assert int(lines[0][:13].replace(",", "")) == sum(parts) == 2500
    assert all("\n" not in line for line in lines)
    assert any("1,000" in line for line in lines)
    if lang == "ko":
        words = re.sub(r"`[^`]*`|fx\.deadletter\.v1|README\.md|T01", "", " ".join(lines))
        assert re.findall("[A-Za-z]+", words) == []
