"""One spelling for one thing: the rule of docs/IDENTIFIERS.md, for every way into the ledger.

Two texts that people take for one identifier must not become two tokens: a trailing blank would split a person's yearly
total in two. The rule takes away what cannot be seen or means nothing. What then still differs is different. It is the
identity on ordinary identifiers, so that tokens made before there was a rule stay as they are, and applying it twice
changes nothing more.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from stdnum import numdb
from stdnum.iso7064 import mod_97_10

from detectors.values.institution_code import institution_code
from detectors.values.spelling import plain
from streams.contracts import iso_registers as reference
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, RELATED_LIMIT, RULES, TRANSACTIONS
from streams.contracts.refusal_codes import Fault

PLACEHOLDER, CHECK_DIGITS = "identifier.placeholder", "identifier.check_digits"
# What was done to a field without refusing its record; the first words of a note, and a metric's label.
RESPELLED, LEFT_OUT, REPORT_FORM, MINOR_UNITS = "respelled", "placeholder", "report_form", "minor_units"
NOTES = (RESPELLED, LEFT_OUT, REPORT_FORM, MINOR_UNITS)

# Longer than any identifier of the contracts with as much again of blanks; what is longer has the wrong length anyway.
LONGEST_READ = 256
# Texts that are spelled right already, remembered for each class of fields; some 100 bytes each.
REMEMBERED = 20_000
REPORT_LIMIT = 64

# Legal entity identifiers (ISO 17442). Any 18 letters and digits and two right check digits are one. The second form is
# so particular (four digits of the issuer, two reserved zeros, letters among what follows, no padding) that wrong check
# digits are a slip, not another kind of number.
_LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}")
_LEI_FOR_SURE = re.compile(r"(?!0000)[0-9]{4}00(?!0000)(?=(?:[0-9]*[A-Z]){3})[0-9A-Z]{12}[0-9]{2}")
_IBAN_START = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{4,30}")
_BIC = re.compile(r"[A-Za-z0-9]{4}([A-Za-z]{2})[A-Za-z0-9]{2}(?:[A-Za-z0-9]{3})?")
_EVIDENT = re.compile(r"[!-~]*?[1-9][!-~]*+").fullmatch
_DIGITS = "123456789"
_NEVER = re.compile(r"(?!)").fullmatch
# Classes of which texts come again. Of the two others, events and references, nearly every text is a new one.
_REMEMBERED_KINDS = ("person", "account", "institution", "device", "code", "unit", "capitals")
_SEPARATORS = str.maketrans("", "", " -")

# Texts that name nobody, whatever their case and whatever signs stand between their letters (`N/A`, `not provided`).
# NOTPROVIDED and NONREF are those of ISO 20022 and SWIFT; the others are what people write into a field that must be
# filled.
PLACEHOLDERS = (
    "ANONYMOUS",
    "NA",
    "NIL",
    "NONE",
    "NONREF",
    "NOREF",
    "NOREFERENCE",
    "NOTAPPLICABLE",
    "NOTAVAILABLE",
    "NOTKNOWN",
    "NOTPROVIDED",
    "NULL",
    "UNDEFINED",
    "UNKNOWN",
    "미상",
    "불명",
    "없음",
    "해당없음",
    "해당사항없음",
)

Reading = tuple[str, str]
"""A text in its one spelling, and the code of its fault: `identifier.placeholder`, `.check_digits`, or empty."""
Rule = Callable[[str], Reading]


class Read(NamedTuple):
    """A body in one spelling: the same object when nothing changed. `notes` say what was done, `faults` what is wrong.

    A note is the kind of `NOTES`, a blank, and the field.
    """

    body: dict[str, Any]
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


class Identifiers:
    """The rule, with a configuration's own placeholders and forms of report numbers.

    `report_numbers` are masks: `9` stands for a digit, `A` for a letter, every other character for itself; without any
    a report number needs a digit. Cost: 1 us a transaction of known parties, some 2 us of new ones.
    """

    def __init__(self, placeholders: Iterable[str] = (), report_numbers: Iterable[str] = ()) -> None:
        words = sorted({_letters(word) for word in (*PLACEHOLDERS, *placeholders)} - {""})
        # no letter or digit at all, X alone as often as one likes (but once: an id may be X), or one of the words
        named = "|".join(r"[\W_]*+".join(map(re.escape, word)) for word in words)
        self._named = re.compile(rf"[\W_]*+(?:(?:{named})?|X(?:[\W_]*+X)++)[\W_]*+", re.IGNORECASE)
        self._masks = [_mask(text) for text in report_numbers]

        # a text with a digit from 1 to 9 is no placeholder, unless a configured one has such a digit; most end with one
        plain_words = not any(set(_DIGITS) & set(word) for word in words)
        self._evident, self._digits = (_EVIDENT, _DIGITS) if plain_words else (_NEVER, "")
        # None stands for an absent field, so that one look tells both
        known: dict[str, set[str | None]] = {kind: {None} for kind in _REMEMBERED_KINDS}
        rules = {
            "person": self.person,
            "account": self.account,
            "institution": self.institution,
            "device": self.reference,
            "code": self.code,
            "event": self.code,
            "reference": self.reference,
            "unit": _unit,
            "capitals": _capitals,
        }
        self._named_fields = {
            topic: tuple((name, known[kind], rules[kind], demanded) for name, kind, demanded in fields if kind in known)
            for topic, fields in _FIELDS.items()
        }
        self._references = {
            topic: tuple((name, rules[kind], demanded) for name, kind, demanded in fields if kind not in known)
            for topic, fields in _FIELDS.items()
        }

    def read(self, topic: str, body: dict[str, Any]) -> Read:
        """The body of a record in one spelling. What is no text is left to the contract's types."""
        get, evident, digits = body.get, self._evident, self._digits
        odd: list[tuple[str, Rule, bool]] = []
        try:
            for name, known, rule, demanded in self._named_fields[topic]:
                if get(name) not in known and not _is_right(known, get(name), rule):
                    odd.append((name, rule, demanded))
            for name, rule, demanded in self._references[topic]:
                text = get(name)
                if text is None or (text.isascii() and " " not in text and text[-1:] in digits) or evident(text):
                    continue
                odd.append((name, rule, demanded))
        except (TypeError, AttributeError):  # a list, object or number where a text belongs
            return self._read_texts(topic, body)
        if odd or topic == PROFILES or "report_no" in body:
            return self._changed(topic, body, odd)
        return Read(body)

    def _read_texts(self, topic: str, body: dict[str, Any]) -> Read:
        """As `read`, of the fields that are texts; the others stay as they are."""
        texts = {name: content for name, content in body.items() if isinstance(content, str)}
        found = self.read(topic, texts)
        others = {name: content for name, content in body.items() if name not in texts}
        return found._replace(body={**found.body, **others})

    def _changed(self, topic: str, told: dict[str, Any], odd: list[tuple[str, Rule, bool]]) -> Read:
        body = dict(told)
        notes: list[str] = []
        faults: list[Fault] = []
        for name, rule, demanded in odd:
            text = told[name]
            if not isinstance(text, str) or not 0 < len(text) <= LONGEST_READ:
                continue
            spelled, fault = rule(text)
            if fault == PLACEHOLDER and not demanded:
                del body[name]
                notes.append(f"{LEFT_OUT} {name}")
            elif fault:
                faults.append(Fault(fault, name, _EXPECTED[fault]))
            elif spelled != text:
                body[name] = spelled
                notes.append(f"{RESPELLED} {name}")
        if topic == PROFILES:
            self._related(body, notes, faults)
        elif topic == TRANSACTIONS:
            self._report(body, notes)
        return Read(body, tuple(notes), tuple(faults))

    def names_nobody(self, text: str) -> bool:
        """Whether a text is a placeholder where a person, an account or a reference should stand."""
        return len(text) <= LONGEST_READ and self.reference(text)[1] == PLACEHOLDER

    def _related(self, body: dict[str, Any], notes: list[str], faults: list[Fault]) -> None:
        """A profile's list of counterparties: placeholders leave it."""
        name = "related_counterparties"
        listed = body.get(name)
        if not isinstance(listed, list) or len(listed) > RELATED_LIMIT:
            return
        kept, codes = [], set()
        for text in listed:
            spelled, fault = (
                self.person(text) if isinstance(text, str) and 0 < len(text) <= LONGEST_READ else (text, "")
            )
            codes.add(fault)
            if fault != PLACEHOLDER:
                kept.append(spelled)
        if CHECK_DIGITS in codes:
            faults.append(Fault(CHECK_DIGITS, name, _EXPECTED[CHECK_DIGITS]))
        if kept != listed:
            notes.append(f"{LEFT_OUT if PLACEHOLDER in codes else RESPELLED} {name}")
            body[name] = kept

    def _report(self, body: dict[str, Any], notes: list[str]) -> None:
        """A text that has not the form of a report's number is no report: the payment counts as one without."""
        text = body.get("report_no")
        if isinstance(text, str) and not self._is_report(text):
            del body["report_no"]
            notes.append(f"{REPORT_FORM} report_no")

    def _is_report(self, text: str) -> bool:
        if len(text) > REPORT_LIMIT:
            return False
        if self._masks:
            return any(mask.fullmatch(text) for mask in self._masks)
        return any(character.isdigit() for character in text)

    def code(self, text: str) -> Reading:
        """A scheme's code or an event's id. Zeros are as good as others: senders count from 0, `000` is a branch."""
        text = plain(text)
        return text, PLACEHOLDER if self._named.fullmatch(text) else ""

    def reference(self, text: str) -> Reading:
        """A reference, device or contact."""
        text = plain(text)
        return text, PLACEHOLDER if not text.strip("0-. /") or self._named.fullmatch(text) else ""

    def person(self, text: str) -> Reading:
        """Whoever pays or is paid: a number, an LEI, a BIC or, where nothing better is known, an account."""
        text, fault = self.reference(text)
        if fault:
            return text, fault
        compact = text.translate(_SEPARATORS).upper()
        if _LEI.fullmatch(compact):
            if mod_97_10.is_valid(compact):
                return _kept(text, compact), ""
            if _LEI_FOR_SURE.fullmatch(compact):
                return text, CHECK_DIGITS
        if is_iban(compact):
            return _kept(text, compact), ""
        bic = _BIC.fullmatch(text)
        return (institution_code(text) if bic and bic[1] in reference.COUNTRIES else text), ""

    def account(self, text: str) -> Reading:
        """An account: an IBAN, or a bank's own number as it is."""
        text, fault = self.reference(text)
        if fault:
            return text, fault
        compact = text.translate(_SEPARATORS).upper()
        if not has_iban_form(compact):
            return text, ""
        return (_kept(text, compact), "") if is_iban(compact) else (text, CHECK_DIGITS)

    def institution(self, text: str) -> Reading:
        """A reporting institution: a BIC, an LEI or a register's code."""
        text, fault = self.reference(text)
        if fault:
            return text, fault
        bic = _BIC.fullmatch(text)
        if bic and bic[1].upper() in reference.COUNTRIES:
            return _kept(text, institution_code(text.upper())), ""
        # the core reads every such code so (it knows no countries); what the door takes for another institution, with
        # other keys and rights, would be this one there
        text = _kept(text, institution_code(text))
        compact = text.translate(_SEPARATORS).upper()
        if _LEI.fullmatch(compact) and mod_97_10.is_valid(compact):
            return _kept(text, compact), ""
        return text, CHECK_DIGITS if _LEI_FOR_SURE.fullmatch(compact) else ""


