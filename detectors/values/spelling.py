"""Texts that people take for one are one: what cannot be seen or means nothing is taken away (docs/IDENTIFIERS.md).

The door reads every identifier so. The core asks again where a name is kept as it was written: a ledger tells an
officer's as the sender spelled it.
"""

import re
import unicodedata

# Unicode's Default_Ignorable_Code_Point (zero width, direction marks, fillers, variation selectors, tags), the
# interlinear marks, and three letters that fonts draw as nothing (a Braille cell without dots, an empty note head, a
# Khitan filler): nothing of them is seen on paper or on a screen.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u2800\U00016fe4\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Word processors write these for the hyphen of a keyboard: hyphens, dashes, the minus sign.
_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212")


def plain(text: str) -> str:
    """The text as NFKC, without what cannot be seen, white space trimmed and inner runs of it one blank each.

    Digits of every script are ASCII's, dashes the hyphen. Linear; 0.1 us for ASCII without blanks, 3 us otherwise.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)))
        text = _as_keyboards_write(text)
    return text if text.isascii() and " " not in text else " ".join(text.split())


def _as_keyboards_write(text: str) -> str:
    """The text with the hyphen for each dash, and its ASCII digit for each digit of another script.

    Unicode gives a digit its value. NFKC has made the width forms ASCII already. Each letter is asked once, however
    often it stands in the text: asking at each place cost up to 0.3 us a character.
    """
    for each in set(text):
        if each in _DASHES:
            text = text.replace(each, "-")
        elif each.isdecimal() and not each.isascii():
            text = text.replace(each, str(unicodedata.decimal(each)))
    return text


def folded(text: str) -> str:
    """A person's or feed's name for comparison, whatever its case and blanks. Linear; 0.2 us for ASCII, 3 us otherwise.

    Failure prevented: one officer whose tools write the name in capitals, or decompose its letters, is two.
    """
    return plain(text).casefold()
