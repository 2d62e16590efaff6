"""Which desks get an alert."""

from detectors.contracts.configuration import Configuration, Desk
from detectors.values.institution_code import institution_code, listed_codes

ANOMALY = "anomaly"
# shown where no desk matches; such an alert is on fx.alerts.v1 only
UNASSIGNED = "unassigned"


def matching(
    typologies: tuple[str, ...],
    severity: str,
    party_type: str,
    institutions: tuple[str, ...],
    configuration: Configuration,
) -> tuple[str, ...]:
    """Every desk whose non-empty lists all match, in the configuration's order; the first is the alert's `desk`.

    An alert that no typology explains matches as `anomaly`. Institutions match when any of the alert's is listed.
    """
    explained = typologies or (ANOMALY,)
    there = set(map(institution_code, institutions))

    def matches(desk: Desk) -> bool:
        return (
            (not desk.typologies or any(each in desk.typologies for each in explained))
            and (not desk.severities or severity in desk.severities)
            and (not desk.party_types or party_type in desk.party_types)
            and (not desk.institutions or not there.isdisjoint(listed_codes(desk.institutions)))
        )

    return tuple(name for name, desk in configuration.desks.items() if matches(desk))
