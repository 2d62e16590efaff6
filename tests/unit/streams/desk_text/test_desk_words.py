"""The desk's words: each text in both languages, with the same places, and Korean that is Korean."""

import re
import typing
from pathlib import Path

import pytest

from detectors.contracts import events
from streams.alert_text.labels import LABELS as ALERT_LABELS
from streams.cli import alerts
from streams.contracts.identifiers import NOTES as DOORS_NOTES
from streams.desk_text.desk_words import DESK_WORDS
from streams.desk_text.error_words import why
from streams.desk_text.proof_words import PROOF_WORDS
from streams.desk_text.record_words import KINDS, LABELS, NOTES, VALUES
from streams.plain_text.languages import Both, Words
from streams.proofs import evidence
from tests.support.korean import foreign_words

EVENTS = (
    events.Transaction,
    events.Declaration,
    events.Rate,
    events.Profile,
    events.Disposition,
    events.ConfigurationChange,
)


TABLES = {
    "desk": DESK_WORDS,
    "kinds": KINDS,
    "labels": LABELS,
    "values": VALUES,
    "notes": NOTES,
    "proof": PROOF_WORDS,
    "alert": ALERT_LABELS,
}


def texts(table):
    """Every text of a table with the place it stands at."""
    names = [name for name, text in vars(type(table)).items() if isinstance(text, Both)]
    plain = {name: getattr(table, name) for name in names} if isinstance(table, Words) else table
    for name, content in plain.items():
        if isinstance(content, dict):
            yield from ((f"{name}.{place}", text) for place, text in texts(content))
        else:
            yield name, content


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_both_languages_say_everything(table):
    """No text is missing or empty in either, and both fill the same places."""
    english, korean = dict(texts(table["en"])), dict(texts(table["ko"]))
    assert len(english) >= 5
    assert english.keys() == korean.keys()
    assert all(english.values())
    assert all(korean.values())
    for name, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", korean[name])), name


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_korean_is_korean(table):
    """No Latin word but units, topics and commands to type."""
    assert {name: foreign_words(text) for name, text in texts(table["ko"]) if foreign_words(text)} == {}


def test_every_word_is_asked_for():
    """A text that nobody shows any more is translated for nobody."""
    source = "".join(path.read_text() for path in sorted(Path(evidence.__file__).parents[1].rglob("*.py")))
    asked = set(re.findall(r"(?:words|labels|(?:WORDS|LABELS)\[[\w.]+\])\.(\w+)", source))
    for table in (DESK_WORDS, PROOF_WORDS, ALERT_LABELS):
        assert {name.partition(".")[0] for name, _ in texts(table["en"])} <= asked


def test_the_check_for_korean_finds_english():
    """So that the tests above can fail."""
    assert foreign_words("원장 record 11:576") == ["record"]
    assert foreign_words("k1.eaf.eaf8efa0c6f7cfd37222b41329c38212 (VN) 4,858.80 USD, BKGGKRSE, T01, 약 3 bp") == []


def test_no_text_finds_anybody_guilty():
    """An alert is a recommendation to look: 탐지 and 의심, never 적발 or 위험 금액."""
    told = " ".join(text for table in TABLES.values() for _, text in texts(table["ko"]))
    assert not [word for word in ("적발", "위험 금액", "위반자", "범죄", "유죄") if word in told]


@pytest.mark.parametrize("kind", EVENTS, ids=[each.__name__ for each in EVENTS])
def test_every_field_and_code_of_an_event_has_words(kind):
    """A field that is added to the ledger cannot be shown without a name in both languages."""
    tag = str(kind.__struct_config__.tag)
    for lang in ("en", "ko"):
        assert tag in KINDS[lang]
        for name, hint in typing.get_type_hints(kind).items():
            assert name in LABELS[lang], name
            for code in codes(hint):
                assert code in VALUES[lang][name], (name, code)


def codes(hint):
    """The values of a Literal, within a union too."""
    if typing.get_origin(hint) is typing.Literal:
        return list(typing.get_args(hint))
    return [code for part in typing.get_args(hint) for code in codes(part)]


def test_every_note_of_the_door_has_words():
    """What ingest says it did to a field."""
    assert {*DOORS_NOTES, "withheld"} == set(NOTES["en"])


def test_why_a_record_is_not_proven():
    """Every cause that evidence.py gives itself has its Korean; another's words stay."""
    source = Path(evidence.__file__).read_text()
    causes = re.findall(r'_UnprovenError\("\w+", "(.+?)"\)', source)
    assert len(causes) == 6
    assert [foreign_words(why(cause, "ko").replace("--original", "")) for cause in causes] == [[]] * 6
    assert why("the key k2 is not in the key file", "ko") == "키 파일에 k2 키가 없습니다"
    assert why("the key k2 is not in the key file", "en") == "the key k2 is not in the key file"
    assert why("crc", "ko") == "crc"


class _Reader:
    """A reader whose broker is silent for a while, then back."""

    def follow(self, *, from_beginning, silent):
        assert not from_beginning
        for answers in (False, True):
            silent(answers)
        yield "partition", ["record"]


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            [
                "waiting for new alerts (Ctrl-C ends)",
                "the broker does not answer; waiting for it",
                "the broker answers again",
            ],
        ),
        (
            "ko",
            [
                "새 경보를 기다리는 중(Ctrl-C로 종료)",
                "브로커가 응답하지 않아 기다리는 중입니다",
                "브로커가 다시 응답합니다",
            ],
        ),
    ],
)
def test_who_follows_is_told_that_the_broker_is_silent(lang, said, capsys):
    """And that it is back; the records go on."""
    assert list(alerts._records(_Reader(), DESK_WORDS[lang], from_beginning=False)) == ["record"]
    assert capsys.readouterr().err.splitlines() == said
