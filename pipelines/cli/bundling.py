"""`loyalty-etl support-bundle`: one file for whoever is asked for help, without anybody in it."""

from pathlib import Path

import click

from pipelines.runs import list_summaries


@click.command("support-bundle")
@click.option(
    "--run", "run_id", default="", help="Of this run; its start is enough. Else the last."
)
@click.option("--feed", help="Which of the run's feeds.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="Where to write it.")  # fmt: skip
def support_bundle(*, run_id: str, feed: str | None, output: Path | None) -> None:
    """Write versions, settings, counts and shapes of a run to a ZIP file.

    There are no secrets and no values in it, and that is proven before it is written.
    """
    from delivery.ledger import open_ledger
    from pipelines.bundling import collect, prove, write_bundle
    from pipelines.cli.finding import named_feed
    from pipelines.settings import ledger_url

    found = [s for s in list_summaries(named_feed(feed)) if s.run_id.startswith(run_id)]
    if not found:
        raise click.ClickException(f"no run begins with {run_id}; see: loyalty-etl runs list")
    if run_id and len({s.run_id for s in found}) > 1:
        raise click.ClickException(f"several runs begin with {run_id}; give more of the id")
    path = output or Path(f"support-{found[0].run_id[:8]}.zip")
    with open_ledger(ledger_url()) as ledger:
        files = collect(found[0], ledger)
    looked = prove(files, found[0])
    write_bundle(files, path)
    click.echo(f"{path}: {', '.join(files)}")
    click.echo(f"{looked:,} values and all secrets were looked for in it, and none is there")
    click.echo(f"Next: look into it (unzip -p {path}), then send it")
