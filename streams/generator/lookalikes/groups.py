"""Firms of a group and agents that come close to a rule and are honest: reported, documented, for a fee."""

from streams.generator.habits.group import netted, paid_to_third
from streams.generator.habits.trade import contract, named, pay, ship
from streams.generator.lookalikes.scene import LookAlike, Scene
from streams.generator.world import MORE_PURPOSES, PURPOSES

GROUPS = ("intra_group", "exporter", "importer")
AGENTS = ("commission_agent", "importer")
SERVICES = ("service_firm", "importer")
PAIRS, WORKERS, AGENCY_FEE = (5, 7), (10, 16), 0.03


def _balanced_affiliate(scene: Scene) -> None:
    """T04: nearly equal payments to and from an affiliate within days, each for goods that customs saw."""
    world, draw, firm = scene.world, scene.draw, scene.main
    affiliate, begin = firm.counterparties[0], scene.begin(16)
    usd = firm.usual_usd * draw.uniform(0.5, 1.0)
    for _ in range(draw.integer(*PAIRS)):
        for kind in ("import", "export"):
            day = scene.open_day(begin + draw.integer(0, 10))
            paid = None if day is None else scene.open_day(day + draw.integer(0, 3))
            if day is not None and paid is not None:
                deal = contract(world, firm, affiliate, kind, usd * draw.uniform(0.95, 1.05), day)
                number = ship(world, draw, deal, deal.amount, day)
                pay(world, draw, deal, deal.amount, paid, named(draw, "sight", number))


def _reported_third_party(scene: Scene) -> None:
    """T10: goods of one maker paid to another firm, as contract and report say."""
    for _ in range(scene.draw.integer(3, 5)):
        day = scene.open_day(scene.begin(10))
        if day is not None:
            paid_to_third(scene.world, scene.draw, scene.main, day)


def _reported_netting(scene: Scene) -> None:
    """T11: claims on and of an affiliate netted, the difference paid, the offset reported."""
    for _ in range(scene.draw.integer(2, 4)):
        day = scene.open_day(scene.begin(25))
        if day is not None:
            netted(scene.world, scene.draw, scene.main, scene.main.counterparties[0], day)


def _group_loan(scene: Scene) -> None:
    """T15: a loan to an affiliate comes back with interest after one to three months; both legs are reported."""
    firm, draw, world = scene.main, scene.draw, scene.world
    begin = scene.open_day(scene.begin(95))
    back = None if begin is None else scene.open_day(begin + draw.integer(30, 90))
    if begin is None or back is None:
        return
    usd = draw.spread(150_000, 1_500_000)
    report = {"report_no": f"CAP-{world.calendar.start.year}-{world.event_id()}", "report_type": "capital"}
    fields = {"evidence": "verified", "channel": "branch"}
    affiliate = firm.counterparties[0]
    scene.pay(firm, affiliate, begin, usd, MORE_PURPOSES["loan"], **fields, more=dict(report))
    interest = 1 + 0.05 * (back - begin) / 365
    scene.pay(firm, affiliate, back, usd * interest, MORE_PURPOSES["loan"], **fields, direction="in", more=dict(report))


def _payroll_agent(scene: Scene) -> None:
    """T17: a client's money goes on within a day as wages to its staff abroad; contracts and payslips are verified."""
    firm, draw = scene.main, scene.draw
    client = scene.stranger(firm)
    staff = [scene.stranger(firm) for _ in range(draw.integer(*WORKERS))]
    for month in range(3):
        day = scene.open_day(scene.first_day + 18 + 30 * month)
        after = None if day is None else scene.open_day(day + 1)
        if day is None or after is None:
            return
        wages = [draw.uniform(1_800, 4_200) for _ in staff]
        total = sum(wages) / (1 - AGENCY_FEE)
        papers = {"evidence": "verified", "channel": "web"}
        scene.pay(firm, client, day, total, PURPOSES["service"], direction="in", **papers)
        for worker, usd in zip(staff, wages, strict=True):
            scene.pay(firm, worker, after, usd, PURPOSES["salary"], **papers)


GROUPS_WHO = (
    LookAlike("balanced_affiliate", "T04", GROUPS, 72, _balanced_affiliate),
    LookAlike("reported_third_party", "T10", AGENTS, 30, _reported_third_party),
    LookAlike("reported_netting", "T11", GROUPS, 64, _reported_netting),
    LookAlike("group_loan", "T15", GROUPS, 4, _group_loan),
    LookAlike("payroll_agent", "T17", SERVICES, 102, _payroll_agent),
)
