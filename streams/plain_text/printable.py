"""What a terminal or page may show of text that somebody else chose.

Senders choose ids, branches and institutions; brokers and files choose the words of faults. An escape sequence in them
rewrites the reader's terminal, a direction mark (U+202A-202E, U+2066-2069, U+200E, U+200F) turns what is shown around,
an invisible letter makes two names look alike, and a line feed forges a line. So everything passes one of these:
`printable` for a value, `showable` for text of several lines, `say` and `say_json` to print it.
"""

import click

REPLACED = "\N{REPLACEMENT CHARACTER}"
# Shown as nothing although Unicode calls them letters, marks or symbols: fillers, joiner, selectors (default
# ignorable), and those that fonts draw empty (streams/contracts/identifiers.py).
_INVISIBLE = frozenset(map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x16FE4, 0x1D159,
                                 *range(0x180B, 0x1810), *range(0xFE00, 0xFE10),
                                 *range(0xE0100, 0xE01F0))))  # fmt: skip
_LAID_OUT = "\n\t"


def make_printable(text: str) -> str:
    """`text` in one line: every character that is not shown as itself is replaced by U+FFFD. 0.1 us where none is."""
    if text.isprintable() and (text.isascii() or _INVISIBLE.isdisjoint(text)):
        return text
    return "".join(each if each.isprintable() and each not in _INVISIBLE else REPLACED for each in text)


def make_showable(text: str) -> str:
    """As `printable`, but line feeds and tabs stay: for text that fxwatch itself laid out."""
    if "\n" not in text and "\t" not in text:
        return make_printable(text)
    kept = (each if each in _LAID_OUT or (each.isprintable() and each not in _INVISIBLE) else REPLACED for each in text)
    return "".join(kept)


def escaped_json(text: str) -> str:
    """JSON that says the same, with every character that a terminal would not show as itself in its escaped form.

    Line feeds between values stay. Such characters stand only within strings, where the escape is the character.
    """
    if text.isprintable() and (text.isascii() or _INVISIBLE.isdisjoint(text)):
        return text
    return "".join(
        [each if each == "\n" or (each.isprintable() and each not in _INVISIBLE) else _escape(each) for each in text]
    )


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))


def finalize(value: object) -> object:
    """What a page's template puts in for a value: text is `showable`, finished markup and figures stay."""
    return make_showable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def say(text: object = "", *, err: bool = False) -> None:
    """Print text of several lines to standard output, or to standard error."""
    click.echo(make_showable(str(text)), err=err)


def say_json(text: str | bytes, *, err: bool = False, nl: bool = True) -> None:
    """Print JSON, each character of it one that a terminal shows as itself."""
    click.echo(escaped_json(text if isinstance(text, str) else text.decode()), err=err, nl=nl)
