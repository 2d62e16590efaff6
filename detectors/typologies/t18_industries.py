"""Which goods go with which line of business: chapters of the Harmonized System by industry code (KSIC).

The codes are those of the Korean Standard Industrial Classification; which chapters go with them is our judgement, and
wide: what a firm makes, sells, and makes it from. A longer code is looked up by its beginning. General traders,
retailers and services have no row: for them nothing can be told.
"""


def _chapters(*spans: tuple[int, int]) -> frozenset[int]:
    """All chapters of closed spans."""
    return frozenset(chapter for first, last in spans for chapter in range(first, last + 1))


# machines to make things with: every manufacturer buys some
MACHINERY = 84
_MADE: dict[str, frozenset[int]] = {
    "C10": _chapters((1, 24)),
    "C11": _chapters((7, 13), (17, 22)),
    "C12": _chapters((24, 24)),
    "C13": _chapters((39, 40), (50, 63)),
    "C14": _chapters((39, 43), (50, 67)),
    "C15": _chapters((39, 43), (50, 60), (64, 64)),
    "C16": _chapters((44, 46)),
    "C17": _chapters((47, 49)),
    "C18": _chapters((32, 32), (37, 37), (48, 49)),
    "C19": _chapters((27, 29), (38, 38)),
    "C20": _chapters((12, 15), (25, 40)),
    "C21": _chapters((12, 13), (21, 21), (28, 30), (35, 35), (38, 38)),
    "C22": _chapters((28, 29), (39, 40)),
    "C23": _chapters((25, 26), (68, 71)),
    "C24": _chapters((25, 28), (72, 81)),
    "C25": _chapters((72, 83)),
    "C26": _chapters((28, 28), (37, 39), (70, 71), (74, 76), (85, 85), (90, 90)),
    "C27": _chapters((30, 30), (39, 39), (70, 70), (85, 85), (90, 91)),
    "C28": _chapters((39, 39), (72, 76), (85, 85)),
    "C29": _chapters((40, 40), (72, 76), (82, 87), (90, 90)),
    "C30": _chapters((39, 40), (70, 70), (72, 76), (83, 83), (85, 85), (87, 87)),
    "C31": _chapters((40, 40), (72, 76), (85, 86), (88, 90)),
    "C32": _chapters((39, 39), (44, 44), (83, 83), (94, 94)),
    "C33": _chapters((39, 39), (42, 42), (71, 71), (92, 92), (95, 96)),
}
_SOLD: dict[str, frozenset[int]] = {
    "G45": _chapters((27, 27), (40, 40), (84, 85), (87, 87)),
    "G462": _chapters((1, 1), (5, 14), (23, 24)),
    "G463": _chapters((1, 24)),
    "G464": _chapters((30, 30), (33, 34), (39, 39), (42, 42), (48, 71), (82, 82), (84, 85), (90, 96)),
    "G465": _chapters((82, 82), (84, 85), (87, 87), (90, 90)),
    "G466": _chapters((25, 40), (44, 44), (68, 76), (83, 83)),
    "G467": _chapters((25, 40), (44, 44), (47, 49), (72, 81)),
}
CHAPTERS: dict[str, frozenset[int]] = {code: found | {MACHINERY} for code, found in _MADE.items()} | _SOLD
_LONGEST, _SHORTEST = 4, 3


def chapters_of(industry: str | None) -> frozenset[int] | None:
    """Chapters that go with an industry code; None where nothing can be told. Cost: under 1 us."""
    code = (industry or "").replace(" ", "").upper()
    for length in range(_LONGEST, _SHORTEST - 1, -1):
        if (found := CHAPTERS.get(code[:length])) is not None:
            return found
    return None
