"""Duplicates and conflicts are told on either side of a key rotation, whichever worker wrote which record."""

import itertools

import pytest

from detectors.books.fingerprints import Fingerprints, Known
from detectors.memory.state import PartitionState
from streams.keys.pseudonyms import Key, Keys
from tests.support.ledger import Ledger, configuration, digest16, later

K1, K2, K3 = (Key(f"k{number}", bytes([number]) * 32) for number in (1, 2, 3))
OLD, OVERLAP, ENDED, NEXT = Keys(K1, K1), Keys(K2, K1, K1), Keys(K2, K1), Keys(K3, K1, K2)


def send(book: Ledger, keys: Keys, event: str = "e", amount: str = "100") -> str:
    """What becomes of an event of a sender, written under these keys."""
    told = keys.fingerprints("t", "BANKA", "P-1", event, amount.encode())
    fields = {"former": None} | told
    return book.pay(event, later(), amount, **fields).outcome


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (OLD, OLD),
        (OLD, OVERLAP),
        (OVERLAP, OLD),
        (OVERLAP, OVERLAP),
        (OVERLAP, ENDED),
        (ENDED, OVERLAP),
        (ENDED, NEXT),
        (OVERLAP, NEXT),
        (NEXT, OVERLAP),
        (NEXT, ENDED),
    ],
)
def test_an_event_sent_again_is_told(first, again):
    """The same body is a duplicate, another one a conflict, another event is new."""
    for snapshot in (False, True):
        book = Ledger()
        assert send(book, first) == "applied"
        if snapshot:
            book.state = PartitionState.thaw(list(book.state.freeze().sections()))
        assert send(book, again) == "duplicate"
        assert send(book, again, amount="101") == "conflict"
        assert send(book, again, event="other") == "applied"
        assert send(book, first) == "duplicate"
        assert book.state.counters["applied"] == 3  # with the configuration


def test_without_an_overlap_nothing_joins_the_two_keys():
    """Which is why the overlap must last as long as the window: this is what ends with it."""
    book = Ledger()
    assert send(book, OLD) == "applied"
    assert send(book, ENDED) == "applied"


def test_the_window_holds_as_many_events_in_an_overlap():
    """Former fingerprints take no event's place, and go with their event."""
    size = 5
    for keys in (OLD, OVERLAP):
        book = Ledger(configuration(engine={"fingerprints": size}))
        for number in range(2 * size):
            assert send(book, keys, f"e{number}") == "applied"
        for number in range(size, 2 * size):
            assert send(book, OLD, f"e{number}") == "duplicate"
        window = book.state.fingerprints["transaction"]
        assert len(window) == len(window._entries) == size
        assert len(window._formers) == len(window._former_of) == (size if keys is OVERLAP else 0)
        assert send(book, OLD, "e0") == "applied"


def test_a_snapshot_keeps_them_and_is_the_same_whenever_it_is_cut():
    """Loaded anywhere, the rest comes to the same bytes; without a rotation nothing is added to a snapshot."""
    whole, cut = Ledger(), Ledger()
    for number, keys in enumerate(itertools.islice(itertools.cycle((OLD, OVERLAP)), 20)):
        for book in (whole, cut):
            send(book, keys, f"e{number}")
        if number % 7 == 0:
            cut.state = PartitionState.thaw(list(cut.state.freeze().sections()))
    cut.state.code_version = whole.state.code_version
    assert whole.state.freeze().digest() == cut.state.freeze().digest()
    plain = Ledger()
    send(plain, OLD)
    assert not any(name.startswith("formers/") for name, _ in plain.state.freeze().sections())


def test_a_copy_is_cut_loose():
    """What is added after a snapshot began is not in it."""
    window = Fingerprints(10)
    window.add(b"a" * 16, Known(b"b" * 16, 0, 0, 0), (b"c" * 16, b"d" * 16))
    copy = window.copied()
    window.add(b"e" * 16, Known(b"f" * 16, 0, 0, 1), (b"g" * 16, b"h" * 16))
    assert copy.find(b"g" * 16) is None
    assert copy.find(b"c" * 16) == Known(b"d" * 16, 0, 0, 0)
    assert len(b"".join(copy.formers_to_state())) == 48


@pytest.mark.parametrize("formers", [b"x" * 47, b"x" * 48])
def test_damaged_formers_are_told(formers):
    """Half an entry, and one without its event."""
    window = Fingerprints(10)
    window.add(bytes.fromhex(digest16("a")), Known(b"b" * 16, 0, 0, 0))
    with pytest.raises(ValueError, match="fingerprints are damaged"):
        Fingerprints.from_state(10, b"".join(window.to_state()), window.senders_to_state(), formers)
