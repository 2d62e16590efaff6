"""Residents of the preset `full`: people, sole traders, firms of industries, exchangers and bank desks."""

from dataclasses import replace
from datetime import date, timedelta

from streams.generator.draw import Draw
from streams.generator.industries import INDUSTRIES, SERVICE_INDUSTRIES, SMALL_FORMS
from streams.generator.pools import SHARED, Pools, partner
from streams.generator.population import (
    BANKS,
    GOODS,
    LARGE_KRW,
    MEDIUM_KRW,
    PREFIX,
    REGIONS,
    SMALL_REMITTERS,
    Counterparty,
    Resident,
)
from streams.generator.roles import CARD_ISSUERS, EXCHANGERS, GOODS_ROLES, LEAST_OF_A_ROLE, ROLES, RoleFacts

# of importers, exporters and online sellers
NEW_FIRMS, GROWING_FIRMS = 0.05, 0.04
# of persons, those who share telephone and device with another one
SAME_HOUSEHOLD = 0.03
# whose usual counterparty appears under a second name on the same account (a family's or a firm's other name)
TWO_NAMES = 0.05
WON_A_DOLLAR = 1_400
INDUSTRY_NAMES = tuple(INDUSTRIES)


def residents(seed: int, count: int, start: date, days: int) -> list[Resident]:
    """`count` residents, two or more of every role from 60 on. Some firms are founded within the span."""
    total = sum(facts.share for facts in ROLES.values())
    counts = {role: max(LEAST_OF_A_ROLE, round(count * facts.share / total)) for role, facts in ROLES.items()}
    counts["salaried"] += count - sum(counts.values())
    pools = Pools(seed)
    people: list[Resident] = []
    for role, number in counts.items():
        maker = _Maker(seed, role, pools, start, days)
        people += [maker.make(len(people) + index, index) for index in range(number)]
    return people


