"""`loyalty-etl demo`: the nightly job on the sample data, against a sandbox of its own."""

import shutil

import click


@click.command()
@click.pass_context
def demo(context: click.Context) -> None:
    """Run every shipped feed on sample_data/ into a fresh sandbox, and say where all of it lies."""
    from pipelines.cli.summing import worst
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.feeds import list_feeds, read_feed
    from pipelines.materializing import run_nightly
    from pipelines.settings import exports_dir, lead_to, state_dir
    from sandbox import running

    data = state_dir() / "demo-sandbox"
    shutil.rmtree(data, ignore_errors=True)
    click.echo("Starting the sandbox and the nightly job: members, receipts, then reports.")
    with running(data) as api:
        lead_to(api.base_url, api.api_key, {read_feed(name).profile for name in list_feeds()})
        summaries = run_nightly(TerminalReporter())
    for summary in summaries:
        if summary.state == "failed":
            click.echo(f"{summary.feed:<20} failed: {summary.error}")
            continue
        what = "rows" if summary.kind == "export" else "records"
        click.echo(
            f"{summary.feed:<20} {summary.rows:>5,} rows {summary.rejected_rows:>3,} rejected"
            f" {summary.accepted_records:>5,} {what} in {summary.requests} requests"
        )
    for name in sorted({*list_feeds()} - {summary.feed for summary in summaries}):
        click.echo(f"{name:<20} not begun: what it comes after has failed")
    run_id = summaries[0].run_id if summaries else ""
    click.echo(f"Reports   {exports_dir()}/<report>/latest/data")
    click.echo(f"Run       {state_dir() / 'runs' / run_id}")
    click.echo(f"Sandbox   {data}")
    click.echo("Next: make dev, and look at the run at http://127.0.0.1:3000/runs")
    context.exit(worst([summary.exit_code for summary in summaries] or [3]))
