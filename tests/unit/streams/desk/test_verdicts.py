"""An officer's decision: its record, what is refused, what stands already, and what is told of it."""

import json
from datetime import timedelta

import msgspec
import pytest

from detectors.contracts.events import Source
from streams.alert_text.alert_text import read_alert, text_of
from streams.desk.alert_heads import read_head
from streams.desk.disposing import Done, check, find_same_verdict, make_decision, record_of
from streams.desk.positions import At
from streams.desk.reasons import _reason
from streams.desk.verdicts import LedgerVerdict, Verdicts, read_verdict
from streams.desk_text.dispose_text import alert_line, done_json, done_lines, dry_line
from streams.desk_text.history_text import history_lines
from streams.errors import UsageError
from streams.keys.signed_records import SIGNATURE
from streams.settings import load_settings
from tests.support.desk_records import NOON, OTHER, PARTY, SEOUL, Record, disposition, payment, record
from tests.support.korean import foreign_words
from tests.support.repository import ROOT


def decision(**changed):
    fields = {
        "alert_id": "1" * 32,
        "party": PARTY,
        "verdict": "refuted",
        "reason": "서류 확인",
        "investigator": "I-17",
        "decided_at": NOON,
    }
    return make_decision(**fields | changed)


def test_a_decision_has_one_id_whoever_sends_it_again():
    """So that ingest tells it for a duplicate; any change of what it says is another one."""
    one = msgspec.to_builtins(decision())
    assert one == msgspec.to_builtins(decision(decided_at=NOON.astimezone(SEOUL)))
    assert one["decided_at"] == "2026-04-28T03:00:00Z"
    assert one["event_id"] == "desk-60bfaf4fc1b51797bb88c49e8540d14d", "the same in every release"
    changes = (
        {"verdict": "confirmed"},
        {"reason": "x"},
        {"investigator": "I-2"},
        {"alert_id": "2" * 32},
        {"decided_at": NOON + timedelta(seconds=1)},
        {"sanction": "none"},
        {"party": OTHER},
    )
    assert len({one["event_id"], *(decision(**each).event_id for each in changes)}) == 1 + len(changes)


def test_a_decision_is_what_the_contract_wants():
    """Key, fields, no more; signed where there is a key."""
    from nacl.signing import SigningKey

    made = record_of(decision(amount_krw="1000"))
    assert (made.topic, made.key, made.headers) == ("fx.dispositions.v1", PARTY.encode(), ())
    assert json.loads(made.value).keys() == {
        "event_id",
        "alert_id",
        "party",
        "verdict",
        "reason",
        "investigator",
        "decided_at",
        "amount_krw",
    }
    assert [name for name, _ in record_of(decision(), SigningKey(b"1" * 32)).headers] == [SIGNATURE]
    check(load_settings(), decision(sanction="fine", office="서울", legal_basis="제15조"))


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 2001}, "reason"),
        ({"amount_krw": "-1"}, "amount_krw"),
        ({"amount_krw": "1e3"}, "amount_krw"),
        ({"party": "KR-1"}, "party"),
        ({"investigator": "a\nb"}, "investigator"),
        ({"decided_at": NOON + timedelta(days=40_000)}, "decided_at"),
    ],
    ids=["no reason", "long reason", "negative", "no decimal", "no token", "control character", "in the future"],
)
def test_what_ingest_would_refuse_is_not_sent(changed, word):
    """By the door's own rules, with the field."""
    with pytest.raises(UsageError, match=word):
        check(load_settings(), decision(**changed))


def test_a_terminal_that_is_not_utf_8_is_told_so():
    """Bytes of the command line that are no UTF-8 reach a command as surrogates; `가` in EUC-KR."""
    with pytest.raises(UsageError, match=r"not UTF-8; got: '\\udcb0\\udca1'; expected: UTF-8"):
        decision(reason=b"\xb0\xa1".decode(errors="surrogateescape"))


def test_an_officer_who_is_not_listed_is_told_so():
    """The monitor would refuse the verdict where nobody at the desk sees it."""
    settings = load_settings(effective_tables={"admission": {"officers": ["I-2"]}})
    with pytest.raises(UsageError, match="verdicts of this officer do not count"):
        check(settings, decision())
    check(settings, decision(investigator=" i-2"))


def given(verdict="refuted", minutes=0, officer="I-17"):
    return LedgerVerdict(
        event_id=f"{verdict} {minutes}",
        alert_id="1" * 32,
        party=PARTY,
        verdict=verdict,
        investigator=officer,
        partition=3,
        decided_at=NOON + timedelta(minutes=minutes),
        offset=minutes,
        source=None,
    )


def test_what_stands_already_is_not_sent_again():
    """The same verdict of the same officer; another's does not count for it."""
    made = Verdicts()
    assert find_same_verdict(made, decision()) is None
    made.add(given())
    assert find_same_verdict(made, decision(decided_at=NOON + timedelta(hours=1))) == given()
    assert find_same_verdict(made, decision(investigator="I-2")) is None
    assert find_same_verdict(made, decision(verdict="confirmed", decided_at=NOON + timedelta(hours=1))) is None


def test_a_verdict_with_other_details_is_not_taken_for_the_one_that_stands():
    """Failure prevented: an officer who added the confirmed amount was told that the verdict stands, without it."""
    made = Verdicts()
    made.add(msgspec.structs.replace(given("confirmed"), amount_krw="1000"))
    again = {"verdict": "confirmed", "decided_at": NOON + timedelta(hours=1)}
    assert find_same_verdict(made, decision(**again, amount_krw="1000")) is not None
    assert find_same_verdict(made, decision(**again)) is not None
    for more in ({"amount_krw": "2000"}, {"sanction": "fine"}):
        with pytest.raises(UsageError, match=f"without these details; got: {next(iter(more))}"):
            find_same_verdict(made, decision(**again, **more))


