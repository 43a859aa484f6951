"""The data dictionary: every table that was exported, and every column of it; no data.

It is made of what the Parquet files say of themselves, and of the feeds' words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from pipelines.exports.looking.columns import Column, describe_columns
from pipelines.exports.looking.ways import ways_to_open
from pipelines.exports.versions import DATA, Version
from pipelines.pages import make_html

__all__ = ["Entry", "read_entry", "to_html", "to_markdown"]

TITLE = "Data dictionary of the exports"
_STYLE = """
nav { columns: 14rem; margin: 1rem 0; } nav a { display: block; overflow-wrap: anywhere; }
a { color: inherit; text-underline-offset: .2em; } section { scroll-margin-top: 1rem; }
h2 { border-top: 1px solid var(--line); padding-top: 1.6rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; overflow-wrap: anywhere; }
td, th { text-align: left; vertical-align: top; } td.about { white-space: normal; width: 40%; }
td.name { font-weight: 600; } .key { color: var(--good); font-weight: 400; }
code, pre { font: 13px/1.5 ui-monospace, monospace; } pre { margin: .3rem 0; overflow-x: auto;
  border: 1px solid var(--line); border-radius: 4px; padding: .5rem .7rem; }
.bar { display: inline-block; width: 3rem; height: .5rem; border-radius: 2px; margin-right: .5rem;
  background: linear-gradient(to right, var(--good) var(--full), var(--line) var(--full)); }
.num { font-variant-numeric: tabular-nums; }
@media (max-width: 44rem) { body { margin: 1.2rem auto; padding: 0 1rem; }
  thead { display: none; } table, tbody, tr, td { display: block; }
  tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  td { border: 0; padding: .05rem 0; white-space: normal; overflow-wrap: anywhere; }
  td.about { width: auto; } td[data-label]::before { content: attr(data-label) " ";
    color: var(--quiet); } td:empty { display: none; } }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the dictionary says of one export.

    Attributes:
        version: the newest one.
        about: what the feed is for; empty if it does not say, or is gone.
        key: the columns that name a row of `data`.
        required: columns of `data` that are never empty.
        tables: the columns of each table.
    """

    version: Version
    about: str
    key: tuple[str, ...]
    required: tuple[str, ...]
    tables: Mapping[str, Sequence[Column]]

    @property
    def name(self) -> str:
        """The feed."""
        return self.version.manifest.feed

    @property
    def facts(self) -> dict[str, str]:
        """What is told above its tables."""
        made, proof = self.version.manifest, self.version.manifest.proof
        state = "complete" if proof.complete else f"not known to be: {'; '.join(proof.doubts)}"
        return {
            "from": f"{made.source}{f' at {made.host}' if made.host else ''}",
            "read": f"{made.finished[:16].replace('T', ' ')} UTC",
            "rows": f"{made.rows:,}",
            "complete": state,
            "key": ", ".join(self.key) or "none",
        }

    def empty(self, table: str, column: Column) -> str:
        """Say whether a column may be empty."""
        if table == DATA and column.name in {*self.key, *self.required}:
            return "never empty"
        return "may be empty"


def read_entry(
    version: Version, about: str = "", key: Sequence[str] = (), required: Sequence[str] = ()
) -> Entry:
    """Read what the dictionary says of a version; only the ends of its files are read.

    Raises:
        OSError, ArrowInvalid: a file is missing or damaged.
    """
    return Entry(
        version=version,
        about=about,
        key=tuple(key),
        required=tuple(required),
        tables={table: describe_columns(version, table) for table in version.tables},
    )


def to_html(entries: Sequence[Entry]) -> str:
    """Write the dictionary as one page, which asks nothing of any other place."""
    links = "".join(f'<a href="#{escape(one.name)}">{escape(one.name)}</a>' for one in entries)
    body = (
        '<p class="quiet">Types, descriptions and how full each column is, as the Parquet files'
        f" say it. No data.</p>\n<nav>{links}</nav>\n"
    )
    return make_html(TITLE, body + "".join(map(_section, entries)), _STYLE)


def _section(entry: Entry) -> str:
    facts = "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in entry.facts.items())
    opening = "\n".join(f"{tool}: {line}" for tool, line in ways_to_open(entry.version).items())
    tables = "".join(_table(entry, table) for table in entry.tables)
    about = f"<p>{escape(entry.about)}</p>\n" if entry.about else ""
    return (
        f'<section id="{escape(entry.name)}">\n<h2>{escape(entry.name)}</h2>\n{about}'
        f"<dl>{facts}</dl>\n<pre>{escape(opening)}</pre>\n{tables}</section>\n"
    )


def _table(entry: Entry, table: str) -> str:
    rows = "".join(_row(entry, table, column) for column in entry.tables[table])
    heads = ("column", "type", "filled", "empty", "description")
    head = "".join(f"<th>{name}</th>" for name in heads)
    return (
        f'<h3>{escape(table)}</h3>\n<div class="wide"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}</tbody></table></div>\n"
    )


def _row(entry: Entry, table: str, column: Column) -> str:
    key = ' <span class="key">key</span>' if table == DATA and column.name in entry.key else ""
    filled = ""
    if column.filled is not None:
        bar = f'<span class="bar" style="--full: {100 * column.filled:.1f}%"></span>'
        filled = f"{bar}{column.percent}"
    return (
        f'<tr><td class="name">{escape(column.name)}{key}</td>'
        f'<td title="{escape(column.type)}">{escape(column.word)}</td>'
        f'<td class="num" data-label="filled">{filled}</td>'
        f"<td>{entry.empty(table, column)}</td>"
        f'<td class="about">{escape(column.description)}</td></tr>\n'
    )


def to_markdown(entries: Sequence[Entry]) -> str:
    """Write the dictionary as Markdown."""
    return f"# {TITLE}\n" + "".join(line for one in entries for line in _lines(one))


def _lines(entry: Entry) -> Iterator[str]:
    yield f"\n## {_cell(entry.name)}\n\n"
    if entry.about:
        yield f"{_cell(entry.about)}\n\n"
    yield from (f"- {name}: {_cell(text)}\n" for name, text in entry.facts.items())
    opening = "\n".join(f"{tool}: {line}" for tool, line in ways_to_open(entry.version).items())
    yield f"\n```text\n{opening}\n```\n"
    for table, columns in entry.tables.items():
        yield f"\n### {_cell(table)}\n\n| column | type | filled | empty | description |\n"
        yield "| --- | --- | --: | --- | --- |\n"
        for column in columns:
            key = ", key" if table == DATA and column.name in entry.key else ""
            cells = (column.name, column.word, column.percent)
            rest = (entry.empty(table, column) + key, column.description)
            yield f"| {' | '.join(map(_cell, (*cells, *rest)))} |\n"


def _cell(text: str) -> str:
    """Make a text fit for Markdown, where it can be neither HTML nor the end of a cell."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))
