"""The headers of a record in other orders, as a proxy or mirror may hand them on."""

import random
from collections.abc import Iterator, Sequence
from typing import Any


def shuffled(headers: Sequence[tuple[str, Any]], orders: int = 30) -> Iterator[list[tuple[str, Any]]]:
    """The headers backwards, by name, with each one first and each one last, and in `orders` others."""
    yield list(headers[::-1])
    yield sorted(headers, key=lambda header: header[0])
    for place, header in enumerate(headers):
        rest = [*headers[:place], *headers[place + 1 :]]
        yield [header, *rest]
        yield [*rest, header]
    draw = random.Random(1)
    for _ in range(orders):
        yield draw.sample(headers, len(headers))