def _is_right(known: set[str | None], text: Any, rule: Rule) -> bool:
    """Whether a text is in its one spelling already: then it is remembered.

    The memory is emptied when it is full, so that no sender can make it grow.
    """
    if not isinstance(text, str) or len(text) > LONGEST_READ or rule(text) != (text, ""):
        return False
    if len(known) >= REMEMBERED:
        known.clear()
        known.add(None)
    known.add(text)
    return True


def _unit(text: str) -> Reading:
    """A word that may say nothing."""
    return plain(text), ""


def _capitals(text: str) -> Reading:
    """An Incoterm: the contract takes either case, the rules have one."""
    return plain(text).upper(), ""


def _kept(text: str, spelled: str) -> str:
    """The very object that was given when it is spelled right: how a caller sees that nothing changed."""
    return text if text == spelled else spelled


def _letters(word: str) -> str:
    return "".join(character for character in plain(word) if character.isalnum()).upper()


def _mask(text: str) -> re.Pattern[str]:
    parts = {"9": "[0-9]", "A": "[A-Za-z]"}
    return re.compile("".join(parts.get(character, re.escape(character)) for character in plain(text)))


@cache
def _iban_form(country: str) -> re.Pattern[str] | None:
    """The form of a country's account numbers after the check digits, from SWIFT's registry (python-stdnum's copy)."""
    (_, told), *_ = numdb.get("iban").info(country)
    if "bban" not in told:
        return None
    kinds = {"n": "[0-9]", "a": "[A-Z]", "c": "[0-9A-Z]"}
    return re.compile(re.sub(r"([0-9]+)!([nac])", lambda part: f"{kinds[part[2]]}{{{part[1]}}}", told["bban"]))


