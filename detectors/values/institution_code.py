"""One code for one institution: BIC8 and the same BIC with `XXX` (the head office, ISO 9362) are one bank."""

import re
from collections.abc import Iterable
from functools import lru_cache

# Distinct codes remembered: far more than one country's reporting institutions. A hostile sender's codes pass through.
_REMEMBERED = 4096
_HEAD_OFFICE = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}XXX")


@lru_cache(maxsize=_REMEMBERED)
def institution_code(written: str) -> str:
    """The code without a BIC's final `XXX`; every other text as it is. 0.1 us.

    The door writes this form already. It is asked again where older records and configurations speak: ledgers of
    earlier releases hold both forms, and people write either into desks' lists.
    """
    return written[:8] if _HEAD_OFFICE.fullmatch(written) else written


def listed_codes(written: Iterable[str]) -> frozenset[str]:
    """The codes that a configuration's list names: each as it is written, and as it reads in capitals without blanks.

    Failure prevented: a desk for `shbkkrse` gets no alert of SHBKKRSE, and nothing says so.
    """
    return frozenset(institution_code(text) for name in written for text in (name, name.strip().upper()))
