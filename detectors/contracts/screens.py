"""Supervisors' lists as other systems read them: the topic `fx.screens.v1`."""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from detectors.contracts.alert import LawTest, LimitShown, Measured, Position, Versions

# A screen: a test that a supervisor published, made of every firm once a month.
# Institutions are compared with their peers by whoever adds their parts up, one of each ledger partition.
ScreenId = Literal["small_capital_new_firm", "branch_concentration", "trade_gap", "institution_part"]
INSTITUTION_PART: ScreenId = "institution_part"
# `payments`: all that were told. `outgoing`: of these, sent abroad and of a known worth; `no_document`: of those,
# without documents or a report; `under_line`: of these, within T01's band under the document line. `no_purpose`: of
# those sent, without a purpose that is known. `deals`: payments with a deal rate and a reference; `off_market`: further
# from it than T16's `deviation_min`. `late`: of all, told after `late_days`.
Count = Literal["payments", "outgoing", "no_document", "under_line", "no_purpose", "deals", "off_market", "late"]
COUNTS: tuple[Count, ...] = get_args(Count)
# Ledger positions that an entry names; of more, the newest.
MOST_POSITIONS = 50


class Screened(msgspec.Struct, frozen=True, kw_only=True):
    """A firm that meets a screen's test by the end of a month, or what a partition counted of an institution in it.

    It is no alert, and finds nobody guilty.

    The record's key is `screen|subject|period|partition`: one entry a firm, screen and month. `screen` is a `ScreenId`,
    and a later release may have more. `subject` is the firm's
    token, `period` the month (`2026-10`, of the rule pack's time zone). `as_of` is the time up to which events had
    passed when the month was looked at; what was told later is in the next month's list. `limits`, `measured` and
    `tests` say what was compared with what; a test that cannot be told is not met. `ledger_offsets` are those of the
    payments and declarations behind it, the newest 50, in the ledger partition of `position`; `position` is that of the
    record with which time passed. `text_en` and `text_ko` say the same in a sentence.

    `institution_part` has an institution for its subject (empty: those without a share of their own together) and its
    numbers of payments in `measured`; it tests nothing, and has no text. `fxwatch screens` adds up the parts of all
    ledger partitions, and compares institutions.
    """

    screen: str
    subject: str
    period: str
    as_of: datetime
    institutions: tuple[str, ...]
    limits: tuple[LimitShown, ...]
    measured: tuple[Measured, ...]
    tests: tuple[LawTest, ...]
    ledger_offsets: tuple[int, ...]
    text_en: str
    text_ko: str
    versions: Versions
    position: Position

    @property
    def key(self) -> str:
        """The record's key."""
        return f"{self.screen}|{self.subject}|{self.period}|{self.position.partition}"
