"""The scan that proves the absence of identifiers can find them: in every form, anywhere, among many."""

import base64
import json

import pytest

from tests.support.identifier_scan import SHORTEST, Scanner

NEEDLES = ["KR-P-01299709", "김민수 +82-10-1234", "dev-1a2b3c4d", *(f"CN-{number:09}" for number in range(20_000))]


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    """Some identifiers among twenty thousand."""
    return Scanner(NEEDLES)


@pytest.mark.parametrize("needle", NEEDLES[:3])
@pytest.mark.parametrize("before", range(9))
def test_every_form_is_found_wherever_it_stands(scanner: Scanner, needle: str, before: int) -> None:
    """UTF-8, JSON escapes, base64 at any alignment, hex, a bytes repr, inside other bytes."""
    pad, raw = b"x" * before, needle.encode()
    written = [
        raw,
        json.dumps({"a": needle}).encode(),
        base64.b64encode(pad + raw + b"yz"),
        raw.hex().encode(),
        base64.urlsafe_b64encode(pad + raw),
        raw.hex().upper().encode(),
        repr(raw).encode(),
    ]
    for content in written:
        hits = scanner.scan([("clean", b"nothing here"), ("log", pad + content + b"\n"), ("after", b"")])
        assert (needle, "log") in {(hit.needle, hit.place) for hit in hits}, content


def test_nothing_is_found_where_nothing_is(scanner: Scanner) -> None:
    """Near misses, parts of identifiers and places that only together hold one."""
    places = [("near", b"KR-P-01299708 CN-00000 dev-1a2b3c4e"), ("part", b"KR-P-012"), ("rest", b"99709")]
    assert scanner.scan(places) == []
    assert scanner.scan([]) == []
    assert scanner.scan([("short", b"abc")]) == []


def test_short_needles_are_listed_not_lost() -> None:
    """What would be found by chance is not looked for, and the caller is told."""
    scanner = Scanner(["1234567", "12345678"])
    assert scanner.left_out == ["1234567"]
    assert (scanner.needles, SHORTEST) == (1, 8)


def test_a_needle_at_the_very_end_is_found(scanner: Scanner) -> None:
    """The last bytes of the last place count too, over many blobs."""
    filler = [(f"record {number}", bytes([number % 251]) * 100_003) for number in range(100)]
    assert [hit.place for hit in scanner.scan([*filler, ("last", b"dev-1a2b3c4d")])] == ["last"]
