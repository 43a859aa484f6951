"""Columns at fixed places: borders are the blank columns that all lines share."""

import itertools
import re
from collections.abc import Sequence

from pipelines.guessing.records import Layout, Table
from pipelines.guessing.synonyms import knows_name

LINES = 2_000
EVEN = 0.9


def find_fixed(lines: Sequence[str]) -> tuple[Layout, Table] | None:
    """Judge lines as records of fixed width; None if they are not."""
    rows = [line for line in lines[:LINES] if line.strip()]
    if len(rows) < 3:
        return None
    body, header = _part_header(rows)
    trailer = _is_odd(body)
    if trailer:
        body = body[:-1]
    width = max(map(len, body))
    full = sum(len(line) == width for line in body) / len(body)
    places = _fields(body, width)
    if header is not None:
        headed = _fields([header, *body], max(width, len(header)))
        places = headed if len(headed) >= len(places) else places
    if len(places) < 2 or (full < EVEN and len(places) < 3):
        return None
    joined = [p for p in places if _holds_more(body, p)]
    places = [part for place in places for part in _part(body, place)]
    names = _name(header, places)
    words: dict[str, object] = {
        "fields": {
            n: (first + 1, end - first) for n, (first, end) in zip(names, places, strict=True)
        }
    }
    if header is not None:
        words["skip_lines"] = 1
    columns = {
        name: [line[first:end].strip() for line in body]
        for name, (first, end) in zip(names, places, strict=True)
    }
    ask = "the fields were found by the blanks that all sampled lines share; compare them with the"
    ask += " partner's record layout, two fields without a blank between them look like one"
    questions = [ask]
    if joined:
        questions.append(f"{len(joined)} fields were parted where digits turn into letters")
    told = f"{len(places)} columns between blanks in {len(body):,} lines of {width} characters"
    why = {"fields": told}
    control = {}
    if trailer:
        last = next(line for line in reversed(rows) if line.strip())
        control["trailer"] = _pattern(last, len(body))
        why["trailer"] = "the last line is shorter than the others and holds a count"
    layout = Layout("fixed", words, why, control, tuple(questions))
    return layout, Table(columns, range(1, len(body) + 1))


def _part_header(rows: Sequence[str]) -> tuple[list[str], str | None]:
    names = re.split(r"\s{2,}|\s", rows[0].strip())
    known = sum(knows_name(name) for name in names)
    if known >= 2 and known * 2 >= len(names) and not re.search(r"\d{4,}", rows[0]):
        return list(rows[1:]), rows[0]
    return list(rows), None


def _is_odd(body: Sequence[str]) -> bool:
    usual = max({len(line) for line in body[:-1]}, key=[len(r) for r in body[:-1]].count)
    last = body[-1]
    return len(last.rstrip()) < usual * 0.5 and bool(re.search(r"\d", last)) and len(body) > 4


def _pattern(line: str, rows: int) -> str:
    """Make the trailer's pattern: its letters stay, a number that is the count is `{rows}`."""
    parts = re.split(r"(\d+)", line.strip())
    told = False
    for at in range(1, len(parts), 2):
        if int(parts[at]) == rows and not told:
            parts[at], told = "{rows}", True
        else:
            parts[at] = "{skip}"
    return "".join(p if p.startswith("{") or len(p) <= 12 else "{skip}" for p in parts)


def _fields(body: Sequence[str], width: int) -> list[tuple[int, int]]:
    """Give first and end of each field.

    Blanks between two belong to the left one, unless the right one is what ends evenly.
    """
    blank = [all(at >= len(r) or r[at] == " " for r in body) for at in range(width)]
    runs: list[tuple[int, int]] = []
    at = 0
    while at < width:
        if blank[at]:
            at += 1
            continue
        end = at
        while end < width and not blank[end]:
            end += 1
        runs.append((at, end))
        at = end
    if not runs:
        return []
    firsts = [0]
    for (_, end), (start, stop) in itertools.pairwise(runs):
        right = all(line[stop - 1 : stop] not in {"", " "} for line in body)
        left = all(line[start : start + 1] not in {"", " "} for line in body)
        numeric = all(re.match(r"[\d.,+-]*$", line[start:stop].strip()) for line in body[1:])
        firsts.append(end if right and (not left or (numeric and stop - start < 3)) else start)
    return list(zip(firsts, [*firsts[1:], width], strict=True))


def _classes(body: Sequence[str], at: int) -> set[str]:
    found = set()
    for line in body:
        sign = line[at : at + 1]
        found.add("d" if sign.isdigit() else "a" if sign.isalpha() else "_" if sign == " " else "?")
    return found


def _borders(body: Sequence[str], place: tuple[int, int]) -> list[int]:
    """Find where, in all lines, digits turn into letters or letters into digits."""
    first, end = place
    kinds = [_classes(body, at) for at in range(first, end)]
    if {"_"} in kinds[-1:]:
        kinds.pop()
    if any("_" in kind or "?" in kind for kind in kinds):  # only codes without blanks are joined
        return []
    return [
        first + at
        for at in range(1, len(kinds))
        if (kinds[at - 1], kinds[at]) in (({"d"}, {"a"}), ({"a"}, {"d"}))
    ]


def _holds_more(body: Sequence[str], place: tuple[int, int]) -> bool:
    return bool(_borders(body, place)) and len(body) >= 10


def _part(body: Sequence[str], place: tuple[int, int]) -> list[tuple[int, int]]:
    if not _holds_more(body, place):
        return [place]
    marks = [place[0], *_borders(body, place), place[1]]
    return list(itertools.pairwise(marks))


def _name(header: str | None, places: Sequence[tuple[int, int]]) -> list[str]:
    names: list[str] = []
    for number, (first, end) in enumerate(places, start=1):
        name = (header or "")[first:end].strip() or f"field_{number}"
        names.append(name if name not in names else f"{name}_{number}")
    return names
