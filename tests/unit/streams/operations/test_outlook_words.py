"""The outlook in sentences: each says one thing, in both languages, and none promises too much."""

import pytest

from detectors.ranking.outlook import Learned, outlook
from streams.operations.outlook_words import WORDS, advice, sentences
from tests.support.ledger import configuration

SHIPPED = configuration().detectors
CHANCE = (
    "By chance alone, 0.24 statistical alerts a day are to be expected of ordinary payments: 0.12 by rank, 0.12 by lot."
)


def told(a_day: float, each: int = 0, lang: str = "en", **change: float) -> str:
    detectors = configuration(detectors=change).detectors if change else SHIPPED
    learned = Learned(partitions=dict.fromkeys(range(12), each), everyone=12 * each)
    return "\n".join(sentences(outlook(detectors, 12, a_day, learned), lang))


def test_sixty_payments_a_day_on_the_first_day():
    """Word for word as a newcomer reads it."""
    assert told(60).splitlines() == [
        "Rules alert from the first payment on. They wait for nothing.",
        "60 payments a day over 12 partitions, 5.0 in each.",
        "0 of 12 partitions rank payments. The others have learned too little: 0 of 30 payments in the slowest.",
        "All of them rank in some 6 days.",
        "A rank is taken among 0 payments. Counting alone tells shares down to 1 in 1.",
        "A payment alerts by its rank where it is the rarest of 500.",
        "Ranks are coarse: beyond what was counted they rest on a fitted tail. Counting alone suffices in some 9 days.",
        CHANCE,
    ]


@pytest.mark.parametrize(
    ("a_day", "each", "says"),
    [
        (60, 450, "Ranks are fine enough for that by counting alone."),
        (3_000, 250, "All 12 partitions rank payments."),
        (3_000, 250, "2.0 statistical alerts a day are to be expected of ordinary payments: 1.0 by rank, 1.0"),
        (1_000_000, 10_000, "at most 120,000 payments are counted, and "),
        (0, 0, "No payment in the last days"),
    ],
)
def test_what_each_volume_is_told(a_day, each, says):
    """At 60, 3 000 and a million a day, and at none."""
    assert says in told(a_day, each)


def test_a_ceiling_that_nothing_reaches_is_said():
    """Not a rank of one in infinity."""
    assert "No payment can alert by its rank" in told(60, 450, most_by_chance=0.0)


@pytest.mark.parametrize("a_day", [0, 60, 3_000, 1_000_000])
@pytest.mark.parametrize("each", [0, 40, 10_000])
def test_korean_says_as_much(a_day, each):
    """As many sentences with the same figures, and no English word."""
    english, korean = told(a_day, each).splitlines(), told(a_day, each, "ko").splitlines()
    assert len(english) == len(korean)
    assert all(any("가" <= letter <= "힣" for letter in line) for line in korean)


def test_every_advice_has_words():
    """In both languages."""
    assert set(WORDS["en"].advice) == set(WORDS["ko"].advice)
    found = outlook(SHIPPED, 12, 60, Learned(partitions={}, everyone=0))
    assert len(advice(found)) == len(advice(found, "ko")) == 4
    assert advice(found)[0].startswith("load the past")
