"""The effective configuration: limits, legend, desks and detector set, as they stand in the ledger.

It is an event like any other, so that replaying 2022 applies 2022's law. Every limit carries the date it takes effect,
its provenance (L law or decree, S published by a supervisor, D our default) and whether its text was verified.
"""

import hashlib
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

Provenance = Literal["L", "S", "D"]
# What an operator can stop at once, whatever else is in force; a later release may have more.
Stoppable = Literal["statistical_alerts", "challengers"]
# Why it was stopped, for whoever finds it so.
LONGEST_REASON = 500
StopReason = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]
Channel = Literal["branch", "web", "app", "small_remitter", "card", "exchanger", "interbank"]
PurposeKind = Literal["import", "export", "living", "study", "gift", "salary", "service", "capital", "other"]
# Parties that a partition remembers where the configuration does not say: 12 million in 12 partitions, a multiple of
# the remitters of a country of 50 million. Some 0.65 GB a partition where they are made up, at 600 bytes each.
MOST_PARTIES = 1_000_000
# Where the detector set does not say (our judgement). One payment in 500 is worth a look where that is one a week.
# Where it is many a day, the second bound counts.
RANK_CEILING = 0.002
# One alert in ten by chance alone, where the budget is used up by payments that deserve it: 2 a day of 20.
SHARE_BY_CHANCE = 0.1


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dated limit. In force from `effective_from` (local date) until the next limit of the same name takes effect.

    `value` is a decimal string in `unit` (USD, KRW, count, ratio, days, bp, ...). `verified` is false where the figure
    was taken from memory or a press report and still has to be checked against the text of the law.
    """

    name: str
    value: str
    unit: str
    effective_from: date
    provenance: Provenance
    verified: bool = False
    source: str = ""


class TypologyRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One typology's legal basis and dated limits; everything numeric that it compares with is a `Limit`."""

    enabled: bool = True
    legal_basis: str
    limits: tuple[Limit, ...] = ()


class Purpose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One purpose code of the reporting scheme in use: its class and its text."""

    kind: PurposeKind
    text_en: str
    text_ko: str


class Legend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The scheme's purpose codes, and the word list that classes remittance texts (class -> words, lower case)."""

    purposes: dict[str, Purpose] = {}
    words: dict[str, tuple[str, ...]] = {}


