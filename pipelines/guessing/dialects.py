"""The delimiter and the quote of a text, judged by how evenly they cut its lines."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DELIMITERS = (";", "\t", ",", "|", "^", "~", ":")
SEP = re.compile(r'^"?sep=([^\r\n"])"?\r?\n', re.IGNORECASE)
LINES = 400
FIELD = 131_072
FOLDED = 4_000
"""Signs between a quote and the one that closes it, at most, to know a dialect by them."""


@dataclass(frozen=True)
class Dialect:
    """How lines are cut.

    Attributes:
        delimiter: what stands between fields.
        quote: what stands around them; None if nothing does.
        width: how many fields most rows have.
        even: the share of rows that have as many.
        why: the evidence.
        said: whether a `sep=` line says it.
    """

    delimiter: str
    quote: str | None
    width: int
    even: float
    why: str
    said: bool = False


def find_dialect(text: str) -> Dialect | None:
    """Judge the beginning of a text of whole lines; None if nothing cuts it into columns."""
    said = SEP.match(text)
    if said:
        delimiter = said[1]
        quote = _quote(text, delimiter)
        rows = [row for row, _ in cut(text[said.end() :], delimiter, quote, LINES)]
        width, even = _usual(rows)
        return Dialect(delimiter, quote, width, even, "the line sep= says so", said=True)
    best: tuple[float, Dialect] | None = None
    for order, delimiter in enumerate(DELIMITERS):
        if delimiter not in text:
            continue
        quote = _quote(text, delimiter)
        rows = [row for row, _ in cut(text, delimiter, quote, LINES) if any(row)]
        width, even = _usual(rows)
        if width < 2 or even < (0.6 if delimiter != ":" else 0.95):
            continue
        many = min(width, 8) / 8
        score = even * 2 + many + _filled(rows, width) - order * 0.01
        why = f"cuts {even:.0%} of the sampled rows into {width} fields"
        if best is None or score > best[0]:
            best = score, Dialect(delimiter, quote, width, even, why)
    return best[1] if best else None


def cut(text: str, delimiter: str, quote: str | None, most: int) -> Iterator[tuple[list[str], int]]:
    """Cut a text into rows; with each comes the number of lines read so far."""
    csv.field_size_limit(FIELD)
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=quote or '"',
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    try:
        for number, row in enumerate(reader):
            if number >= most:
                return
            yield row, reader.line_num
    except csv.Error:  # an unclosed quote has swallowed the rest
        return


def _usual(rows: Sequence[Sequence[str]]) -> tuple[int, float]:
    widths = Counter(len(row) for row in rows)
    if not widths:
        return 0, 0.0
    width, count = max(widths.items(), key=lambda item: (item[1] * min(item[0], 3), item[0]))
    return width, count / len(rows)


def _filled(rows: Sequence[Sequence[str]], width: int) -> float:
    """Prefer what leaves fields that are whole values: no lone sign, no digits split by a comma."""
    usual = [row for row in rows if len(row) == width]
    clean = sum(cell == cell.strip(" ;|\t,") for row in usual for cell in row)
    return clean / max(1, len(usual) * width)


def _quote(text: str, delimiter: str) -> str | None:
    mark = re.escape(delimiter)
    found = {}
    # One field that begins with a quote and closes on a later line is enough.
    inside = rf'(?:[^"\n]|""){{0,{FOLDED}}}\n(?:[^"]|""){{0,{FOLDED}}}'
    if re.search(rf'(?:^|{mark})"{inside}"(?=$|{mark}|\r)', text, re.MULTILINE):
        return '"'
    for quote in ('"', "'"):
        around = rf"(?:^|{mark}){quote}[^{quote}\r\n]*{quote}(?:$|{mark}|\r)"
        found[quote] = len(re.findall(around, text, re.MULTILINE))
    if found['"'] >= found["'"]:
        lone = len(re.findall(rf'(?:^|{mark})"', text, re.MULTILINE))
        return (
            '"'
            if found['"'] or '"' not in text or (lone > 1 and text.count('"') % 2 == 0)
            else None
        )
    return "'"
