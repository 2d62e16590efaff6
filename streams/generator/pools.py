"""Foreign counterparties that many residents share: universities, shops, platforms, suppliers of an industry."""

from bisect import bisect_left
from dataclasses import replace
from itertools import accumulate

from streams.generator.draw import Draw
from streams.generator.industries import INDUSTRIES, Good
from streams.generator.population import CORRIDORS, Counterparty
from streams.generator.roles import ROLES, Corridors

UNIVERSITIES, SHOPS, PLATFORMS, SUPPLIERS = 40, 240, 24, 10
# of a goods firm's partners, how many are known to others of its industry, too
SHARED = 0.25
# one in so many of a pool has a second name
NAMED_TWICE = 10


class Pools:
    """The shared counterparties, seeded. Those who change one must copy it: others hold it, too."""

    def __init__(self, seed: int) -> None:
        self.universities = self._pool(seed, "universities", "U", UNIVERSITIES, CORRIDORS["parent"])
        self.shops = self._pool(seed, "shops", "S", SHOPS, ROLES["traveller"].corridors)
        self.platforms = self._pool(seed, "platforms", "W", PLATFORMS, ROLES["freelancer"].corridors)
        self._suppliers = {
            industry: self._pool(seed, industry, industry, SUPPLIERS, ROLES["importer"].corridors)
            for industry in INDUSTRIES
        }

    @staticmethod
    def _pool(seed: int, name: str, letter: str, count: int, corridors: Corridors) -> list[Counterparty]:
        draw = Draw(seed, "pool", name)
        pool = [partner(draw, corridors, f"{letter}{number:04}") for number in range(count)]
        # some are known under two names: a faculty's and the university's, a brand's and the maker's
        others = [
            replace(each, id=f"{each.country}-{letter}{count + n:04}") for n, each in enumerate(pool[::NAMED_TWICE])
        ]
        return pool + others

    def supplier(self, draw: Draw, industry: str) -> Counterparty:
        """A supplier or buyer known in the industry, dealing in one of its goods."""
        return replace(draw.pick(self._suppliers[industry]))

    def near(self, draw: Draw, pool: list[Counterparty], country: str) -> Counterparty:
        """One of the pool in that country where there is one, else any."""
        return draw.pick([each for each in pool if each.country == country] or pool)


def partner(draw: Draw, corridors: Corridors, serial: str, good: Good | None = None) -> Counterparty:
    """A counterparty on one of the corridors, dealing in the good when one is given."""
    ends = list(accumulate(weight for _, _, weight in corridors))
    country, currency, _ = corridors[bisect_left(ends, draw.integer(1, ends[-1]))]
    made = Counterparty(f"{country}-{serial}", f"{country}{draw.integer(10**9, 10**10 - 1)}", country, currency)
    if good is not None:
        made.hs_code, made.unit, made.unit_usd = good
    return made
