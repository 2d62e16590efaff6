"""Which tokens are one party's over a rotation of keys: by the records that carry both, and by nothing else."""

from typing import Any

import pytest

from streams.desk import party_history
from streams.desk.rotated_names import RotatedNames, read_rotated_names
from streams.errors import NotAuthorizedError
from streams.kafka import topics
from streams.settings import load_settings
from tests.support.desk_records import payment, record
from tests.support.read_topics import hold

FIRST, SECOND, THIRD = (f"{key}.0a3.{digit * 32}" for key, digit in (("k1", "a"), ("k2", "b"), ("k3", "c")))
STRANGER, STRANGER_BEFORE = "k2.0a3." + "d" * 32, "k1.0a3." + "e" * 32
ELSEWHERE = "k1.0a4." + "f" * 32


def both(token: str, former: str, offset: int = 7) -> Any:
    return record(payment(offset, party=token, previous={token: former}), offset)


def names(tokens: set[str], *records: Any) -> RotatedNames:
    made = RotatedNames(tokens)
    for one in records:
        made.take(one)
    return made


def test_a_record_with_both_tokens_makes_them_one():
    made = names({FIRST, SECOND}, both(SECOND, FIRST))
    assert made.of(FIRST) == made.of(SECOND)
    assert made.of(ELSEWHERE) == ELSEWHERE


def test_two_rotations_are_one_party_although_no_alert_named_the_middle_token():
    made = names({FIRST, THIRD}, both(SECOND, FIRST), both(THIRD, SECOND, 8))
    assert made.of(FIRST) == made.of(THIRD)


def test_names_that_are_known_to_be_one():
    made = RotatedNames.of_one({FIRST, SECOND})
    assert made.of(FIRST) == made.of(SECOND)
    assert made.of(ELSEWHERE) == ELSEWHERE
    assert RotatedNames.of_one(()).of(FIRST) == FIRST


def test_another_party_of_the_slot_stays_another():
    """Nothing is held of whom nobody asked for."""
    made = names({FIRST, SECOND}, both(STRANGER, STRANGER_BEFORE), both(SECOND, FIRST, 8))
    assert made.of(STRANGER) == STRANGER
    assert made._parent.keys() == {FIRST, SECOND}


def test_a_rotation_that_was_withdrawn_makes_no_circle():
    made = names({FIRST, SECOND}, both(SECOND, FIRST), both(FIRST, SECOND, 8), both(SECOND, FIRST, 9))
    assert made.of(FIRST) == made.of(SECOND)


@pytest.mark.parametrize("broken", ["no key", "no value", "damaged", "one token"])
def test_other_records_say_nothing(broken: str):
    told = both(SECOND, FIRST)
    one = {
        "no key": told._replace(key=None),
        "no value": told._replace(value=None),
        "damaged": told._replace(value=b'{"previous"'),
        "one token": record(payment(1, party=SECOND)),
    }[broken]
    made = names({FIRST, SECOND}, one)
    assert made.of(FIRST) != made.of(SECOND)


def read(monkeypatch: pytest.MonkeyPatch, tokens: set[str], *, denied: tuple[str, ...] = ()) -> RotatedNames:
    monkeypatch.setattr(party_history, "read_begun_partitions", lambda _: 12)
    place = topics.LEDGER, 0x0A3 % 12
    hold(monkeypatch, {place: [both(SECOND, FIRST)]}, {topics.LEDGER: 12}, denied)
    return read_rotated_names(load_settings(), tokens, lambda _seen, _total: None)


def test_the_ledger_is_read_only_where_a_slot_has_two_keys(monkeypatch: pytest.MonkeyPatch):
    """Who may not read it needs no right to it either, as long as no key was rotated."""
    made = read(monkeypatch, {FIRST, SECOND, ELSEWHERE})
    assert made.of(FIRST) == made.of(SECOND)
    apart = read(monkeypatch, {FIRST, ELSEWHERE, "k2.0a5." + "1" * 32, "no token"}, denied=(topics.LEDGER,))
    assert apart.of(FIRST) == FIRST
    with pytest.raises(NotAuthorizedError):
        read(monkeypatch, {FIRST, SECOND}, denied=(topics.LEDGER,))
