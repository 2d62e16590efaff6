"""Texts in English and Korean, side by side: a table of words cannot have one without the other.

A table is a class of `Words` whose texts are named, or a mapping by code (`by_language`) for words of codes that come
from elsewhere. `{}` places in a text are filled by name, with `str.format`.
"""

from collections.abc import Mapping
from typing import Generic, Literal, TypeVar

Language = Literal["en", "ko"]
LANGUAGES: tuple[Language, Language] = ("en", "ko")

Text = TypeVar("Text", str, dict[str, str])


class Words:
    """A table of words in one language; its class holds them in both."""

    def __init__(self, language: Language) -> None:
        self.language = language


class Both(Generic[Text]):
    """A text of a table of words, or its texts by code; read from a table it is in that table's language."""

    def __init__(self, english: Text, korean: Text) -> None:
        self.texts: dict[Language, Text] = {"en": english, "ko": korean}

    def __get__(self, words: Words, _: type[Words]) -> Text:
        return self.texts[words.language]


def split_by_language(pairs: Mapping[str, tuple[str, str]]) -> dict[Language, dict[str, str]]:
    """The texts of both languages by code, taken apart: `{"out": ("to", "수취인")}` -> `{"en": {"out": "to"}, ...}`."""
    return {lang: {code: pair[place] for code, pair in pairs.items()} for place, lang in enumerate(LANGUAGES)}


def both_of(pairs: Mapping[str, tuple[str, str]]) -> Both[dict[str, str]]:
    """Texts by code as a text of a table of words."""
    return Both(*split_by_language(pairs).values())
