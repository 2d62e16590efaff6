"""The alert as investigators read it: CONTRACT `fx.alerts.v1`.

An alert is a recommendation with its evidence. Nothing in it depends on the wall clock, so that replaying the ledger
gives the same bytes. Money and rates are decimal strings; counts, ratios, bp and scores are numbers.
"""

from datetime import date, datetime
from typing import Literal

import msgspec

from detectors.contracts.events import Direction, LegKind, Status

Severity = Literal["low", "medium", "high", "critical"]
# A test of the law or of a supervisor: it holds, it does not, or it cannot be told from what the contract carries.
Outcome = Literal["met", "not_met", "cannot_tell"]
Number = str | int | float


class LimitShown(msgspec.Struct, frozen=True, kw_only=True):
    """A limit an alert measured against, with the date it took effect and its provenance (L, S or D).

    `x_verified` is false where the figure was not yet checked against the text of the law.
    """

    name: str
    value: Number
    unit: str
    effective_from: date
    provenance: Literal["L", "S", "D"]
    verified: bool = msgspec.field(name="x_verified", default=False)


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value: a decimal string for money, a number otherwise."""

    name: str
    value: Number
    unit: str


class LawTest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One test that the law or a supervisor makes (contract 1.1); `text_en` and `text_ko` say which, of what article.

    `id` is the rule's own name for it. `missing` names the field without which it cannot be told, as
    `transactions.residency`; None where it is told, and where no field of the contract would tell it.
    A missing field is never `met`: what is not known never counts against a person.
    """

    id: str
    outcome: Outcome
    text_en: str
    text_ko: str
    missing: str | None = None


class NextStep(msgspec.Struct, frozen=True, kw_only=True):
    """What an investigator does next, in both languages (contract 1.1)."""

    text_en: str
    text_ko: str


