"""`loyalty-etl sandbox` and `loyalty-etl sample-data`: something to try feeds on."""

from pathlib import Path

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8085, show_default=True,
              help="Port; 0 takes a free one.")  # fmt: skip
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that keeps its state (default: sandbox/ in the state folder).",
)
@click.option(
    "--faults",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What goes wrong on purpose, in YAML or JSON (docs/sandbox.md).",
)
@click.option(
    "--offers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Promotions, stamp cards, activities and triggers there are (docs/sandbox.md).",
)
@click.option(
    "--quarantine",
    type=click.FloatRange(min=0),
    default=0,
    help="Seconds in which a deleted customer's phone and e-mail answer 422.",
)
@click.option(
    "--not-activated",
    "off",
    multiple=True,
    metavar="METHODS",
    help="Methods that answer 403, as bonus or import; may be given again.",
)
def sandbox(
    *,
    host: str,
    port: int,
    data: Path | None,
    faults: Path | None,
    offers: Path | None,
    quarantine: float,
    off: tuple[str, ...],
) -> None:
    """Serve the platform's API on this machine, to try feeds on. Stop it with Ctrl-C."""
    from pipelines.settings import state_dir
    from sandbox import FaultsError, serve
    from sandbox.settings import NEEDS_ACTIVATION

    folder = data or state_dir() / "sandbox"
    if unknown := set(off) - NEEDS_ACTIVATION:
        known = ", ".join(sorted(NEEDS_ACTIVATION))
        raise click.BadParameter(
            f"{', '.join(sorted(unknown))}: methods are {known}", param_hint="--not-activated"
        )

    def ready(base_url: str) -> None:
        click.echo(f"The sandbox answers; its state is in {folder}. In another shell:")
        click.echo(f"  export TRIGG_BASE_URL={base_url} TRIGG_API_KEY=sandbox")
        click.echo("  loyalty-etl check")

    try:
        serve(
            folder,
            host=host,
            port=port,
            on_ready=ready,
            faults=faults,
            offers=offers,
            quarantine=quarantine,
            activated=NEEDS_ACTIVATION - set(off),
        )
    except FaultsError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.strerror or error}") from None


@click.command("sample-data")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the facts as one JSON object.")
def sample_data(*, folder: Path, as_json: bool) -> None:
    """Write a year of a grocer's real receipts, and members, in every format (about 1 GB)."""
    import json
    from dataclasses import asdict

    from sample_data.year import write_year

    facts = write_year(folder)
    told = asdict(facts)
    if as_json:
        click.echo(json.dumps(told, default=str))
        return
    click.echo(
        f"{facts.lines:,} lines, {facts.receipts:,} receipts, gross {facts.gross:,},"
        f" {facts.members:,} members in {folder}"
    )
    click.echo("Next: copy a folder of pipelines/defs/, map the columns, then loyalty-etl run")
