"""`loyalty-etl endpoints`: what the API can do, and what a feed can send to it."""

import json
from dataclasses import asdict

import click


@click.command()
@click.argument("name", nargs=-1)
@click.option(
    "--use",
    type=click.Choice(["load", "export", "look", "no"]),
    help="Only those that feeds send to, or read, or that are looked up, or not offered.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def endpoints(*, name: tuple[str, ...], use: str | None, as_json: bool) -> None:
    """List the methods of the API, or those with NAME in them; show one at length.

    NAME is a method such as POST /customers, or any part of its name, its group or what it does.
    """
    from connectors.trigg.catalogue import all_endpoints
    from pipelines.describing import detail, table

    part = " ".join(name).casefold()
    offered = [e for e in all_endpoints() if use in {None, e.use}]
    found = [e for e in offered if e.name.casefold() == part] or [
        e for e in offered if part in f"{e.name} {e.group} {e.about}".casefold()
    ]
    if not found:
        of_use = f" of use `{use}`" if use else ""
        raise click.UsageError(f"no method{of_use} has {' '.join(name)} in its name or its words")
    if as_json:
        for endpoint in found:
            told = {"name": endpoint.name} | asdict(endpoint)
            click.echo(json.dumps(told, ensure_ascii=False))
        return
    one = len(found) == 1
    click.echo("\n".join(detail(found[0]) if one else table(found)))
    if not one:
        click.echo("Next: loyalty-etl endpoints NAME")