class _Maker:
    """Makes the residents of one role, from draws of its own."""

    def __init__(self, seed: int, role: str, pools: Pools, start: date, days: int) -> None:
        self.role, self.pools, self.start, self.days = role, pools, start, days
        self.facts: RoleFacts = ROLES[role]
        self.draw = Draw(seed, "country", role)
        self._last: Resident | None = None

    def make(self, number: int, index: int) -> Resident:
        draw, facts = self.draw, self.facts
        opaque = f"{(number * 7_368_787 + 1_299_709) % 10_000_019:08}"
        industry = self._industry()
        person = Resident(
            id=f"KR-{PREFIX[facts.party_type]}-{opaque}",
            party_type=facts.party_type,
            role=self.role,
            account=f"KR{draw.integer(10**10, 10**11 - 1)}",
            device=f"dev-{draw.integer(16**7, 16**8 - 1):x}",
            contact=f"tel-{draw.integer(10**7, 10**8 - 1)}",
            institutions=self._institutions(index),
            counterparties=[],
            usual_usd=draw.spread(*facts.usual_usd),
            spread_bp=draw.uniform(*facts.spread_bp),
            weight=facts.activity * draw.uniform(0.4, 1.6),
            industry=industry,
        )
        partners = draw.integer(*facts.partners)
        person.counterparties = [self._partner(industry, f"{opaque}{place}") for place in range(partners)]
        if self.role != "traveller" and draw.chance(TWO_NAMES):
            first = person.counterparties[0]
            person.counterparties.append(replace(first, id=f"{first.country}-{opaque}{partners}"))
        if self.role in GOODS_ROLES:
            firm = facts.party_type == "company"
            person.forms = INDUSTRIES[industry].forms if firm else SMALL_FORMS
            person.growing = self.role in {"importer", "exporter", "online_seller"} and draw.chance(GROWING_FIRMS)
            if firm and self.role != "intra_group" and draw.chance(NEW_FIRMS):
                person.founded_day, person.growing = draw.integer(1, self.days * 2 // 3), draw.chance(0.6)
        person.profile = self._profile(person)
        if person.party_type == "person" and self._last is not None and draw.chance(SAME_HOUSEHOLD):
            person.device, person.contact = self._last.device, self._last.contact
        self._last = person
        return person

    def _industry(self) -> str:
        if self.role in GOODS_ROLES:
            return self.draw.pick(INDUSTRY_NAMES)
        return self.draw.pick(SERVICE_INDUSTRIES) if self.role == "service_firm" else ""

    def _institutions(self, index: int) -> tuple[str, ...]:
        draw, reach = self.draw, self.facts.reach
        if self.role == "money_exchanger":
            return (EXCHANGERS[index % len(EXCHANGERS)],)
        if reach == "own":
            return (BANKS[index % len(BANKS)],)
        if reach == "card":
            return (draw.pick(CARD_ISSUERS), draw.pick(EXCHANGERS))
        small = reach == "remitter" and draw.chance(0.7 if self.role == "migrant" else 1.0)
        first = draw.pick(SMALL_REMITTERS) if small else draw.pick(BANKS)
        return tuple(dict.fromkeys((first, draw.pick(BANKS)))) if draw.chance(0.25) else (first,)

    def _partner(self, industry: str, serial: str) -> Counterparty:
        draw, corridors = self.draw, self.facts.corridors
        if self.role in {"freelancer", "online_seller"} and draw.chance(0.6):
            found = self.pools.near(draw, self.pools.platforms, "")
            return self._dealing(found, industry)
        if self.role == "traveller":
            # on the way, people change money and draw cash for themselves: the other side is the traveller
            return draw.pick(self.pools.shops) if draw.chance(0.75) else partner(draw, corridors, f"SELF{serial}")
        if self.role in GOODS_ROLES:
            if self.role != "intra_group" and draw.chance(SHARED):
                return self._dealing(self.pools.supplier(draw, industry), industry)
            return partner(draw, corridors, serial, draw.pick(INDUSTRIES[industry].goods))
        # firms beside the goods trade could deal in anything, and rarely do
        return partner(draw, corridors, serial, None if self.facts.party_type == "person" else draw.pick(GOODS))

    def _dealing(self, found: Counterparty, industry: str) -> Counterparty:
        """A copy that deals in one of the industry's goods, where there is an industry."""
        goods = INDUSTRIES[industry].goods if industry in INDUSTRIES else (("", "", 0.0),)
        code, unit, usd = self.draw.pick(goods)
        return Counterparty(found.id, found.account, found.country, found.currency, code, unit, usd)

    def _profile(self, person: Resident) -> dict[str, object]:
        draw = self.draw
        common: dict[str, object] = {"party_id": person.id, "party_type": person.party_type}
        if person.party_type == "person":
            return {**common, "region": draw.pick(REGIONS)}
        # a year's foreign trade of 12 to 60 usual payments is a third of the turnover
        turnover = int(person.usual_usd * draw.integer(12, 60) * WON_A_DOLLAR * 3)
        registered = date(draw.integer(1985, self.start.year - 2), draw.integer(1, 12), draw.integer(1, 28))
        if person.founded_day:
            registered = self.start + timedelta(days=person.founded_day - 1)
            turnover //= 10
        size = "large" if turnover > LARGE_KRW else "medium" if turnover > MEDIUM_KRW else "small"
        related = self._related(person)
        return {
            **common,
            "registered_on": registered.isoformat(),
            "capital_krw": str(max(10_000_000, turnover // draw.integer(8, 40) // 1_000_000 * 1_000_000)),
            "turnover_krw": str(turnover),
            "industry_code": person.industry or ("K64" if person.party_type == "bank" else "K66"),
            "size": size,
            "employees": max(1, turnover // 400_000_000),
            "region": draw.pick(REGIONS),
            **({"related_counterparties": related} if related else {}),
        }

    def _related(self, person: Resident) -> list[str]:
        if person.role == "intra_group":
            return [each.id for each in person.counterparties]
        return [person.counterparties[0].id] if person.party_type == "company" and self.draw.chance(0.06) else []