def test_an_outdated_verdict_and_one_that_withdraws_nothing_are_refused():
    """The monitor would refuse the first; the second would leave a withdrawal of nothing."""
    made = Verdicts()
    with pytest.raises(UsageError, match="no verdict to withdraw"):
        find_same_verdict(made, decision(verdict="withdrawn"))
    made.add(given(minutes=5))
    with pytest.raises(UsageError, match="decided otherwise at a later time"):
        find_same_verdict(made, decision(verdict="confirmed"))


def test_a_verdict_is_read_from_its_ledger_record():
    """And nothing else is taken for one."""
    made = read_verdict(record(disposition(amount_krw="5")), 3)
    assert (made.verdict, made.amount_krw, made.source, made.partition) == (
        "refuted",
        "5",
        Source("fx.dispositions.v1", 4, 106),
        3,
    )
    assert read_verdict(record(payment()), 3) is None
    assert read_verdict(record(disposition())._replace(value=b"{"), 3) is None


def test_a_reason_is_shown_only_where_it_is_the_verdicts_own():
    """A topic that was made anew has other records at the same offsets."""
    made = read_verdict(record(disposition()), 3)

    def at(**body):
        value = json.dumps({"event_id": "desk-1", "alert_id": "1" * 32, "reason": "papers seen"} | body).encode()
        return At(106, "record", Record(b"", value, (), 106, 0))

    assert _reason(made, at()) == "papers seen"
    assert _reason(made, at(event_id="other")) is None
    assert _reason(made, at(alert_id="other")) is None
    assert _reason(made, At(106, "record", Record(b"", b"\xff", (), 106, 0))) is None
    assert _reason(made, At(106, "record", Record(b"", b"[]", (), 106, 0))) is None
    assert _reason(made, At(106, "deleted")) is None


def test_a_history_says_who_said_what_and_why():
    """In both languages; a reason that is not kept is said to be so, one that may not be read too."""
    alert = json.loads((ROOT / "tests" / "golden" / "alert.json").read_bytes())
    head = read_head(json.dumps(alert | {"alert_id": "1" * 32, "party": PARTY}).encode())
    made = Verdicts(["I-17"])
    made.add(given(minutes=1))
    made.add(given("confirmed", 2, officer="nobody"))
    reasons = {(3, 1): "papers\nseen"}
    text = text_of(history_lines([head], "1" * 32, made, reasons, SEOUL, "en"))
    assert "Reason: papers\ufffdseen" in text
    assert "Its reason is not kept any more" in text
    assert "does not count" in text
    korean = text_of(history_lines([head], "1" * 32, made, {}, SEOUL, "ko"))
    assert [word for word in foreign_words(korean) if word != "nobody"] == []
    assert "열람할 권한이 없습니다" in text_of(history_lines([head], "1" * 32, made, None, SEOUL, "ko"))
    assert "verdicts are not known" in text_of(history_lines([head], "1" * 32, None, None, SEOUL, "en"))
    assert "no verdict yet" in text_of(history_lines([head], "1" * 32, Verdicts(), {}, SEOUL, "en"))


@pytest.mark.parametrize(
    ("usd", "krw", "told"),
    [("5.00", "7000", "5.00 USD"), (None, "7000", "7,000 KRW"), (None, None, "not converted")],
    ids=["both", "won alone", "neither"],
)
def test_the_alert_that_is_judged_is_named_with_the_amount_of_the_list(usd, krw, told):
    """Failure prevented: an alert that the list shows in won had no amount where it was judged."""
    alert = json.loads((ROOT / "tests" / "golden" / "alert.json").read_bytes())
    read = read_alert(json.dumps(alert | {"amount_usd": usd, "amount_krw": krw}).encode())
    assert f", {told}" in alert_line(read, "en")


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("outcome", ["sent", "taken_in", "refused"])
def test_what_became_of_a_verdict(outcome, lang):
    """Sent is not taken in, and who was not seen in the ledger is told what to do."""
    done = Done(
        decision=decision(),
        outcome=outcome,
        partition=2,
        offset=5,
        ledger_partition=3,
        ledger_offset=99,
        codes=("signature.missing",),
        why="",
    )
    text = "\n".join(done_lines(done, 30, lang))
    assert ("3:99" in text) == (outcome == "taken_in")
    assert ("deadletter list --topic fx.dispositions.v1 --offset 2:5" in text) == (outcome == "sent")
    assert ("--decided-at 2026-04-28T03:00:00Z" in text) == (outcome == "sent")
    assert ("signature.missing" in text) == (outcome == "refused")
    if lang == "ko":
        assert [word for word in foreign_words(text) if word not in {"signature", "missing"}] == []
    assert done_json(done)["outcome"] == outcome


def test_who_does_not_wait_is_not_told_that_nothing_came():
    """With --wait 0 it is said that it was sent, and no search for a fault is advised; --dry-run says so too."""
    done = Done(decision=decision(), outcome="sent", partition=2, offset=5)
    assert list(done_lines(done, 0, "ko")) == ["  의심 해소, 담당관 I-17: 전송됨, 아직 접수 전"]
    assert dry_line(decision(), "ko") == "  의심 해소, 담당관 I-17: 확인만 하고 전송하지 않음(--dry-run)"
    assert dry_line(decision(), "en") == "  refuted, by I-17: checked and not sent (--dry-run)"
