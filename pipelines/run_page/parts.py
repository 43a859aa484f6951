"""Pieces of the page: tables, lists of facts, numbers for people."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape

__all__ = ["amount", "code", "facts", "moment", "percent", "seconds", "table"]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 1) -> str:
    """Write rows, whose first `texts` columns are texts; on a phone one of a wide table is a block.

    Args:
        columns: the heads.
        rows: cells as text; empty ones are left out on a phone.
        texts: how many columns, from the left, are texts.
    """

    def cell(tag: str, place: int, text: str) -> str:
        kind = ' class="text"' if place < texts else ""
        label = f' data-label="{escape(columns[place])}"' if tag == "td" and place else ""
        return f"<{tag}{kind}{label}>{escape(text)}</{tag}>"

    def row(tag: str, cells: Sequence[str]) -> str:
        return f"<tr>{''.join(cell(tag, place, text) for place, text in enumerate(cells))}</tr>\n"

    body = "".join(row("td", cells) for cells in rows)
    return (
        f'<div class="wide {_kind(columns)}"><table><thead>{row("th", columns)}</thead>\n'
        f"<tbody>\n{body}</tbody></table></div>\n"
    )


def _kind(columns: Sequence[str]) -> str:
    return "narrow" if len(columns) < 3 else "stack" if len(columns) > 4 else ""


def facts(told: Mapping[str, str]) -> str:
    """Write names and what they are; those without anything are left out."""
    rows = (f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in told.items() if v)
    return f"<dl>{''.join(rows)}</dl>\n"


def code(lines: Iterable[str]) -> str:
    """Write commands, one a line, to be copied."""
    return f"<pre>{escape(chr(10).join(lines))}</pre>\n"


def amount(text: str) -> str:
    """Put marks between the thousands of an exact sum."""
    return f"{Decimal(text):,}" if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else text


def moment(text: str) -> str:
    """Write a time of a summary (UTC, ISO 8601) as people do."""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC" if text else ""


def percent(share: float | None) -> str:
    """Write a share, 0 to 1; 0 % and 100 % are said only if they are meant."""
    if share is None:
        return ""
    if share in {0, 1}:
        return f"{share:.0%}".replace("%", " %")
    return f"{min(max(100 * share, 0.1), 99.9):.1f} %"


def seconds(number: float | None) -> str:
    """Write how long something took."""
    if number is None:
        return ""
    if number >= 90:
        minutes, rest = divmod(round(number), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
    if number >= 1:
        return f"{number:.1f} s"
    return f"{1000 * number:.0f} ms"
