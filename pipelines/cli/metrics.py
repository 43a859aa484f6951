"""`loyalty-etl metrics`: how things stand, for Prometheus."""

from pathlib import Path

import click


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write them to this file, in one step, such as one of node_exporter's textfile collector.",
)
@click.option("--serve", "port", type=click.IntRange(0, 65535), help="Answer on this port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where --serve listens.")
def metrics(*, output: Path | None, port: int | None, host: str) -> None:
    """Print metrics for Prometheus (extra `observe`), or serve them until it is stopped."""
    try:
        from pipelines.observing import metrics as telling
    except ImportError:
        from pipelines.exports.writing.formats import MissingExtra

        message = "metrics needs prometheus-client: pip install -e '.[observe]'"
        raise MissingExtra(message) from None
    if output and port is not None:
        raise click.UsageError("-o writes a file, --serve answers on a port: choose one")
    if output:
        telling.write_metrics(output)
    elif port is None:
        click.echo(telling.tell_metrics().decode(), nl=False)
    else:
        _serve(port, host)


def _serve(port: int, host: str) -> None:
    from threading import Event

    from prometheus_client import start_http_server

    from pipelines.cli.terminal import ending_on_sigterm
    from pipelines.observing.metrics import make_registry

    server, thread = start_http_server(port, addr=host, registry=make_registry())
    try:
        with ending_on_sigterm():
            click.echo(f"metrics on http://{host}:{server.server_port}/metrics; Ctrl-C ends it")
            Event().wait()
    finally:
        server.shutdown()
        thread.join()
