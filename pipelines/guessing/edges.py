"""What stands before and behind the rows of a table: title lines, the header, a trailer."""

import re
from collections.abc import Sequence

from pipelines.feeds.words import RESERVED
from pipelines.guessing.dates import looks_like_time
from pipelines.guessing.synonyms import knows_name

NUMBER = re.compile(r"^[+-]?\d[\d .,']*$")
TRAILING = re.compile(
    r"^(t|tr|trl|z|99+|9|total|totalt|totals|sum|summa|trailer|end|eof|slutt|slut|ende|footer"
    r"|antall|antal|anzahl|rader|count)\b",
    re.IGNORECASE,
)


def find_first(rows: Sequence[Sequence[str]], width: int) -> int:
    """Find the first row of a table below any title lines: the first as wide as the others."""
    for number, row in enumerate(rows):
        filled = sum(1 for cell in row if cell.strip())
        if len(row) == width and (filled >= max(2, width * 0.6) or not _title(rows, number)):
            return number
    return 0


def _title(rows: Sequence[Sequence[str]], number: int) -> bool:
    """Tell whether a wide row with little in it stands above a fuller one, as titles do."""
    below = rows[number + 1 : number + 4]
    here = sum(1 for cell in rows[number] if cell.strip())
    return any(sum(1 for cell in row if cell.strip()) > 2 * here for row in below)


def is_header(  # noqa: PLR0911  (one for each piece of evidence)
    row: Sequence[str], below: Sequence[Sequence[str]]
) -> tuple[bool, str]:
    """Judge whether a row names the columns, and say why."""
    cells = [cell.strip() for cell in row]
    named = [cell for cell in cells if cell]
    if not named:
        return False, "its first row is blank"
    known = sum(knows_name(cell) for cell in named)
    values = sum(bool(NUMBER.match(c)) or "@" in c or looks_like_time(c) for c in named)
    if known >= 2 and known > 2 * max(map(_count_known, below[:10]), default=0):
        return True, f"{known} of its cells are known names of columns, and hardly any below"
    if values and known * 2 < len(named):
        return False, f"{values} of {len(named)} cells of the first row are numbers, dates or mails"
    if known * 3 >= len(named):
        return True, f"{known} of {len(named)} names of the first row are known names of columns"
    numeric = differs = 0
    for at, cell in enumerate(cells):
        column = [r[at].strip() for r in below if at < len(r) and r[at].strip()]
        if column and sum(bool(re.search(r"\d", v)) for v in column) >= 0.8 * len(column):
            numeric += 1
            differs += not re.search(r"\d", cell)
    if numeric and differs >= 0.6 * numeric:
        return True, f"{differs} columns of digits have a first cell without any"
    repeated = sum(
        cell in {r[at].strip() for r in below if at < len(r)}
        for at, cell in enumerate(cells)
        if cell
    )
    if repeated or len(set(named)) < len(named) * 0.8:
        return False, f"{repeated} cells of the first row come again below"
    if numeric:
        return False, "the first row is such as those below it"
    return known > 0, "no column tells the first row from the others"


def _count_known(row: Sequence[str]) -> int:
    return sum(knows_name(cell.strip()) for cell in row if cell.strip())


def name_columns(header: Sequence[str]) -> tuple[list[str], bool]:
    """Give every column a name of its own; say whether any had to be made."""
    names: list[str] = []
    made = False
    for at, cell in enumerate(header):
        name = re.sub(r"\s+", " ", cell.strip()) or f"column_{at + 1}"
        number = 2
        base = name
        while name in names or name in RESERVED:
            name = f"{base}_{number}"
            number += 1
        made |= name != cell
        names.append(name)
    return names, made


def is_trailer(row: Sequence[str], width: int) -> bool:
    """Judge whether a last row is no record."""
    if len(row) != width and len(row) <= max(4, width // 2):
        return bool(TRAILING.match(row[0].strip())) or any(NUMBER.match(c.strip()) for c in row[1:])
    filled = sum(bool(cell.strip()) for cell in row)
    return bool(TRAILING.match(row[0].strip())) and filled <= max(3, width // 3)


def tell_trailer(
    row: Sequence[str], delimiter: str, counted: dict[str, int | None], *, money: bool
) -> str:
    """Make the pattern of a trailer; only its words stand in it, values become names.

    Args:
        row: its cells.
        delimiter: what stands between them.
        counted: name → the number that it would tell; None where only a part was read.
        money: whether the records have amounts.
    """
    cells, used = [], set()
    for at, cell in enumerate(row):
        text = cell.strip()
        if not NUMBER.match(text):
            keep = at == 0 and (TRAILING.match(text) and text.isalpha())
            cells.append(cell if keep or not text else "{skip}")
            continue
        if at == 0 and len(row) > 1:
            cells.append(cell)
            continue
        digits = re.sub(r"[ .,']", "", text)
        name = next(
            (n for n, c in counted.items() if c is not None and n not in used and _equals(text, c)),
            "",
        )
        if not name and None in counted.values() and text.isdigit() and "rows" not in used:
            name = "rows"
        if not name and money and digits != text and "amount" not in used:
            name = "amount"
        used.add(name)
        cells.append(f"{{{name or 'skip'}}}")
    return delimiter.join(cells)


def _equals(text: str, count: int) -> bool:
    return text.isdigit() and int(text) == count
