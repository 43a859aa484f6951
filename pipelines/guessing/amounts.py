"""What the numbers of receipts prove: which are a line's, which a receipt's, which add up."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby

from pipelines.guessing.numbers import Style, to_number
from pipelines.guessing.profiles import Profile
from pipelines.guessing.records import Table

MANY = 8
"""So many receipts of several lines must agree."""
AGREE = 0.95
CENT = Decimal("0.011")
Numbers = Sequence[Decimal | None]


def read_numbers(
    table: Table, profiles: Mapping[str, Profile], style: Style
) -> dict[str, list[Decimal | None]]:
    """Read the columns that are numbers."""
    found = {}
    for name, values in table.columns.items():
        profile = profiles[name]
        if profile.number >= 0.9:
            own = profile.style or style
            found[name] = [to_number(v.strip(), own) for v in values]
    return found


def group_rows(table: Table, key: Sequence[str]) -> list[list[int]]:
    """Give the row numbers of each receipt: neighbours with the same key, read in one go."""
    if not table.height:
        return []
    columns = [table.columns[name] for name in key]
    piece = 0

    def receipt(row: int) -> tuple[object, ...]:
        nonlocal piece
        piece += row in table.breaks
        return (piece, *(column[row] for column in columns))

    groups = [list(rows) for _, rows in groupby(range(table.height), key=receipt)]
    if table.breaks:  # what stands at a break may be half a receipt
        edges = {row for b in table.breaks for row in (b - 1, b)}
        groups = [g for g in groups if not edges & {g[0], g[-1]}]
    return groups[:-1] if len(groups) > 1 and table.breaks else groups


def find_levels(table: Table, groups: Sequence[Sequence[int]]) -> dict[str, str]:
    """Tell of each column whether it varies within receipts ("line") or never does ("receipt")."""
    levels = {}
    several = [g for g in groups if len(g) > 1]
    if len(several) < MANY:
        return {}
    for name, values in table.columns.items():
        varied = sum(len({values[row] for row in group}) > 1 for group in several)
        across = len({values[group[0]] for group in several})
        if varied >= 0.3 * len(several):
            levels[name] = "line"
        elif not varied and across > 1:
            levels[name] = "receipt"
    return levels


def are_products(one: Numbers, other: Numbers, total: Numbers) -> bool:
    """Tell whether total = one * other, where other is not always 1."""
    telling: list[tuple[Decimal, Decimal, Decimal]] = [
        (a, b, c)
        for a, b, c in zip(one, other, total, strict=True)
        if a is not None and b is not None and c is not None and abs(b) != 1
    ]
    if len(telling) < 3:
        return False
    right = sum(abs(abs(a * b) - abs(c)) <= CENT * max(abs(b), Decimal(1)) for a, b, c in telling)
    return right >= AGREE * len(telling)


def add_up(one: Numbers, other: Numbers, total: Numbers) -> bool:
    """Tell whether total is the sum of two others, row by row."""
    rows: list[tuple[Decimal, Decimal, Decimal]] = [
        (a, b, c)
        for a, b, c in zip(one, other, total, strict=True)
        if a is not None and b is not None and c is not None
    ]
    if len(rows) < 3 or not any(a and b for a, b, _ in rows):
        return False
    right = sum(abs(c - a - b) <= CENT for a, b, c in rows)
    return right >= AGREE * len(rows)


def are_sums(line: Numbers, receipt: Numbers, groups: Sequence[Sequence[int]]) -> bool:
    """Tell whether receipt is the sum of line over each receipt."""
    right = count = 0
    for group in groups:
        values = [v for row in group if (v := line[row]) is not None]
        total = receipt[group[0]]
        if total is None or len(values) < len(group):
            continue
        count += 1
        right += abs(abs(sum(values, Decimal(0))) - abs(total)) <= CENT
    return count >= MANY and right >= AGREE * count
