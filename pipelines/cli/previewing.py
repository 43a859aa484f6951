"""`loyalty-etl preview`: the first records of a source before and after the mapping."""

import json
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from pipelines.cli.finding import json_option, load_feed
from pipelines.cli.running import source_option
from validators.fields import LISTED

if TYPE_CHECKING:
    from pipelines.previewing import Preview, Shown

Rows = Sequence[Mapping[str, str | None]]
INDENT = 4
CLEARED = "null: clears it"


@click.command()
@click.argument("feed")
@source_option
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="How many records are shown.",
)
@json_option
@click.pass_context
def preview(
    context: click.Context, *, feed: str, source: str | None, limit: int, as_json: bool
) -> None:
    """Show the first records before and after the mapping, and what would be sent of them.

    Nothing is sent and nothing is kept; no account is needed. Values are shown as they
    are, names and phone numbers too: look before you share the screen or the output.
    """
    _, words, _ = load_feed(feed)
    from pipelines.cli.terminal import ending_on_sigterm
    from pipelines.previewing import preview as look

    with ending_on_sigterm():
        seen = look(words, source or "", limit)
    if as_json:
        records = [{**vars(record)} for record in seen.records]
        click.echo(json.dumps({**vars(seen), "records": records}, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(feed, seen)))
        with_source = f" --source {shlex.quote(source)}" if source else ""
        click.echo(f"Next: loyalty-etl validate {feed}{with_source}")
    context.exit(4 if seen.rejected or seen.waiting else 0)


def _lines(feed: str, seen: "Preview") -> Iterator[str]:
    from pipelines.cli.terminal import plain

    told = f"the first {len(seen.records):,} records of {seen.source}"
    rejected = f"{seen.rejected:,} of them rejected"
    waiting = f", {seen.waiting:,} waiting" if seen.waiting else ""
    yield f"{feed}: {told}, {rejected}{waiting}; nothing is sent"
    for number, record in enumerate(seen.records, 1):
        yield ""
        mark = "  WAITS" if record.waits else "" if record.sent is not None else "  REJECTED"
        yield f"{number}  {record.place}{mark}"
        yield from (f"{' ' * INDENT}! {plain(reason)}" for reason in record.reasons)
        yield from _beside(record, seen.columns)
    if seen.unused:
        yield ""
        yield f"not mapped: {', '.join(map(plain, seen.unused))}"
    for number, (line, body) in enumerate(zip(seen.lines, seen.bodies, strict=True), 1):
        yield ""
        of = f" {number} of {len(seen.bodies)}" if len(seen.bodies) > 1 else ""
        yield f"{plain(line)}, body{of}, {len(body.encode()):,} bytes:"
        yield body if body.isprintable() else _escape(body)


def _beside(record: "Shown", columns: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Put source columns and fields side by side; what a receipt's lines repeat only once."""
    receipt = any(name.startswith("Items.") for name in columns)
    for number, (before, after) in enumerate(zip(record.before, record.after, strict=True), 1):
        if before.get("_raw") is not None:
            continue  # the reason has told its text
        once = [n for n in after if not n.startswith("Items.")] if number == 1 else []
        names = [*once, *(n for n in after if n.startswith("Items."))] if receipt else [*after]
        if receipt and len(record.before) > 1:
            yield f"{' ' * INDENT}- line {number}"
        pairs = [_pair(name, before, after, columns[name]) for name in names]
        cleared = [name for name in names if _is_null(record.sent, name.split("."))]
        yield from _table([(*p[:3], CLEARED) if p[2] in cleared else p for p in pairs])


def _is_null(sent: object, path: Sequence[str]) -> bool:
    """Say whether what is sent holds a null at this place: it clears the field."""
    if isinstance(sent, list):
        return any(_is_null(each, path) for each in sent)
    if not path:
        return sent is None
    return isinstance(sent, dict) and path[0] in sent and _is_null(sent[path[0]], path[1:])


def _pair(
    name: str,
    before: Mapping[str, str | None],
    after: Mapping[str, str | None],
    columns: Sequence[str],
) -> tuple[str, str, str, str]:
    values = [before.get(column) for column in columns]
    told = " + ".join("-" if value is None else value for value in values)
    value = after[name]
    made = "-" if value is None else value.replace(LISTED, ", ")
    return " + ".join(columns) or "(constant)", told, name, made


def _table(pairs: Sequence[tuple[str, str, str, str]]) -> Iterator[str]:
    from pipelines.cli.terminal import plain

    room = max(shutil.get_terminal_size((120, 24)).columns - INDENT - 7, 60)
    names = [min(max(len(pair[at]) for pair in pairs), room // 4) for at in (0, 2)]
    width = max((room - sum(names)) // 2, 12)
    for column, old, name, new in pairs:
        left = f"{plain(column, names[0]):<{names[0]}}  {plain(old, width):<{width}}"
        yield f"{' ' * INDENT}{left} | {plain(name, names[1]):<{names[1]}}  {plain(new, width)}"


def _escape(body: str) -> str:
    """Write what moves a cursor as JSON does; the body means the same."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in body)
