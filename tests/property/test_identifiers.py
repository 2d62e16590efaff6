"""The rule for identifiers on drawn texts: twice is as once, and ordinary identifiers it never changes."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.values.institution_code import institution_code
from detectors.values.spelling import plain
from streams.contracts.identifiers import DEFAULT, Identifiers
from streams.contracts.inputs import TRANSACTIONS
from tests.support.pipeline import TRANSACTION

# blanks, marks and width forms often enough to meet each other
ODD = st.text(
    st.one_of(
        st.sampled_from(
            " \t\u00a0\u2003\u3000\u200b\u200d\u2060\ufeff\u202e\u061c\u034f\u3164\uffa0\u0301\u1100\u1161"
        ),
        st.sampled_from("aAfFxX0N/-\uff0d\uff21\uff10\uff71\uff9e\u2460\ufb01가\u1100\u1161\u11a8"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=40,
)
RULES = (DEFAULT.person, DEFAULT.account, DEFAULT.institution, DEFAULT.reference, DEFAULT.code)
ORDINARY = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,6}[1-9]", fullmatch=True)


@settings(max_examples=600, deadline=None)
@given(ODD)
def test_the_rule_applied_twice_is_the_rule(text):
    """Otherwise a record sent again, in the spelling that the first one got, would be another event."""
    assert plain(plain(text)) == plain(text)
    for rule in RULES:
        spelled, fault = rule(text)
        assert rule(spelled) == (spelled, fault)


@settings(max_examples=300, deadline=None)
@given(ODD, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_every_form_of_unicode_has_one_spelling(text, form):
    """Whatever form a sender's system keeps texts in, the identifier is the same."""
    assert plain(unicodedata.normalize(form, text)) == plain(text)


@settings(max_examples=300, deadline=None)
@given(ORDINARY, ORDINARY)
def test_ordinary_identifiers_stay_as_they_are(party, event):
    """Tokens made before there was a rule are those made after: printable ASCII without blanks, no LEI, IBAN or BIC."""
    body = TRANSACTION | {"party_id": party, "event_id": event, "party_account": party}
    read = Identifiers().read(TRANSACTIONS, body)
    assert read.body is body
    assert read.notes == read.faults == ()


CODES = st.from_regex(r"[A-Z]{6}[A-Z0-9]{2}(XXX|xxx|[A-Z0-9]{3})?", fullmatch=True)


@settings(max_examples=600, deadline=None)
@given(CODES | ODD)
def test_the_core_reads_an_institution_as_the_door_did(text):
    """Otherwise a record in one institution's name, with its keys and rights, would be another one's in the core."""
    spelled = DEFAULT.institution(text)[0]
    assert institution_code(spelled) == spelled


NAMES = st.sampled_from([*sorted(TRANSACTION), "report_no", "payment_id"])
NO_TEXTS = st.one_of(st.none(), st.integers(), st.lists(st.text(max_size=3), max_size=2), st.just({"a": "b"}))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, ODD | NO_TEXTS))
def test_whatever_stands_in_a_field_the_rule_raises_nothing(body):
    """What is no text keeps its place for the contract's types to judge."""
    read = DEFAULT.read(TRANSACTIONS, body)
    others = {name: held for name, held in body.items() if not isinstance(held, str)}
    assert {name: held for name, held in read.body.items() if not isinstance(held, str)} == others