class DeskLists(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions on an alert; it must match every list that is not empty.

    `typologies` holds typology ids, `anomaly` for alerts that no typology explains, or `finding` for all others.
    `purposes` are classes of the trigger's purpose in the legend, `channels` those of the contract.
    """

    typologies: tuple[str, ...] = ()
    severities: tuple[Literal["low", "medium", "high", "critical"], ...] = ()
    party_types: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()
    # configurations of before there were these keep their fingerprint
    purposes: tuple[PurposeKind, ...] | msgspec.UnsetType = msgspec.UNSET
    channels: tuple[Channel, ...] | msgspec.UnsetType = msgspec.UNSET


class Desk(DeskLists, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A desk that gets copies of alerts on `fx.alerts.<desk>.v1`: those that match its lists, or the lists of `also`.

    One with `rest` gets only what no desk before it in the configuration matches.

    `most_a_day` (0 or more) is the desk's ceiling: so many statistical alerts of a local day are sent to it, over all
    partitions. Findings of rules are not counted, and never held back. Without it there is no ceiling.
    """

    also: tuple[DeskLists, ...] | msgspec.UnsetType = msgspec.UNSET
    rest: bool | msgspec.UnsetType = msgspec.UNSET
    most_a_day: int | msgspec.UnsetType = msgspec.UNSET


class DetectorSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The members that score each event, and the budget of purely statistical alerts.

    `members` maps a detector's registry name to its numeric parameters. `seed` seeds every random choice.
    `warm_up` is the number of scored events of a partition before its ranks count; `calibration_window` the most recent
    scores of a partition that a rank is taken among, of all partitions twelve times as many (and that a member's score
    is, of several members); `daily_budget` the most statistical alerts a day over all partitions.

    `rank_ceiling` is the largest rank of a statistical alert, and `most_by_chance` how many such alerts a day, over all
    partitions and with those by lot, may come of nothing but the number of payments (budget.py). Where they are not
    given they are 0.002 and a tenth of `daily_budget`, and no part of the encoding: a set of before there were any
    keeps its fingerprint. Read them by `ceiling` and `by_chance`.

    `weights` maps a member to what its strangeness counts for, 0 or more; a member not named counts 1, one of 0 learns
    and shows its score, but counts for nothing. Weights of 1 are left out, and without any the field is not part of the
    encoding: a set of before there were any keeps its fingerprint, and with it the evidence of its alerts.
    """

    members: dict[str, dict[str, float]]
    seed: int = 20260101
    warm_up: int = 1000
    calibration_window: int = 10_000
    daily_budget: float = 20.0
    exploration: float = 0.05
    weights: dict[str, float] | msgspec.UnsetType = msgspec.UNSET
    rank_ceiling: float | msgspec.UnsetType = msgspec.UNSET
    most_by_chance: float | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        """One spelling of equal sets: another one would be another fingerprint and start all models anew."""
        if self.rank_ceiling == RANK_CEILING:
            msgspec.structs.force_setattr(self, "rank_ceiling", msgspec.UNSET)
        if self.most_by_chance == self.daily_budget * SHARE_BY_CHANCE:
            msgspec.structs.force_setattr(self, "most_by_chance", msgspec.UNSET)
        if self.weights is not msgspec.UNSET:
            told = {name: weight for name, weight in self.weights.items() if weight != 1 or name not in self.members}
            msgspec.structs.force_setattr(self, "weights", told or msgspec.UNSET)

    @property
    def ceiling(self) -> float:
        """The largest rank of a statistical alert."""
        return RANK_CEILING if self.rank_ceiling is msgspec.UNSET else self.rank_ceiling

    @property
    def by_chance(self) -> float:
        """Statistical alerts a day that may come of nothing but the number of payments."""
        return self.daily_budget * SHARE_BY_CHANCE if self.most_by_chance is msgspec.UNSET else self.most_by_chance

    def weight(self, member: str) -> float:
        """What the member's strangeness is multiplied by."""
        return 1.0 if self.weights is msgspec.UNSET else self.weights.get(member, 1.0)


class Engine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the law and the log need: legal time zone, lateness, windows of memory.

    `lateness_days`: events at most this late count in every legal window exactly; later ones are scored and counted as
    late. `fingerprints`: events of each kind in a partition among which duplicates and conflicts are told.
    `rate_stale_hours`: a reference rate older than this, in event time, counts as missing. `parties`: the most parties
    that a partition remembers (parties.py); the default of 1 000 000 is no part of the encoding, so that earlier
    configurations keep their fingerprint. Read it by `most_parties`.
    """

    time_zone: str = "Asia/Seoul"
    lateness_days: int = 35
    fingerprints: int = 50_000
    rate_stale_hours: float = 26.0
    case_window_days: int = 30
    partitions: int = 12
    parties: int | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        """One spelling of equal engines."""
        if self.parties == MOST_PARTIES:
            msgspec.structs.force_setattr(self, "parties", msgspec.UNSET)

    @property
    def most_parties(self) -> int:
        """The most parties that a partition remembers."""
        return MOST_PARTIES if self.parties is msgspec.UNSET else self.parties


class RateRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which reference rates are believed (rate_checks.py); all are our defaults (provenance D).

    `jump`: a rate that differs from the one before by more than this share is held (0.1: above 1.1 times, or below
    1 / 1.1). `confirm_minutes`: a second record that says the same at least so much later confirms it. `most`: a rate
    so many times away is confirmed by no repetition. `magnitude`: so many times may a pair's first rate be away from
    `typical`, which holds units per US dollar by currency, decimal strings.
    `pairs`: where not empty, only these are taken, written as `BASE/QUOTE`. `confirmed`: pair -> the rate that an
    officer has found to be true; rates near it are believed. `sources`: where there are any, only records that name one
    of these feeds are taken, and most of them confirm a rate (rate_sources.py).

    `sources` is not part of the encoding while it is not given: earlier configurations keep their fingerprint.
    """

    jump: float = 0.1
    confirm_minutes: float = 10.0
    most: float = 20.0
    magnitude: float = 5.0
    pairs: tuple[str, ...] = ()
    typical: dict[str, str] = {}
    confirmed: dict[str, str] = {}
    sources: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


# Stands for every institution in `HistoryAllowed`.
EVERYONE = "*"


class HistoryAllowed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Institutions (`*` = all) whose records may be marked as history, up to the event time `until`, that included."""

    institutions: tuple[str, ...]
    until: Annotated[datetime, msgspec.Meta(tz=True)]


class Admission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What ingest takes from whom.

    `history`: who may load history; without an entry nobody. `placeholders`: texts that name nobody, beside the
    built-in ones. `report_numbers`: the forms of report numbers, as masks (`9` a digit, `A` a letter, other characters
    themselves); without any a report number needs a digit. `institutions`: those that have metrics of their own, and
    a share of their own of what is remembered: duplicates, parties (shares.py). `officers`: where not empty, verdicts
    of these investigators alone count (officers.py).
    """

    history: tuple[HistoryAllowed, ...] = ()
    placeholders: tuple[str, ...] = ()
    report_numbers: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()
    officers: tuple[str, ...] = ()


class Quarantine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which payments the models do not learn from, and for how long (memory/quarantine.py). All are our defaults.

    `days`: a flagged payment is held for so many days of the partition's clock; 0 = everything is learned from.
    `change_payments` and `change_days`: so many held payments, behind an alert that stood so long, are a real change.
    `lessons_a_month`: how many payments of one party its peers and the members learn from in 30 days.
    """

    days: int = 60
    change_payments: int = 8
    change_days: int = 28
    lessons_a_month: int = 30


class Sanctions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the law may impose, as dated limits: fines in KRW, years of imprisonment, lines of a criminal case."""

    limits: tuple[Limit, ...] = ()


class Duties(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines of the law that no typology compares with, and `fxwatch precheck` does, as dated limits."""

    limits: tuple[Limit, ...] = ()


class Screens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What institutions are compared by in supervisors' screens, and no typology compares with, as dated limits."""

    limits: tuple[Limit, ...] = ()


class Pack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The law that the rules are made of: the country (ISO 3166-1), the pack's version, and the texts it was read in.

    `languages`: those its words are written in (ISO 639-1).
    """

    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
    version: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    languages: tuple[str, ...] = ()
    text: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Promotion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a challenger's detector set took the champion's place, or a former champion came back.

    `report` is the `report_hash` of the testbed's report that says so (64 hex digits).
    """

    report: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class Configuration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything beside the events themselves that can change a score, or whether an event is admitted.

    `admission` is not part of the encoding while it says nothing: a configuration of before there was one keeps its
    fingerprint. Read it by `admitted`. So does one of before `rates` was part of it, which has the defaults of
    `RateRules`. Read it by `rate_rules`.
    """

    rules: dict[str, TypologyRules]
    legend: Legend
    desks: dict[str, Desk]
    detectors: DetectorSet
    engine: Engine = Engine()
    admission: Admission | msgspec.UnsetType = msgspec.UNSET
    rates: RateRules | msgspec.UnsetType = msgspec.UNSET
    # not part of the encoding where it is not given; alerts then tell no exposure
    sanctions: Sanctions | msgspec.UnsetType = msgspec.UNSET
    # not part of the encoding where it is not given; a pre-check then cannot tell what rests on them
    duties: Duties | msgspec.UnsetType = msgspec.UNSET
    # not part of the encoding where it is not given; institutions are then not compared
    screens: Screens | msgspec.UnsetType = msgspec.UNSET
    # not part of the encoding where it is not given, as in configurations of before there were packs
    pack: Pack | msgspec.UnsetType = msgspec.UNSET
    # not part of the encoding where it is not given; read it by `quarantined`
    quarantine: Quarantine | msgspec.UnsetType = msgspec.UNSET
    # name -> Ed25519 public key of who approves what replaces this (approvals.py); without any, anybody does
    approvers: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    # name -> a detector set that scores beside the one in force and alerts nobody; without any, nothing runs beside it
    challengers: dict[str, DetectorSet] | msgspec.UnsetType = msgspec.UNSET
    # by which report the detector set came into force; not part of the encoding where it is not given
    promotion: Promotion | msgspec.UnsetType = msgspec.UNSET
    # what is stopped -> why (docs/CONFIGURATION.md, "Emergency stop"); no part of the encoding while nothing is
    stopped: dict[Stoppable, StopReason] | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        """One spelling of equal configurations."""
        if not self.challengers:
            msgspec.structs.force_setattr(self, "challengers", msgspec.UNSET)
        if not self.stopped:
            msgspec.structs.force_setattr(self, "stopped", msgspec.UNSET)
        if self.admission == Admission():
            msgspec.structs.force_setattr(self, "admission", msgspec.UNSET)
        if self.quarantine == Quarantine():
            msgspec.structs.force_setattr(self, "quarantine", msgspec.UNSET)
        if not self.approvers:
            msgspec.structs.force_setattr(self, "approvers", msgspec.UNSET)

    @property
    def admitted(self) -> Admission:
        """What ingest takes from whom; the default where the configuration does not say."""
        return Admission() if self.admission is msgspec.UNSET else self.admission

    @property
    def challenging(self) -> dict[str, DetectorSet]:
        """The challengers' detector sets by name, in the configuration's order."""
        return {} if self.challengers is msgspec.UNSET else self.challengers

    @property
    def stops(self) -> dict[Stoppable, StopReason]:
        """What is stopped, and why; empty while nothing is."""
        return {} if self.stopped is msgspec.UNSET else self.stopped

    @property
    def rate_rules(self) -> RateRules:
        """What is said of rates, or the defaults."""
        return RateRules() if self.rates is msgspec.UNSET else self.rates

    @property
    def quarantined(self) -> Quarantine:
        """What is said of flagged payments, or the defaults."""
        return Quarantine() if self.quarantine is msgspec.UNSET else self.quarantine


def fingerprint(part: object) -> str:
    """First 16 hex digits of the SHA-256 of `part` as sorted JSON: the version shown in alerts and build info."""
    given = None if part is msgspec.UNSET else part
    return hashlib.sha256(msgspec.json.encode(given, order="deterministic")).hexdigest()[:16]
