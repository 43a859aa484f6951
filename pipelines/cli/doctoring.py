"""`loyalty-etl doctor`: is this machine fit to load tonight?"""

import json
from collections import Counter
from dataclasses import asdict

import click


@click.command()
@click.option("--offline", is_flag=True, help="Ask no platform.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(context: click.Context, *, offline: bool, as_json: bool) -> None:
    """Look at clock, disk, rights, versions, accounts, ledger and Dagster, and say what to do.

    Ends with 1 if anything fails; a warning lets loads run. Nothing is changed, but that runs
    whose process is gone are marked as failed.
    """
    from pipelines.doctor import examine

    found = []
    for finding in examine(offline=offline):
        found.append(finding)
        if not as_json:
            click.echo(f"{finding.verdict:<4}  {finding.name:<11}  {finding.said}")
            if finding.todo:
                click.echo(f"      {'':<11}  do: {finding.todo}")
    counts = Counter(finding.verdict for finding in found)
    if as_json:
        told = {"ok": not counts["fail"], "findings": [asdict(finding) for finding in found]}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        counted = ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items()))
        then = "do what is said above" if counts["fail"] else "loyalty-etl status"
        click.echo(f"{counted}\nNext: {then}")
    context.exit(1 if counts["fail"] else 0)
