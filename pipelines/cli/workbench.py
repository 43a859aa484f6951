"""`loyalty-etl workbench`: from a file to a feed, and to a load, on pages instead of in YAML."""

from contextlib import suppress

import click

from pipelines.cli.finding import production_option


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True,
              help="Port; 0 takes a free one.")  # fmt: skip
@production_option
def workbench(*, port: int) -> None:
    """Serve pages on this machine: drop a file, correct the guess, check, save, try and load.

    Only this machine is answered, and only who has the address that is printed. Stop it with
    Ctrl-C; a load that is under way ends in good order first.
    """
    from pipelines.cli.terminal import ending_on_sigterm
    from pipelines.workbench.serving import serve

    def ready(address: str) -> None:
        click.echo("The workbench answers, on this machine only:")
        click.echo(f"  {address}")
        click.echo("Whoever has this address may use it. Stop it with Ctrl-C.")

    try:
        with suppress(KeyboardInterrupt, click.Abort), ending_on_sigterm():
            serve(port, ready)
    except OSError as error:
        message = f"cannot listen on port {port}: {error.strerror or error}"
        raise click.ClickException(f"{message}; --port 0 takes a free one") from None
    click.echo("The workbench has ended.")
