"""A payment as the contract's transaction: seen from the resident party, with nothing invented.

Each step puts fields in, or notes a fault; a text counts as used only once a field was made from it.
"""

from decimal import Decimal
from typing import Any

import orjson

from streams.contracts.identifiers import DEFAULT, PLACEHOLDER, Identifiers
from streams.contracts.inputs import INPUTS, TRANSACTIONS
from streams.contracts.iso_registers import MINOR_UNITS, has_more_places
from streams.contracts.record_lines import LATEST_MS
from streams.contracts.refusal_codes import Fault
from streams.ingest.decode import decode, find_faults
from streams.ingest.formats.parameters import BY_IDENTIFIER, Parameters
from streams.ingest.formats.payment import Identifier, MessagePayment, Side, inverse
from streams.ingest.formats.tree import FoundText, Node

# CONTRACT: remittance_info has at most 140 characters, a purpose 16, a branch 32
REMITTANCE_LIMIT, PURPOSE_LIMIT, BRANCH_LIMIT = 140, 16, 32
# amounts may differ from instructed amount times rate by charges; a rate read the wrong way round differs by far more
CHARGES_SHARE = Decimal("0.1")
VALUE_DATE = "value date, with time_of_day and utc_offset"
FORWARD = (
    "at most 24 h after the record's timestamp; a value date that lies ahead is not the time of order: "
    "say it by the parameter order_date"
)
_NOBODY = "a placeholder: it names nobody"


