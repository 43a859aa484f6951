"""`loyalty-etl exports duckdb` and `dictionary`: exports for those who work with the data."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.finding import json_option

if TYPE_CHECKING:
    from pipelines.exports.versions import Version


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, instead of exports.duckdb among the exports.",
)
@json_option
def duckdb(*, output: Path | None, as_json: bool) -> None:
    """Write a DuckDB file with a view over the newest version of every table.

    The views show what is published later too. Needs the extra `duckdb`.
    """
    from pipelines.exports.looking.duck import FILE, refresh_duckdb
    from pipelines.settings import exports_dir

    path = (output or exports_dir() / FILE).resolve()
    names = refresh_duckdb(path, _newest())
    if as_json:
        click.echo(json.dumps({"file": str(path), "views": names}))
        return
    click.echo(f"{path}: {len(names)} views")
    for name in names:
        click.echo(f"  {name}")
    click.echo(f"Next: duckdb -readonly {shlex.quote(str(path))}, or docs/exports.md for SQL")


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page to write, Markdown if it ends in .md; else dictionary.html among the exports.",
)
@json_option
def dictionary(*, output: Path | None, as_json: bool) -> None:
    """Write a page that says what each table and column is, and how full; no data."""
    from pipelines.cli.exports import feed_words
    from pipelines.exports.looking.dictionary import read_entry, to_html, to_markdown
    from pipelines.publishing import CannotWrite
    from pipelines.settings import exports_dir, private_folder

    path = (output or exports_dir() / "dictionary.html").resolve()
    entries = []
    for version in _newest():
        feed = feed_words(version.manifest.feed)
        said = (feed.description, feed.key, feed.required) if feed else ()
        entries.append(read_entry(version, *said))
    text = to_markdown(entries) if path.suffix.lower() == ".md" else to_html(entries)
    try:
        private_folder(path.parent)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written ({error.strerror}); choose another") from None
    columns = sum(len(found) for one in entries for found in one.tables.values())
    if as_json:
        click.echo(json.dumps({"file": str(path), "exports": len(entries), "columns": columns}))
        return
    click.echo(f"{path}: {len(entries)} exports, {columns} columns")
    click.echo("Next: open it in a browser" if path.suffix != ".md" else "Next: read it")


def _newest() -> list["Version"]:
    """Give the newest version of each export that was published.

    Raises:
        NoExport: there is none.
    """
    from pipelines.exports.versions import NoExport, list_versions, outputs

    found = [versions[-1] for out in outputs() if (versions := list_versions(out))]
    if not found:
        raise NoExport("nothing was exported yet: loyalty-etl export FEED")
    return found
