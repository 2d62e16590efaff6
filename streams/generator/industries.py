"""Lines of business of goods firms: what they trade, when they are busy, and on which terms. Invented but plausible."""

from typing import NamedTuple

Good = tuple[str, str, float]


class Industry(NamedTuple):
    """Goods as (HS code, unit, USD a unit); months of the season; terms of payment, the likelier ones repeated."""

    goods: tuple[Good, ...]
    season: tuple[int, ...]
    forms: tuple[str, ...]


# Korean Standard Industrial Classification, division codes
INDUSTRIES: dict[str, Industry] = {
    "C26": Industry(
        (("854231", "EA", 4.2), ("847330", "EA", 38.0), ("853400", "EA", 6.4), ("852990", "EA", 11.0)),
        (),
        ("open_account", "open_account", "sight", "usance", "partial"),
    ),
    "C27": Industry(
        (("901890", "EA", 140.0), ("902190", "EA", 310.0), ("903180", "EA", 820.0)),
        (),
        ("sight", "advance", "open_account", "deposit"),
    ),
    "C20": Industry(
        (("390120", "KG", 1.3), ("330499", "KG", 24.0), ("291736", "KG", 0.9)), (), ("usance", "sight", "open_account")
    ),
    "C24": Industry((("720839", "KG", 0.8), ("760120", "KG", 2.5)), (), ("usance", "usance", "sight", "partial")),
    "C29": Industry(
        (("870899", "KG", 9.5), ("848180", "EA", 27.0), ("842139", "EA", 44.0)),
        (),
        ("open_account", "open_account", "partial", "sight"),
    ),
    "C14": Industry(
        (("610910", "EA", 3.6), ("620342", "EA", 8.8), ("640399", "EA", 19.0)),
        (2, 3, 8, 9),
        ("sight", "deposit", "advance", "open_account"),
    ),
    "G463": Industry(
        (("090121", "KG", 7.5), ("020230", "KG", 8.1), ("030617", "KG", 11.0), ("080390", "KG", 1.1)),
        (1, 9, 12),
        ("sight", "sight", "advance", "consignment"),
    ),
    "G464": Industry(
        (("940360", "EA", 62.0), ("950300", "EA", 2.9), ("392410", "EA", 1.6)),
        (4, 10, 11),
        ("deposit", "deposit", "sight", "advance"),
    ),
}
# terms of small businesses, which nobody gives credit to
SMALL_FORMS = ("advance", "sight", "sight", "deposit")
SERVICE_INDUSTRIES = ("J58", "J62", "M70", "M71")
