"""What a bank merely says: no word of one sender exempts a party, and whose words stand out is counted and shown."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from click.testing import CliRunner

from detectors.books.party import Party
from detectors.books.party_type import MOST_INSTITUTIONS as MOST_TOLD_APART
from detectors.books.party_type import (
    OTHERS,
    STRICTEST_FIRST,
    joined_words,
    readings,
    remember_word,
    stricter,
    who_said,
)
from detectors.contracts.configuration import Desk
from streams.cli import institutions
from streams.contracts.inputs import PROFILES, TRANSACTIONS
from streams.ingest.door import Rejected
from streams.operations.institution_counter import MOST_INSTITUTIONS
from streams.operations.metrics import Metrics
from streams.operations.sender_words import UNCOUNTED, compare_institutions
from streams.plain_text import tables
from streams.settings import overlay_configuration
from streams.version import versions
from tests.support.pipeline import PROFILE, TRANSACTION, Pipeline

START = datetime(2026, 1, 5, 1, tzinfo=UTC)


def words_decide(overrides=None):
    """A configuration without the yearly cap of firms, so that being called a firm exempts from T02.

    With it, persons and firms have one cap, and no word of a sender would change anything.
    """
    configuration = overlay_configuration(overrides or {})
    rules = configuration.rules["T02"]
    kept = tuple(limit for limit in rules.limits if limit.name != "firm_cap")
    assert len(kept) < len(rules.limits)
    changed = configuration.rules | {"T02": msgspec.structs.replace(rules, limits=kept)}
    return msgspec.structs.replace(configuration, rules=changed)


def pay(pipeline, number, amount="60000", **more):
    """Send a payment of the hour `number`; the alerts that it raised."""
    at = START + timedelta(hours=number)
    body = TRANSACTION | {"event_id": f"e{number}", "event_time": at.isoformat(), "amount": amount, "channel": "branch"}
    outputs = pipeline.send(TRANSACTIONS, body | more, at=at)
    assert not isinstance(outputs, Rejected), outputs
    return [json.loads(output.value) for output in outputs if output.topic == "fx.alerts.v1"]


def tell(pipeline, party_type, hour=0):
    """Send a profile of the party."""
    at = START + timedelta(hours=hour)
    body = PROFILE | {"event_id": f"f{hour}", "party_type": party_type, "as_of": at.isoformat()}
    assert not isinstance(pipeline.send(PROFILES, body, at=at), Rejected)


@pytest.mark.parametrize("word", ["bank", "company", "sole_trader"])
def test_a_person_called_something_else_is_still_a_person(word):
    """The second payment crosses the cap of 100 000 USD: T02 fires, says what the sender said, and it is counted."""
    pipeline = Pipeline(words_decide())
    assert pay(pipeline, 0) == []
    (alert,) = pay(pipeline, 1, party_type=word, institution="BKGGKRSE")
    assert [hit["id"] for hit in alert["typologies"]] == ["T02"]
    reason = next(reason for reason in alert["reasons"] if reason["feature"] == "T02")
    called = {"bank": "a bank", "company": "a company", "sole_trader": "a sole trader"}[word]
    assert f"calls it {called}; it was called a person by SHBKKRSE" in reason["text_en"]
    assert "개인" in reason["text_ko"]
    assert pipeline.core.tally.outcomes["type_differs"] == 1
    assert pipeline.core.tally.said["type_differs", "BKGGKRSE"] == 1


def test_a_person_first_called_a_bank_is_a_person_once_anybody_says_so():
    """Otherwise the first word would exempt for ever; what the bank sent before counts in the total."""
    pipeline = Pipeline(words_decide())
    assert pay(pipeline, 0, party_type="bank") == []
    (alert,) = pay(pipeline, 1)
    assert [hit["id"] for hit in alert["typologies"]] == ["T02"]
    assert pipeline.core.tally.outcomes["type_differs"] == 1


def test_splitting_goes_on_to_be_seen_when_the_party_is_called_a_bank():
    """T01 asks no banks; four pieces of a person, the last two by a sender with another word."""
    pipeline = Pipeline(words_decide())
    alerts = [pay(pipeline, number, "4900", party_type="person" if number < 2 else "bank") for number in range(4)]
    assert "T01" in [hit["id"] for found in alerts for alert in found for hit in alert["typologies"]]


def test_companies_and_banks_that_are_always_called_so_are_none_of_it():
    """The honest case: nothing fires, nothing differs."""
    for word in ("company", "bank"):
        pipeline = Pipeline(words_decide())
        assert [alert for number in range(3) for alert in pay(pipeline, number, party_type=word)] == []
        assert pipeline.core.tally.outcomes["type_differs"] == 0


def test_the_profile_decides_in_either_direction():
    """A sender's slip ends with the profile of a company; a person by profile stays one whatever is said."""
    pipeline = Pipeline(words_decide())
    pay(pipeline, 0)
    tell(pipeline, "company")
    assert pay(pipeline, 1, party_type="company") == []
    assert pay(pipeline, 2) == []
    assert pipeline.core.tally.outcomes["type_differs"] == 1
    pipeline = Pipeline(words_decide())
    tell(pipeline, "person")
    pay(pipeline, 0, party_type="bank")
    (alert,) = pay(pipeline, 1, party_type="bank")
    assert [hit["id"] for hit in alert["typologies"]] == ["T02"]