def has_iban_form(compact: str) -> bool:
    """Whether a text without blanks has a country's IBAN form: its letters, check digits, and the rest as it is there.

    Only then wrong check digits are a fault. Other numbers, which may begin with two letters too, are not IBANs.
    """
    if not _IBAN_START.fullmatch(compact):
        return False
    form = _iban_form(compact[:2])
    return form is not None and form.fullmatch(compact[4:]) is not None


def is_iban(compact: str) -> bool:
    """Whether a text without blanks is an IBAN with its right check digits (ISO 13616, ISO 7064)."""
    return has_iban_form(compact) and bool(mod_97_10.is_valid(compact[4:] + compact[:4]))


def is_lei(compact: str) -> bool:
    """Whether a text without blanks is an LEI with its right check digits (ISO 17442, ISO 7064)."""
    return _LEI.fullmatch(compact) is not None and bool(mod_97_10.is_valid(compact))


_EXPECTED = {
    PLACEHOLDER: "an identifier; this text names nobody",
    CHECK_DIGITS: "an LEI or IBAN with its right check digits",
}
# field, class, and whether the record cannot do without it: then a placeholder refuses it
_FIELDS: Mapping[str, tuple[tuple[str, str, bool], ...]] = {
    TRANSACTIONS: (
        ("event_id", "event", True),
        ("party_id", "person", True),
        ("counterparty_id", "person", True),
        ("institution", "institution", True),
        ("payment_id", "reference", False),
        ("original_event_id", "event", True),
        ("party_account", "account", False),
        ("counterparty_account", "account", False),
        ("contract_counterparty_id", "person", False),
        ("branch", "code", False),
        ("purpose", "code", False),
        ("report_no", "reference", False),
        ("declaration_no", "reference", False),
        ("device_id", "device", False),
        ("contact_id", "device", False),
    ),
    DECLARATIONS: (
        ("event_id", "event", True),
        ("declaration_no", "reference", True),
        ("party_id", "person", True),
        ("counterparty_id", "person", True),
        ("quantity_unit", "unit", True),
        ("incoterm", "capitals", False),
        ("amends", "event", True),
    ),
    RATES: (("event_id", "event", False), ("source", "code", False)),
    PROFILES: (("event_id", "event", True), ("party_id", "person", True), ("industry_code", "code", False)),
    DISPOSITIONS: (("event_id", "event", True),),
    RULES: (("event_id", "event", True),),
}
DEFAULT = Identifiers()
"""The rule without anything configured."""
