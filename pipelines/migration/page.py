"""The page that people sign."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape
from typing import Any

import polars as pl

from pipelines.migration.reconciling import Reconciliation
from pipelines.pages import make_html

LISTED = 200
"""Differences that the page lists; all of them are in the Parquet file."""
_STYLE = """
.verdict { font-size: 1.15rem; font-weight: 600; margin: 1rem 0; }
.sign { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 2rem;
  margin-top: 1rem; } .sign div { border-top: 1px solid currentColor; padding-top: .3rem;
  margin-top: 3.2rem; color: var(--quiet); }
"""
_SOURCES = (
    ("step", "step"),
    ("kind", "what"),
    ("unit", "counted in"),
    ("source", "source"),
    ("delivered", "delivered"),
    ("merged", "merged"),
    ("rejected", "rejected"),
    ("undelivered", "not taken"),
    ("held", "held"),
    ("in_doubt", "in doubt"),
)
_PLATFORM = (
    ("kind", "what"),
    ("unit", "counted in"),
    ("sent", "delivered"),
    ("before", "there before"),
    ("held", "at the platform"),
    ("off", "off by"),
    ("differences", "differences"),
    ("unasked", "cannot be asked"),
)
_FACTS = (
    ("description", "programme"),
    ("plan", "plan"),
    ("place", "platform"),
    ("environment", "environment"),
    ("started", "begun"),
    ("asked", "compared"),
    ("profile", "profile"),
    ("sample", "asked about"),
    ("tolerances", "tolerances"),
    ("run", "run"),
)


def make_page(made: Reconciliation) -> str:
    """Write the page. It names customers where something differs, and nobody else."""
    told = made.told()
    way = "good" if made.balances else "bad"
    facts = "".join(
        f"<dt>{name}</dt><dd>{escape(_moment(key, str(told[key])))}</dd>"
        for key, name in _FACTS
        if told.get(key)
    )
    body = (
        f'<p class="verdict {way}">{escape(made.verdict[0].upper() + made.verdict[1:])}.</p>\n'
        f"<dl>{facts}</dl>\n"
        "<h2>What the sources held, and what became of it</h2>\n"
        f"{_table(_SOURCES, told['sources'])}"
        '<p class="quiet">Source = delivered + merged + rejected + not taken + held + in doubt.'
        " Merged members are others of the source under another number. Rejected and not taken rows"
        " are in the rejects.csv of their run, each with its reason.</p>\n"
        f"{_unreadable(told['sources'])}"
        "<h2>What was delivered, and what the platform holds</h2>\n"
        f"{_table(_PLATFORM, told['platform'])}"
        '<p class="quiet">At the platform = delivered + there before + off by. What cannot be'
        " asked about has no customer, or one known by e-mail only.</p>\n"
        f"{_differences(made)}"
        "<h2>Signed</h2>\n"
        '<div class="sign"><div>Prepared by (name, date)</div><div>Approved by (name, date)</div>'
        "<div>For the platform (name, date)</div></div>\n"
    )
    return make_html(f"Reconciliation of {told['name']}", body, _STYLE)


def _table(columns: Sequence[tuple[str, str]], rows: Iterable[dict[str, Any]]) -> str:
    """Write rows; texts to the left, numbers to the right, with marks between thousands."""
    names = {key for key, _ in columns if key in {"step", "kind", "unit", "what", "key"}}
    names |= {key for key, _ in columns if key == "customer"}

    def cell(tag: str, key: str, text: str) -> str:
        kind = ' class="text"' if key in names else ""
        return f"<{tag}{kind}>{escape(text)}</{tag}>"

    head = "".join(cell("th", key, title) for key, title in columns)
    body = "".join(
        f"<tr>{''.join(cell('td', key, _shown(row[key])) for key, _ in columns)}</tr>\n"
        for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>'
        "</table></div>\n"
    )


def _moment(key: str, text: str) -> str:
    """Write a time as people do."""
    return f"{text[:16].replace('T', ' ')} UTC" if key in {"started", "asked"} else text


def _shown(value: object) -> str:
    """Put marks between the thousands of counts, and of money, which is a text."""
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    return f"{Decimal(text):,}" if re.fullmatch(r"-?[0-9]+\.[0-9]{2,4}", text) else text


def _unreadable(rows: Iterable[dict[str, Any]]) -> str:
    lines = [
        f"{row['unreadable']:,} rejected records of {row['step']} have no {row['unit']} that can be"
        " read, and are in no sum."
        for row in rows
        if row["unreadable"]
    ]
    return "".join(f'<p class="quiet">{escape(line)}</p>\n' for line in lines)


def _differences(made: Reconciliation) -> str:
    table = made.comparison.table
    if table.is_empty():
        return "<h2>Differences</h2>\n<p>None.</p>\n"
    first = table.head(LISTED).select(pl.all().fill_null(""))
    columns = [(name, name) for name in first.columns]
    more = table.height - first.height
    rest = f" The other {more:,} are in differences.parquet." if more else ""
    return (
        f"<h2>Differences</h2>\n<p>{table.height:,}, each with its key.{rest}</p>\n"
        f"{_table(columns, first.to_dicts())}"
    )


__all__ = ["make_page"]
