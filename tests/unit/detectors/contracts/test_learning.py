"""A lesson as it stands in the ledger: its bytes today, and what a record without the later fields means."""

import msgspec

from detectors.contracts.learning import Lesson

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
