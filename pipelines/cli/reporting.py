"""`loyalty-etl report`: a run as one page."""

import json
from pathlib import Path

import click

from pipelines.cli.finding import named_feed
from pipelines.runs import list_summaries


@click.command()
@click.argument("run_id", required=False, default="")
@click.option("--feed", help="Only this feed of the run, by its name or path.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the page to this file too.")  # fmt: skip
@click.option("--open", "show", is_flag=True, help="Open it in a browser.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def report(
    *, run_id: str, feed: str | None, output: Path | None, show: bool, as_json: bool
) -> None:
    """Write the page of a run, and say where it lies; the start of its id is enough.

    Without RUN_ID it is the last one. The page is one file that asks nothing of any other place,
    and names nobody: values are told by their shape.
    """
    name = named_feed(feed)
    found = [s for s in list_summaries(name) if s.run_id.startswith(run_id)]
    if not found:
        raise click.ClickException(f"no run begins with {run_id}; see: loyalty-etl runs list")
    if run_id and len({s.run_id for s in found}) > 1:
        raise click.ClickException(f"several runs begin with {run_id}; give more of the id")
    from pipelines.run_page import write_page
    from pipelines.runs import write_private

    run_id = found[0].run_id
    path = write_page(run_id, name or "")
    if output:
        write_private(output, path.read_text(encoding="utf-8"))
        path = output
    if as_json:
        told = {"run_id": run_id, "feeds": sorted({s.feed for s in found if s.run_id == run_id})}
        click.echo(json.dumps({**told, "page": str(path.resolve())}, ensure_ascii=False))
    else:
        click.echo(path.resolve())
    if show and click.launch(path.resolve().as_uri()):
        raise click.ClickException(f"no browser could be started: open {path.resolve()}")
