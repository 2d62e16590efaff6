"""Korean particles after words that are known only when the sentence is made: names, codes, numbers.

A particle's form follows the last sound of the word before it. Digits and Latin letters are read by their Korean names,
as one reads codes (`B` is "bi", `7` is "chil"). Fails on a Latin name that is read as a word and ends in another sound
than its last letter's name; whoever reads it understands the sentence all the same.
"""

import re

# What stands in brackets or quotation marks at the end is passed over: the particle goes with the word before it.
_ASIDE = re.compile(r"""(?:\([^()]*\)|["'\s])+$""")
_FIRST, _LAST, _FINALS, _RIEUL = 0xAC00, 0xD7A3, 28, 8
# Names that end in the consonant rieul (il, chil, pal, el, al), in another consonant (yeong, sam, yuk, em, en), or in
# a vowel. A whole number that ends in 0 is read ten, hundred, thousand and so on: all end in other consonants.
_SOUNDS = dict.fromkeys("178lr", _RIEUL) | dict.fromkeys("036mn", 1) | dict.fromkeys("2459abcdefghijkopqstuvwxyz%", 0)


def _final(word: str) -> int | None:
    """The final consonant of the last sound: 0 for none, 8 for rieul; None where the sound is not known."""
    last = (_ASIDE.sub("", word) or word)[-1:].lower()
    if last and _FIRST <= ord(last) <= _LAST:
        return (ord(last) - _FIRST) % _FINALS
    return _SOUNDS.get(last)


def particle(word: str, after_consonant: str, after_vowel: str) -> str:
    """`word` with the particle that fits, such as `particle(name, "은", "는")`; both forms where the sound is unknown.

    After rieul `으로` is `로`. Cost: 1 us for a name of 32 letters.
    """
    final = _final(word)
    if final is None:
        return f"{word}{after_consonant}({after_vowel})"
    closed = final != 0 and not (final == _RIEUL and after_consonant == "으로")
    return word + (after_consonant if closed else after_vowel)
