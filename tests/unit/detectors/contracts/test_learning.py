"""What partitions tell one another, as it stands in the ledger: its bytes today, and what may not stand there."""

import msgspec
import pytest

from detectors.contracts.learning import Learning, Lesson, ScoreCounts

COUNTS = ScoreCounts(segments={"person.out": (2, 5, 9, 1)}, detectors="f00d")

LEAST = (
    b'{"type":"lesson","lesson":"00112233445566778899aabbccddeeff","alert_id":"a0000000000000000000000000000001",'
    b'"case_id":"c1","officer":7,"lead":"T01","segment":"person.out","confirmed":true,"decided_us":1767571200000000,'
    b'"detectors":"f00d"}'
)


def test_the_bytes_of_a_lesson_are_read_again_and_written_as_they_were() -> None:
    lesson = msgspec.json.decode(LEAST, type=Lesson)

    assert lesson.confirmed is True
    assert (lesson.inputs, lesson.selected, lesson.takes_back) == ({}, 1.0, ())
    assert msgspec.json.encode(lesson) == LEAST


def test_a_record_that_only_takes_back_says_so_by_null() -> None:
    taken = msgspec.json.decode(LEAST.replace(b'"confirmed":true', b'"confirmed":null'), type=Lesson)

    assert taken.confirmed is None


def test_a_record_of_the_road_says_who_tells_its_number_and_what() -> None:
    told = Learning(partition=3, number=7, told=COUNTS)

    written = msgspec.json.encode(told)

    assert written == (
        b'{"type":"learning","partition":3,"number":7,"told":{"type":"score_counts",'
        b'"segments":{"person.out":[2,5,9,1]},"detectors":"f00d"}}'
    )
    assert msgspec.json.decode(written, type=Learning) == told


def test_a_lesson_comes_back_as_a_lesson() -> None:
    told = Learning(partition=0, number=1, told=msgspec.json.decode(LEAST, type=Lesson))

    assert msgspec.json.decode(msgspec.json.encode(told), type=Learning) == told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"partition": -1}, {}),
        ({"partition": 2**31}, {}),
        ({"number": 0}, {}),
        ({"number": 2**63}, {}),
        ({"type": "rate"}, {}),
        ({}, {"type": "gossip"}),
        ({}, {"detectors": ""}),
        ({}, {"segments": {"": [1, 1]}}),
        ({}, {"segments": {"person.out": [-1, 1]}}),
        ({}, {"segments": {"person.out": [1, 2**40 + 1]}}),
    ],
)
def test_what_no_partition_can_tell_is_refused(changed: dict[str, object], told: dict[str, object]) -> None:
    good = msgspec.to_builtins(Learning(partition=3, number=7, told=COUNTS))

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(good | changed | {"told": good["told"] | told}, Learning)