class Transaction:
    """One payment under conversion. `body` is the contract's JSON object when `faults` is empty.

    `mapped` are (node, field, note), `unmapped` (node, reason): whoever reports them asks the nodes for their paths.
    """

    def __init__(
        self,
        payment: MessagePayment,
        parameters: Parameters,
        identifiers: Identifiers = DEFAULT,
        timestamp_ms: int | None = None,
    ) -> None:
        self._identifiers = identifiers
        # where no time of sending is known, nothing is in the future
        self._timestamp_ms = timestamp_ms if timestamp_ms is not None and timestamp_ms >= 0 else LATEST_MS
        self.body: dict[str, Any] = {}
        self.mapped: list[tuple[Node, str, str]] = []
        self.unmapped: list[tuple[Node, str]] = []
        self.faults: list[Fault] = []
        self._payment, self._parameters = payment, parameters
        for found in payment.nobody:
            self._set_aside(found, _NOBODY)
        self._put("event_id", payment.event_id)
        if payment.payment_id is not None:
            self._put("payment_id", payment.payment_id)
        direction = self._direction()
        if direction is None:
            return
        out = direction == "out"
        own, other = (payment.debtor, payment.creditor) if out else (payment.creditor, payment.debtor)
        self._time(direction)
        self._parties(own, other)
        self._banks(own, other)
        self._contract_party(payment.ultimate_creditor if out else payment.ultimate_debtor)
        self._amounts(out=out)
        self._purpose()
        self._remittance()
        if not self.faults:
            self._check()

    def _put(self, field: str, found: FoundText, note: str = "", text: str | None = None) -> None:
        self.body[field] = found.text if text is None else text
        for node in (found.node, *found.also):
            node.used = True
            self.mapped.append((node, field, "; ".join(part for part in (found.note, note) if part)))

    def _set_aside(self, found: FoundText | None, reason: str) -> None:
        """Report a text with a reason of its own instead of the general one."""
        if found is not None and not found.node.used:
            found.node.used = True
            self.unmapped.append((found.node, reason))

    def _direction(self) -> str | None:
        """`out` or `in`: the side that is resident. Where both are, the sides' banks decide (an own account abroad)."""
        home = self._parameters.resident_country
        debtor, creditor = self._payment.debtor, self._payment.creditor
        pair, whose = (debtor.country, creditor.country), "country (residence, address or own BIC; else its bank's)"
        if all(one is not None and one.text == home for one in pair):
            pair, whose = (debtor.country_of_bank, creditor.country_of_bank), "bank's country, as both are resident"
        if any(one is None for one in pair):
            sides_without = [side for side, one in zip(("debtor", "creditor"), pair, strict=True) if one is None]
            expected = f"the {' and '.join(sides_without)}'s {whose}; of a bank: BIC, IBAN, address or clearing code"
            self.faults.append(Fault("message.resident", "", expected))
            return None
        sides = [one.text == home for one in pair if one is not None]
        if sides[0] is sides[1]:
            here = (
                "both are, so that it does not cross the border"
                if sides[0]
                else "neither is (parameter resident_country)"
            )
            expected = f"one side in the resident country, the other abroad; here {here}"
            self.faults.append(Fault("message.resident", "", expected))
            return None
        self.body["direction"] = "out" if sides[0] else "in"
        for found in pair:
            if found is not None:
                found.node.used = True
                self.mapped.append((found.node, "direction", found.note))
        return str(self.body["direction"])

    def _time(self, direction: str) -> None:
        payment, offset = self._payment, self._parameters.utc_offset
        if payment.time is not None:
            self._put("event_time", payment.time)
            return
        local = next((found for side, found in payment.local_times if side == direction), None)
        if local is not None and offset is not None:
            self._put("event_time", local, "offset from utc_offset", f"{local.text}{offset}")
            return
        day, hour = self._parameters.order_date, self._parameters.time_of_day
        if local is None and offset is not None and hour is not None:
            if day is not None:
                self.body["event_time"] = f"{day}T{hour}:00{offset}"
                return
            if payment.value_date is not None:
                written = f"{payment.value_date.text}T{hour}:00{offset}"
                self._put("event_time", payment.value_date, VALUE_DATE, written)
                return
        dated = day is not None or payment.value_date is not None
        needed = [
            name
            for name, told in (
                ("utc_offset", offset is not None),
                ("time_of_day", local is not None or hour is not None),
                ("order_date", local is not None or dated),
            )
            if not told
        ]
        expected = f"a time with its offset, or the parameter{'s' * (len(needed) > 1)} {' and '.join(needed)}"
        self.faults.append(Fault("message.time", "event_time", expected))

    def _parties(self, own: Side, other: Side) -> None:
        chosen = self._identity("party_id", own)
        self._identity("counterparty_id", other)
        kind = self._parameters.party_type
        if kind == BY_IDENTIFIER:
            kind = self._kind(own, chosen)
            if not kind:
                expected = "a private or organisation identification, or a party_type other than by-identifier"
                self.faults.append(Fault("message.identifier", "party_type", expected))
        self.body["party_type"] = kind
        self.body["channel"] = self._parameters.channel
        for field, account in (("party_account", own.account), ("counterparty_account", other.account)):
            if account is not None and not self._names_nobody(account):
                self._put(field, account)
        country = other.country
        if country is not None:
            self._put("counterparty_country", country)

    @staticmethod
    def _kind(side: Side, chosen: Identifier | None) -> str:
        if side.person:
            return "person"
        return chosen.kind if chosen is not None else ""

    def _names_nobody(self, found: FoundText) -> bool:
        """Whether a text is a placeholder, which is then reported as one."""
        if not self._identifiers.names_nobody(found.text):
            return False
        self._set_aside(found, _NOBODY)
        return True

    def _identity(self, field: str, side: Side) -> Identifier | None:
        told = [one for one in side.identifiers if not self._names_nobody(one.found)]
        account = side.account if side.account is not None and not self._names_nobody(side.account) else None
        chosen, note = next((one for one in told if not one.own), None), ""
        if chosen is None and self._parameters.institution_numbers:
            note = "one institution's own number: sums across institutions miss it"
            chosen = told[0] if told else Identifier(account) if account is not None else None
        if chosen is None:
            held = len(told) < len(side.identifiers) or account is not side.account
            expected = "a registered identification of the party"
            if told or account is not None:
                expected += ", or the parameter institution_numbers"
            self.faults.append(Fault(PLACEHOLDER if held else "message.identifier", field, expected))
            return None
        self._put(field, chosen.found, note)
        for one in told:
            # the chosen one is used by now, and stays as it is
            self._set_aside(one.found, "a further identification of the same party")
        return chosen

    def _banks(self, own: Side, other: Side) -> None:
        given = self._parameters.institution
        if given is not None:
            self.body["institution"] = given
        elif (bank := own.bank or own.bank_by_standard) is not None:
            self._put("institution", bank)
        else:
            expected = "the BIC of the resident party's bank, or the parameter institution"
            self.faults.append(Fault("message.identifier", "institution", expected))
        if own.branch is not None and self._identifiers.code(own.branch.text)[1] == PLACEHOLDER:
            self._set_aside(own.branch, _NOBODY)
        elif own.branch is not None and len(own.branch.text) <= BRANCH_LIMIT:
            self._put("branch", own.branch)
        abroad = other.country_of_bank
        if abroad is not None:
            self._put("counterparty_bank_country", abroad)

    def _contract_party(self, identifiers: tuple[Identifier, ...]) -> None:
        shared = [
            one
            for one in identifiers
            if (not one.own or self._parameters.institution_numbers) and not self._names_nobody(one.found)
        ]
        if shared:
            self._put("contract_counterparty_id", shared[0].found)

    def _amounts(self, *, out: bool) -> None:
        payment, local = self._payment, self._parameters.local_currency
        self._put("amount", payment.amount)
        self._put("currency", payment.currency)
        self._places("amount", payment.amount.text, payment.currency.text)
        ordered, currency = payment.instructed_amount, payment.instructed_currency
        if ordered is not None and currency is not None:
            why = self._not_local(currency.text, out=out)
            if not why:
                self._put("settled_amount", ordered)
                self._put("settled_currency", currency, f"local currency {local}")
                self._places("settled_amount", ordered.text, currency.text)
                self._rate(ordered)
                return
            self._set_aside(ordered, why)
            self._set_aside(currency, why)
        self._set_aside(payment.rate, "no local side of the deal that it would belong to")

    def _places(self, field: str, amount: str, currency: str) -> None:
        """Both standards forbid more decimal places than the currency has; an unknown currency is the door's fault."""
        if currency in MINOR_UNITS and has_more_places(amount, currency):
            expected = f"at most {MINOR_UNITS[currency]} decimal places in {currency}"
            self.faults.append(Fault("amount.minor_units", field, expected))

    def _not_local(self, currency: str, *, out: bool) -> str:
        """Why the instructed amount is not the local side of the deal; empty when it is."""
        if self._parameters.local_currency is None:
            return "the local currency was not said (parameter local_currency)"
        if currency == self._payment.currency.text:
            return "ordered in the currency that crossed: only charges lie between, and the contract has no field"
        if currency != self._parameters.local_currency:
            return "ordered in a third currency: not the local side of the deal"
        return "" if out else "ordered by the foreign side: not the local side of the deal"

    def _rate(self, ordered: FoundText) -> None:
        """`deal_rate` is local units for one foreign unit, the message's rate the other way; the amounts confirm it."""
        rate = self._payment.rate
        if rate is None:
            return
        value, local, foreign = Decimal(rate.text), Decimal(ordered.text), Decimal(self._payment.amount.text)
        if not value or not local or not foreign:
            self._set_aside(rate, "zero")
            return
        if abs(local * value / foreign - 1) <= CHARGES_SHARE:
            turned = inverse(rate.text)
            if turned is None:
                self._set_aside(rate, "too few digits to be turned round without a false deviation from the market")
            else:
                self._put("deal_rate", rate, "turned round: local units for one foreign unit", turned)
        elif abs(foreign * value / local - 1) <= CHARGES_SHARE:
            self._put("deal_rate", rate, "as written: the amounts show that the sender quoted it the other way round")
        else:
            self._set_aside(rate, "the two amounts confirm it in neither direction")

    def _purpose(self) -> None:
        home = self._parameters.resident_country
        codes = [found for country, found in self._payment.purposes if country in (home, None)]
        found = codes[0] if codes else None
        if found is None and self._parameters.transaction_purpose:
            found = self._payment.transaction_purpose
        if found is not None and len(found.text) <= PURPOSE_LIMIT:
            self._put("purpose", found)
        for further in codes[1:]:
            self._set_aside(further, "a further regulatory code: the contract has room for one")

    def _remittance(self) -> None:
        lines = self._payment.remittance
        whole = " ".join(found.text for found in lines)
        if not whole:
            return
        for found in lines:
            self._put("remittance_info", found, "", whole[:REMITTANCE_LIMIT])
        if len(whole) > REMITTANCE_LIMIT:
            reason = f"characters {REMITTANCE_LIMIT + 1} to {len(whole)} of the remittance information: over the limit"
            self.unmapped.append((lines[-1].node, reason))

    def _check(self) -> None:
        """The door's own rules, so that what is converted is what any sender's record must be."""
        topic, value = INPUTS[TRANSACTIONS], orjson.dumps(self.body)
        key = str(self.body["party_id"]).encode()
        if decode(topic, self._timestamp_ms, key, value, self._identifiers) is None:
            found = find_faults(topic, self._timestamp_ms, key, value, self._identifiers)
            self.faults += [self._with_advice(fault) for fault in found]

    def _with_advice(self, fault: Fault) -> Fault:
        """Of a payment that was sent days before its value date: what the sender can say about it."""
        by_value_date = any(note == VALUE_DATE for _, field, note in self.mapped if field == "event_time")
        return Fault(fault.code, fault.field, FORWARD) if fault.code == "time.future" and by_value_date else fault
