"""`loyalty-etl forget`: erase a person from what is kept on this machine."""

import json
import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

from pipelines.progress import several

if TYPE_CHECKING:
    from pipelines.forgetting import Found

NOT_HERE = "DELETE /customers/externalId/{externalId}/source/{source}"
"""What deletes a member at the platform."""


@click.command()
@click.option("--key", "keys", multiple=True, help="A phone (+47…), an e-mail address or an id.")
@click.option("--file", "listed", type=click.File(encoding="utf-8"),
              help="A list of keys, one a line; - reads stdin.")  # fmt: skip
@click.option("--feed", help="Only what this feed left, by its name or path.")
@click.option("--ledger", "with_ledger", is_flag=True,
              help="Forget also that it was delivered: it is new if it comes again.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def forget(
    context: click.Context,
    *,
    keys: tuple[str, ...],
    listed: TextIO | None,
    feed: str | None,
    with_ledger: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase a person from rejects, outcomes, plans, traces and exports; the counts stay.

    Give all keys that the person has: phone, e-mail address, external id, customer id. Nothing is
    erased at the platform, and nothing in files that you were given or asked for elsewhere.
    """
    from delivery.ledger import open_ledger
    from pipelines.cli.finding import named_feed
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.forgetting import StillNeeded, find
    from pipelines.forgetting import forget as erase
    from pipelines.settings import ledger_url
    from transforms.persons import read_keys

    wanted = [key for key in (*keys, *(listed or ())) if key.strip()]
    if not wanted:
        raise click.UsageError("say whom: --key KEY, or --file LIST")
    sought, name = read_keys(wanted), named_feed(feed)
    with open_ledger(ledger_url()) as ledger, ledger.hold("forget"):
        with TerminalReporter(silent=as_json).following(lambda _: None) as progress:
            found = find(sought, ledger, name, progress)
        told = _as_json(found, dry_run=dry_run)
        if not as_json:
            _print(found, len({*sought.ids, *sought.emails, *sought.phones}))
            if any(key.isdigit() and len(key) > 6 for key in sought.ids):
                click.echo("A number without a country code is taken for an id; a phone is +47…")
        if found.unfinished:
            raise StillNeeded(found.unfinished)
        if not dry_run and (found.hits or with_ledger):
            if not yes:
                if not sys.stdin.isatty() or as_json:
                    raise click.UsageError("nothing was erased: say --yes, or --dry-run")
                click.confirm("Erase all of it?", abort=True)
            told["ledger"] = erase(found, sought, ledger, with_ledger=with_ledger)
            told["erased"] = True
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print_end(told, with_ledger=with_ledger, dry_run=dry_run)
    context.exit(0)


def _as_json(found: "Found", *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "erased": False,
        "rows": found.rows,
        "files": [
            {"path": str(hit.path), "feed": hit.feed, "did": hit.did, "rows": hit.rows}
            for hit in found.hits
        ],
        "ledger": 0,
    }


def _print(found: "Found", keys: int) -> None:
    files = several(len(found.hits), "file")
    click.echo(f"{several(keys, 'key')}: {several(found.rows, 'row')} in {files}")
    for hit in found.hits:
        click.echo(f"  {hit.rows:>7,}  {hit.did:<15}  {hit.path}")


def _print_end(told: dict[str, Any], *, with_ledger: bool, dry_run: bool) -> None:
    if told["erased"]:
        click.echo("Erased; written down in forgotten.log, without whom")
        if with_ledger:
            click.echo(f"ledger    {told['ledger']:,} records are known as delivered no more")
        else:
            click.echo("ledger    it keeps hashes of keys, so that nobody is sent twice: --ledger")
    if dry_run and told["files"]:
        click.echo("Nothing was erased. Next: the same without --dry-run")
    else:
        click.echo(f"Next, for the platform's own copy: loyalty-etl endpoints '{NOT_HERE}'")