def fired(pipeline, hits=("T02",)):
    """Of the pipeline's last alerts, those of these typologies."""
    return [alert for alert in pipeline if [hit["id"] for hit in alert["typologies"]] == list(hits)]


def strength(alert):
    """The strength of an alert's first typology."""
    return alert["typologies"][0]["strength"]


def test_one_hostile_word_does_not_make_a_company_a_person_at_other_institutions():
    """A company of four payments; another institution calls it a person once: it stays one, and the alert says so.

    The honest case beside it: without the word nothing is raised. Before, the cap of persons was held against it as if
    nobody had said anything else.
    """
    for word in (None, "person"):
        pipeline = Pipeline(words_decide())
        alerts = [alert for number in range(2) for alert in pay(pipeline, number, party_type="company")]
        if word is not None:
            alerts += pay(pipeline, 2, "1", party_type=word, institution="EVILKRSE")
        assert pipeline.core.tally.outcomes["type_differs"] == (word is not None)
        for number in range(3, 9):
            alerts += pay(pipeline, number, party_type="company")
        assert pipeline.core.tally.outcomes["type_differs"] == (word is not None)
        if word is None:
            assert alerts == []
            continue
        own, *others = alerts
        assert own["institutions"] == ["EVILKRSE", "SHBKKRSE"]  # judged by its own word: it crosses the cap
        assert others
        assert {
            reason["text_en"].count("was called a person by EVILKRSE")
            for alert in others
            for reason in alert["reasons"]
            if reason["feature"] == "T02"
        } == {1}
        assert all(strength(alert) <= 0.6 for alert in others)
        assert "critical" not in {alert["severity"] for alert in others}
        assert "기관 간 표시가 서로 다르며" in others[0]["reasons"][0]["text_ko"]


@pytest.mark.parametrize("word", [None, "person", "bank"])
def test_a_word_does_not_switch_off_the_splitting_of_a_company(word):
    """Where a person's pieces under the unused cap are not reported, calling a company a person hid its pieces."""
    rules = overlay_configuration({}).rules["T01"]
    limits = tuple(
        msgspec.structs.replace(limit, value="0") if limit.name == "report_before_cap" else limit
        for limit in rules.limits
    )
    configuration = words_decide()
    changed = configuration.rules | {"T01": msgspec.structs.replace(rules, limits=limits)}
    pipeline = Pipeline(msgspec.structs.replace(configuration, rules=changed))
    if word is not None:
        pay(pipeline, 0, "1", party_type=word, institution="EVILKRSE")
    alerts = [alert for number in range(1, 4) for alert in pay(pipeline, number, "4900", party_type="company")]
    (alert,) = fired(alerts, ["T01"])
    assert "Institutions disagree" not in alert["reasons"][0]["text_en"]
    assert strength(alert) > 0.7


def test_a_disputed_finding_mutes_none_that_is_not():
    """A bank that says "company" raises the disputed one; the next payment of the bank that says "person" the other."""
    pipeline = Pipeline(words_decide())
    assert pay(pipeline, 0) == []
    (disputed,) = pay(pipeline, 1, party_type="company", institution="BKGGKRSE")
    (sure,) = pay(pipeline, 2, "1000")
    assert [disputed["status"], sure["status"]] == ["raised", "raised"]
    assert strength(disputed) < 0.6 < strength(sure)
    assert "Institutions disagree" not in sure["reasons"][0]["text_en"]
    assert pay(pipeline, 3, "1000") == []
    assert pay(pipeline, 4, "1000", party_type="company", institution="BKGGKRSE") == []


def test_a_bank_cannot_take_back_what_it_said_itself():
    """Its own earlier word judges its payments: the person whom it later calls a company is a person there."""
    pipeline = Pipeline(words_decide())
    pay(pipeline, 0)
    (alert,) = pay(pipeline, 1, party_type="company")
    assert strength(alert) > 0.6
    assert "calls this party a company here; it is known as a person" in alert["reasons"][0]["text_en"]


