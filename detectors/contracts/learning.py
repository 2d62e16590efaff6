"""What one partition tells all others of what it learned; ingest broadcasts each record into every ledger partition.

Every type has the field `type`, as events do, and the union only grows.
"""

import msgspec

# Inputs of a lesson are whole numbers of this part: whole numbers add up to the same sum in any order.
INPUT_PART = 256


class Lesson(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="lesson"):
    """What an officer's verdict on an alert teaches, and which earlier lessons it takes back.

    `lesson` (32 hex digits) follows from the alert, the officer, the verdict and its date, so the same verdict is the
    same lesson wherever it is told. `takes_back` names lessons that count as if they had never been: the officer's own
    earlier one, or one of another officer that gave way. `confirmed` is None where the verdict teaches nothing
    (withdrawn, inconclusive, duplicate) and the record only takes back.

    `officer` is the number of the officer (memory/officers.py), `case_id` the alert's case, `lead` its first typology,
    or `anomaly` for an alert of the models alone; `segment` the party's, as the models see it. `inputs` are the named
    numbers that the alert was raised on, in parts of `INPUT_PART` (detectors/learning/inputs.py); no identifier is
    among them. `selected` (0-1) is the probability with which the alert was chosen (`Selection.probability`).
    `decided_us` is the time of the verdict, as far as its Kafka timestamp bears it out. `detectors` is the fingerprint
    of the detector set that raised the alert.
    """

    lesson: str
    alert_id: str
    case_id: str
    officer: int
    lead: str
    segment: str
    confirmed: bool | None
    inputs: dict[str, int] = {}
    selected: float = 1.0
    decided_us: int
    detectors: str
    takes_back: tuple[str, ...] = ()
