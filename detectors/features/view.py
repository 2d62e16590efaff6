"""What the features see of an event, and what a feature says: plain numbers, no tokens beyond the counterparty's."""

import msgspec


class EventView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One payment as the features see it. None always means "not known", never 0.

    `event_time_s` is seconds since 1970 (UTC); `local_hour` (0-24, with fraction) and `local_weekday` (0 = Monday)
    are in the legal time zone. `deal_deviation_bp` is the deal rate over the reference rate, in basis points, signed.
    `doc_line_ratio` is `amount_usd` divided by the document line in force; `sum_7d_usd` the party's total in this
    direction over the last 7 days of event time, this payment included. `turnover_usd` is the party's reported yearly
    turnover, `exchange_inflow_usd` what came to it from virtual-asset exchanges in the 24 hours before, as its
    institution says.
    """

    event_time_s: float
    direction: str
    party_type: str
    channel: str
    country: str
    currency: str
    purpose: str | None
    institution: str
    counterparty: str
    amount_usd: float | None
    deal_deviation_bp: float | None
    no_document: bool
    local_hour: float
    local_weekday: int
    doc_line_ratio: float | None
    sum_7d_usd: float | None
    trade_terms: str | None = None
    turnover_usd: float | None = None
    exchange_inflow_usd: float | None = None


class Feature(msgspec.Struct, frozen=True, gc=False):
    """One measured property of an event.

    `value` is in `unit`, as an investigator reads it. `deviation` is what the models see: how far the event is from its
    baseline, in spreads of that baseline or in nats of surprise; signed where both sides are odd, else >= 0 with 0
    usual. `own_baseline` and `peer_baseline` say what was usual, in the value's unit unless the feature's file says
    otherwise; `own_n` is how many of the party's own observations stand behind it. None means not known (or not
    applicable).
    """

    name: str
    value: float | None
    unit: str
    deviation: float | None
    own_baseline: float | None
    own_n: int
    peer_baseline: float | None
