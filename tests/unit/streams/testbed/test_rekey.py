"""Which field of which event an excerpt of a ledger keeps, moves or names anew."""

from datetime import UTC, datetime

import msgspec

from detectors.contracts.events import ConfigurationChange, Declaration, Disposition, Profile, Rate, Transaction
from streams.testbed import rekey
from tests.support.ledger import configuration

NOON = datetime(2026, 4, 20, 12, tzinfo=UTC)
DISPOSITION = Disposition(
    event_id="1" * 32,
    identity="4" * 32,
    body="5" * 32,
    alert_id="2" * 32,
    party="k1.00a." + "1" * 32,
    verdict="confirmed",
    investigator="I-1",
    decided_at=NOON,
    reason_hash="3" * 32,
)

# What stays as it is: classes, places, amounts and figures, nothing that names a person, a firm, a matter or a record.
KEPT = {
    "notes",
    "direction",
    "status",
    "party_type",
    "counterparty_country",
    "counterparty_bank_country",
    "institution",
    "branch",
    "channel",
    "amount",
    "currency",
    "settled_amount",
    "settled_currency",
    "deal_rate",
    "purpose",
    "evidence",
    "report_type",
    "trade_terms",
    "hs_code",
    "ip_country",
    "exchange_linked_inflow_24h",
    "remittance_classes",
    "kind",
    "quantity",
    "quantity_unit",
    "value",
    "incoterm",
    "origin_country",
    "line",
    "base",
    "quote",
    "mid",
    "capital_krw",
    "source",
    "turnover_krw",
    "industry_code",
    "size",
    "employees",
    "region",
    "verdict",
    "amount_krw",
    "sanction",
    "residency",
    "designated_bank",
    "register",
    "voluntary",
    "snooze_typology",
    "shared_kind",
}
TIMES = {
    "event_time",
    "goods_due",
    "declared_time",
    "settlement_due",
    "rate_time",
    "registered_on",
    "as_of",
    "decided_at",
    "snooze_until",
}


def test_every_field_of_every_event_is_decided_on():
    """A field added to an event must be said to be kept, shifted or re-keyed; until then this fails."""
    handled = {
        *rekey._SPACES,
        *rekey._TOKENS,
        *rekey._DROPPED,
        "related_counterparties",
        "previous",
        "former",
    }
    for kind in (Transaction, Declaration, Rate, Profile, Disposition):
        assert set(kind.__struct_fields__) <= handled | KEPT | TIMES, kind
    assert not handled & (KEPT | TIMES)


def test_a_shared_thing_is_re_keyed_and_a_group_of_goods_is_nobodys():
    """The same thing in a payment and in a verdict stays the same."""
    rekeyer = rekey.Rekeyer([])
    device = "k1.00a." + "1" * 32
    told = [
        rekeyer.event(msgspec.structs.replace(DISPOSITION, shared_kind=kind, shared_token=token)).shared_token
        for kind, token in (("device", device), ("goods", "870321/CN/KG"))
    ]
    assert told == [rekeyer.token(device), "870321/CN/KG"]


def test_officers_that_a_configuration_lists_are_named_as_in_their_verdicts():
    """Else an excerpt names them, and no verdict in it counts. Rules, days and a list without officers stay."""
    rekeyer = rekey.Rekeyer([])
    listing = configuration(admission={"officers": ["I-1", "I-2"], "institutions": ["SHBKKRSE"]})
    told = rekeyer.configuration(ConfigurationChange(configuration=listing)).configuration
    verdict = rekeyer.event(DISPOSITION)
    assert DISPOSITION.investigator == "I-1"
    assert told.admitted.officers[0] == verdict.investigator != "I-1"
    assert len(set(told.admitted.officers) | {"I-1", "I-2"}) == 4
    assert told.admitted.institutions == ("SHBKKRSE",)
    assert (told.rules, told.legend, told.engine) == (listing.rules, listing.legend, listing.engine)
    without = ConfigurationChange(configuration=configuration())
    assert rekeyer.configuration(without) == without


def test_a_rotated_party_stays_in_one_slot():
    """A party's tokens under two keys stay two tokens, in one slot, and their being one party is still told."""
    old, new = "k1.00a." + "1" * 32, "k2.00a." + "2" * 32
    rekeyer = rekey.Rekeyer([(new, old)])
    first, second = rekeyer.token(old), rekeyer.token(new)
    assert first != second
    assert first.split(".")[1] == second.split(".")[1]
    rate = Rate(
        event_id="e", identity="i", body="b", previous={new: old}, base="USD", quote="KRW", mid="1", rate_time=NOON
    )
    assert rekeyer.event(rate).previous == {second: first}