class Exposure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One end of what the law of the payment's date may lead to, and on what condition (contract 1.1).

    `condition` says whether its line is passed (`met`, `not_met`), or that it cannot be told. `krw` is the most that it
    may cost, whole KRW as a decimal string, None where it cannot be told; `years` the longest imprisonment.
    It is never a statement of guilt: what is named applies only where an investigator finds its condition.
    """

    article: str
    kind: Literal["fine", "criminal", "repeated"]
    condition: Outcome
    krw: str | None
    years: int = 0
    text_en: str
    text_ko: str


class TypologyHit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A typology that fired: strength 0-1 (1 = beyond doubt), the limits and what was measured against them.

    `tests` are those that the law or a supervisor makes, `next_steps` what to do, in order, `exposure` what
    the law of the date may lead to (all contract 1.1; alerts of earlier releases have none).
    """

    id: str
    name: str
    strength: float
    legal_basis: str
    limits: tuple[LimitShown, ...]
    measured: tuple[Measured, ...]
    window: str
    tests: tuple[LawTest, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    exposure: tuple[Exposure, ...] = ()


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason: value, own and peer baseline, observations behind the own one, share of the score (0-1; sum 1)."""

    feature: str
    value: Number | None
    unit: str
    own_baseline: Number | None
    own_n: int
    peer_baseline: Number | None
    contribution: float
    text_en: str
    text_ko: str


class Counterfactual(msgspec.Struct, frozen=True, kw_only=True):
    """What would have made the alert not fire (`would_alert` false), checked by the core, not guessed."""

    change: str
    would_alert: bool


class EvidenceItem(msgspec.Struct, frozen=True, kw_only=True):
    """One event behind the alert; `offset` is its ledger position in the alert's partition, None when gone.

    `commitment` (contract 1.1) is a keyed hash of the sender's bytes, `<key id>:<64 hex digits>`: whoever has the key
    can prove the original, nobody else can guess at it. Events that an earlier release took in have `sha256` instead.

    The fields below them (1.1) say what the payment was, as it counted when the alert was made: `amount` is what was
    settled less what came back. What is not known is left out, as all of them are in alerts of earlier releases.
    `x_purpose_en` and `x_purpose_ko` are the text of the purpose's code, where the configuration has one. A line of a
    customs declaration has `x_kind`, its value as `amount`, and no `direction` or `status`. In an alert about a shared
    thing `x_party` is the resident, and there is no `counterparty`.
    """

    event_id: str
    topic: str
    institution: str | None
    event_time: datetime
    offset: int | None
    sha256: str | msgspec.UnsetType = msgspec.UNSET
    commitment: str | msgspec.UnsetType = msgspec.UNSET
    direction: Direction | msgspec.UnsetType = msgspec.UNSET
    status: Status | msgspec.UnsetType = msgspec.UNSET
    amount: str | msgspec.UnsetType = msgspec.UNSET
    currency: str | msgspec.UnsetType = msgspec.UNSET
    amount_usd: str | msgspec.UnsetType = msgspec.UNSET
    purpose: str | msgspec.UnsetType = msgspec.UNSET
    purpose_en: str | msgspec.UnsetType = msgspec.field(name="x_purpose_en", default=msgspec.UNSET)
    purpose_ko: str | msgspec.UnsetType = msgspec.field(name="x_purpose_ko", default=msgspec.UNSET)
    counterparty: str | msgspec.UnsetType = msgspec.UNSET
    branch: str | msgspec.UnsetType = msgspec.UNSET
    declaration_no: str | msgspec.UnsetType = msgspec.UNSET
    report_no: str | msgspec.UnsetType = msgspec.UNSET
    kind: Literal["import", "export"] | msgspec.UnsetType = msgspec.field(name="x_kind", default=msgspec.UNSET)
    line: int | msgspec.UnsetType = msgspec.field(name="x_line", default=msgspec.UNSET)
    party: str | msgspec.UnsetType = msgspec.field(name="x_party", default=msgspec.UNSET)


class SharedShown(msgspec.Struct, frozen=True, kw_only=True):
    """The shared thing that an alert is about: its kind, and its token (of goods: HS6/country/unit)."""

    kind: LegKind
    token: str


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions that produced the alert: code release; fingerprints of configuration, detector set and rules.

    `approved_by`: who approved the configuration (docs/CONFIGURATION.md); left out where nobody had to.
    """

    code: str
    config: str
    detectors: str
    rules: str
    approved_by: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The trigger's place in the ledger."""

    topic: str
    partition: int
    offset: int


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """How the alert was chosen: the budget it drew on, the probability it had, whether it was exploration."""

    budget: str
    probability: float
    explored: bool


class Snoozed(msgspec.Struct, frozen=True, kw_only=True):
    """The snooze that an alert rests under (contract 1.1): until when, and the offset of its record.

    The record stands in the topic and partition of the alert's own position.

    `legal_line`: a test of the law is met against a limit of the law, so that the desks get the alert all the same.
    """

    until: datetime
    offset: int
    legal_line: bool


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert; key = `party`.

    `score` 0-1, higher is more unusual; `rank` is the share of payments that are at least as strange (a p-value), lower
    is rarer. `x_rank_among` (contract 1.1) is how many payments stand behind the rank: one below 1 / (`x_rank_among` +
    1) is finer than what was counted, and coarse. It is left out where there is no rank. `x_shared` is there in alerts
    about what several residents share: `parties` are those residents then, and `party` the one with most at risk.
    `snoozed` is left out where no officer let it rest. `probability` (0-1, contract 1.1) is the chance that an
    investigator confirms the alert, learned from `x_lessons` verdicts; both are left out while too few were given.
    `x_withheld` (contract 1.1) are desks that match a statistical alert and do not get it, because they had as many
    that day as their ceiling allows; left out where there are none.
    """

    alert_id: str
    status: Literal["raised", "updated", "retracted"]
    supersedes: str | None = None
    case_id: str
    created_for: datetime
    trigger_event_id: str
    party: str
    counterparty: str | None
    parties: tuple[str, ...] = ()
    institutions: tuple[str, ...]
    severity: Severity
    score: float
    rank: float | None
    desk: str
    typologies: tuple[TypologyHit, ...]
    reasons: tuple[Reason, ...]
    counterfactual: tuple[Counterfactual, ...]
    evidence: tuple[EvidenceItem, ...]
    evidence_total: int
    amount_usd: str | None
    amount_krw: str | None
    versions: Versions
    position: Position
    selection: Selection
    rate_missing: bool = msgspec.field(name="x_rate_missing", default=False)
    rank_among: int | msgspec.UnsetType = msgspec.field(name="x_rank_among", default=msgspec.UNSET)
    shared: SharedShown | msgspec.UnsetType = msgspec.field(name="x_shared", default=msgspec.UNSET)
    snoozed: Snoozed | msgspec.UnsetType = msgspec.UNSET
    probability: float | msgspec.UnsetType = msgspec.UNSET
    lessons: int | msgspec.UnsetType = msgspec.field(name="x_lessons", default=msgspec.UNSET)
    withheld: tuple[str, ...] | msgspec.UnsetType = msgspec.field(name="x_withheld", default=msgspec.UNSET)
