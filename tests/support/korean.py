"""Which words of a Korean text are not Korean: Latin letters beyond tokens, ids, codes, units and commands."""

import re

# longest first: what is taken out leaves no rest that looks like a word
_ALLOWED = re.compile(
    r"""
    fxwatch(\ [a-z]+)+                          # a command to type
    | --[a-z-]+                                 # and its options
    | \{[a-z]+\}                                # a place that a table of words leaves to be filled
    | (fx|customs)\.[a-z]+\.v1                  # topics
    | [a-z0-9]{1,16}\.[0-9a-f]{3}\.[0-9a-f]{32} # tokens
    | [a-z0-9]{1,16}:[0-9a-f]{16,64}            # commitments
    | \b(case-)?[0-9a-f]{10,64}\b               # ids
    | \d{4}-\d{2}-\d{2}T[0-9:.+]+               # ISO times
    | \b[A-Z]{2}-\d{2}\b | \b[A-Z]{2}-\d{3}\b   # regions, registry codes
    | \b[A-Z]{6}[A-Z0-9]{2,5}\b                 # BICs
    | \((central-bank|customs|supervision|compliance|anomaly)\)   # desks
    | \b(USD|KRW|EUR|JPY|VND|CNY|KST|HS)\b | (?<![A-Za-z])bp(?![A-Za-z])   # units
    | Ctrl-C                                    # keys
    | \([A-Z]{2}\)                              # countries
    | \bT\d{2}\b                                # typologies
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[A-Za-z][A-Za-z']+")


def foreign_words(text: str) -> list[str]:
    """The Latin words that are left, in order."""
    return _WORD.findall(_ALLOWED.sub(" ", text))