def test_a_disputed_alert_falls_with_what_was_taken_back():
    """A payment is returned and made again: the disputed alert is retracted, and the same size alerts again."""
    pipeline = Pipeline(words_decide())
    pay(pipeline, 0)
    other = {"party_type": "company", "institution": "BKGGKRSE"}
    assert len(pay(pipeline, 1, "90000", **other)) == 1
    (gone,) = pay(pipeline, 2, "90000", status="returned", original_event_id="e1", **other)
    assert gone["status"] == "retracted"
    assert pay(pipeline, 3, "30000", **other) == []
    (again,) = pay(pipeline, 4, "60000", **other)
    assert again["status"] == "raised"


def test_words_of_a_thousand_institutions_are_bounded_and_none_is_lost():
    """Beyond 64 institutions the words stand together; a person said there is tried for payments of all others."""
    party = Party()
    for number in range(1000):
        remember_word(party, f"MADE{number:04}", "company")
    assert len(party.words) == MOST_TOLD_APART + 1
    assert readings(party, "SHBKKRSE", "company") == ("company",)
    remember_word(party, "LAST", "person")
    remember_word(party, "LAST", "bank")
    assert readings(party, "SHBKKRSE", "company") == ("company", "person", "bank")
    assert readings(party, "LAST", "sole_trader") == ("sole_trader", "person", "company", "bank")
    assert who_said(party, "person") == [OTHERS]
    both = Party(words=joined_words(party, Party(words={"MADE0001": 1, "NEW": 8})))
    assert (both.words["MADE0001"], both.words[OTHERS], len(both.words)) == (0b101, 0b1101, MOST_TOLD_APART + 1)


def test_a_profile_ends_all_readings():
    """With it, other words are tried no more: no disputed alert on the company of a profile."""
    pipeline = Pipeline(words_decide())
    pay(pipeline, 0, "1", party_type="person", institution="EVILKRSE")
    tell(pipeline, "company")
    assert [alert for number in range(1, 5) for alert in pay(pipeline, number, party_type="company")] == []


def test_an_alert_goes_to_the_desk_of_the_type_that_it_was_judged_as():
    """The alert's own desk and the copies agree."""
    configuration = words_decide({"desks": {"persons": {"party_types": ["person"]}}})
    assert isinstance(configuration.desks["persons"], Desk)
    pipeline = Pipeline(configuration)
    pay(pipeline, 0)
    body = TRANSACTION | {
        "event_id": "x",
        "amount": "60000",
        "party_type": "bank",
        "event_time": (START + timedelta(hours=1)).isoformat(),
    }
    outputs = pipeline.send(TRANSACTIONS, body, at=START + timedelta(hours=1))
    assert "fx.alerts.persons.v1" in {output.topic for output in outputs}


def test_the_strictest_word_counts_whatever_the_order():
    """Person before sole trader before company before bank; an unknown type adds nothing."""
    for place, one in enumerate(STRICTEST_FIRST):
        assert stricter(one, "") == stricter("", one) == one
        for other in STRICTEST_FIRST[place:]:
            assert stricter(one, other) == stricter(other, one) == one
    assert stricter("", "") == ""


def test_a_disputed_alert_goes_to_the_desk_of_the_type_it_is_about():
    """Persons' desk, for the payment of a bank that calls the party a company."""
    pipeline = Pipeline(words_decide({"desks": {"persons": {"party_types": ["person"]}}}))
    pay(pipeline, 0)
    at = START + timedelta(hours=1)
    body = TRANSACTION | {
        "event_id": "x",
        "amount": "60000",
        "party_type": "company",
        "institution": "BKGGKRSE",
        "event_time": at.isoformat(),
    }
    assert "fx.alerts.persons.v1" in {output.topic for output in pipeline.send(TRANSACTIONS, body, at=at)}


def test_words_are_counted_by_institution():
    """Each payment once, and each word that is said of it."""
    pipeline = Pipeline(words_decide())
    pay(pipeline, 0, "10", evidence="exempt", report_no="R-1")
    pay(pipeline, 1, "10", institution="BKGGKRSEXXX", party_type="person", payment_id="-")
    pay(pipeline, 2, "10", party_id="P-2", party_type="bank")
    assert pipeline.core.tally.said == Counter(
        {
            ("event", "SHBKKRSE"): 2,
            ("exempt", "SHBKKRSE"): 1,
            ("reported", "SHBKKRSE"): 1,
            ("bank", "SHBKKRSE"): 1,
            ("event", "BKGGKRSE"): 1,
            ("noted", "BKGGKRSE"): 1,
            ("new_party", "SHBKKRSE"): 2,
        }
    )
    pay(pipeline, 2, "10", party_id="P-2", party_type="bank")
    assert pipeline.core.tally.said["event", "SHBKKRSE"] == 2  # sent again: a duplicate


def test_what_dates_and_currencies_take_out_of_every_total_is_counted_by_institution():
    """A payment dated 36 days back, or in gold without a rate, alerts nobody; an ordinary one beside them."""
    pipeline = Pipeline(words_decide())
    pay(pipeline, 0, "10")
    pay(pipeline, 1, "150000", institution="BKGGKRSE", event_time="2025-11-20T00:00:00Z")
    pay(pipeline, 2, "150000", institution="BKGGKRSE", currency="XAU")
    said = pipeline.core.tally.said
    assert {place: number for place, number in said.items() if place[0] in UNCOUNTED} == {
        ("late", "BKGGKRSE"): 1,
        ("rate_missing", "BKGGKRSE"): 1,
        ("new_party", "SHBKKRSE"): 1,
    }
    assert pipeline.core.tally.rate_missing == 1
    metrics = Metrics(
        partitions=1,
        versions=versions(overlay_configuration({})),
        **{name: [] for name in ("desks", "typologies", "topics", "codes", "detectors")},
    )
    metrics.sender_words.add(said)
    assert 'fxwatch_sender_words_total{institution="BKGGKRSE",word="late"} 1.0' in metrics.page().decode()


def counts(**exempt):
    """Institutions of 100 payments each, so many of them exempt."""
    return {name: {"event": 100, "exempt": number} for name, number in exempt.items()}


@pytest.mark.parametrize(
    ("held", "far"),
    [
        (counts(a=2, b=3, c=90), {"c": ("exempt",)}),
        (counts(a=30, b=35, c=90), {}),  # not three times the others' median
        (counts(a=0, b=0, c=9), {}),  # under a tenth
        (counts(a=0, b=0, c=10), {"c": ("exempt",)}),
        (counts(a=2, c=90), {}),  # one peer is none
        (counts(a=2, b=3) | {"c": {"event": 29, "exempt": 29}}, {}),  # too few to be a habit
        (counts(a=2, b=3, c=90) | {"d": {"event": 0}}, {"c": ("exempt",)}),
    ],
)
def test_an_institution_stands_out_beside_its_peers_only(held, far):
    """A tenth of its payments, and three times the median of the others."""
    assert {row.institution: row.far for row in compare_institutions(held) if row.far} == far


def test_the_screen_shows_what_the_ledger_holds(monkeypatch):
    """From the records alone: shares, the star, the largest first, and nothing but codes and figures."""
    pipeline = Pipeline(words_decide())
    hour = 0
    for name, exempt, payments in (("AAAAKRSE", 1, 40), ("BBBBKRSE", 2, 40), ("CCCCKRSE", 39, 41)):
        for number in range(payments):
            word = "person" if hour else "bank"
            pay(
                pipeline,
                hour,
                "10",
                institution=name,
                evidence="exempt" if number < exempt else "none",
                party_type=word,
            )
            hour += 1
    found = institutions.Counts()
    found.add(pipeline.log)
    shown = []
    monkeypatch.setattr(tables, "show", lambda columns, rows, **_: shown.extend([columns, *rows]))
    institutions.show(compare_institutions(found.by_institution), top=2)
    assert shown[0][:6] == ["institution", "payments", "exempt", "reported", "bank", "history"]
    assert shown[0][6:] == ["mended or left out", "other type"]
    assert shown[1] == ["CCCCKRSE", "41", "95.1% *", "0.0%", "0.0%", "0.0%", "0.0%", "0.0%"]
    assert shown[2] == ["AAAAKRSE", "40", "2.5%", "0.0%", "2.5%", "0.0%", "0.0%", "2.5%"]
    assert len(shown) == 3
    later = institutions.Counts(START + timedelta(hours=80))
    later.add(pipeline.log)
    assert {name: told["event"] for name, told in later.by_institution.items()} == {"CCCCKRSE": 41}


def test_named_institutions_keep_their_place_in_the_metrics():
    """A sender that makes up a thousand institutions cannot push the configured ones off the page."""
    configuration = overlay_configuration({"admission": {"institutions": ["SHBKKRSE"]}})
    nothing: dict[str, list[str]] = {name: [] for name in ("desks", "typologies", "topics", "codes", "detectors")}
    metrics = Metrics(
        partitions=1, versions=versions(configuration), institutions=configuration.admitted.institutions, **nothing
    )
    metrics.sender_words.add({("exempt", f"MADE{number:04}"): 1 for number in range(1000)})
    metrics.sender_words.add({("exempt", "SHBKKRSE"): 7})
    page = metrics.page().decode()
    assert 'fxwatch_sender_words_total{institution="SHBKKRSE",word="exempt"} 7.0' in page
    assert page.count('word="exempt"') <= MOST_INSTITUTIONS + 1


def test_the_command_explains_itself():
    """With its example."""
    assert "fxwatch institutions --since" in CliRunner().invoke(institutions.command, ["--help"]).output
