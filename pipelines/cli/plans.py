"""Plans: read, judged, copied and told."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from pipelines.cli.summing import print_summary
from pipelines.feeds import LoadFeed
from pipelines.planning import Plan, load_plan
from pipelines.runs import Summary


def read_plan(path: Path) -> Plan:
    """Read what `loyalty-etl plan` wrote.

    Raises:
        ClickException: it is no plan, or cannot be read.
    """
    try:
        return load_plan(path)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError):
        message = f"{path} is no plan: make one with loyalty-etl plan FEED -o plan.json"
        raise click.ClickException(message) from None


def check_plan(path: Path, plan: Plan, name: str, feed: LoadFeed) -> None:
    """See that a plan is one of this feed, into the target that is set now.

    Raises:
        ClickException: it is not. Whether the records are still the same is seen by the run.
        AccountError: no account is set.
    """
    from pipelines.comparing import target_of
    from pipelines.settings import trigg_account

    target = target_of(feed, trigg_account(feed.profile))
    if plan.feed != name:
        raise click.ClickException(f"{path} is a plan of {plan.feed}, not of {name}")
    if not plan.target:
        raise click.ClickException(f"{path} was made before there was an account: plan again")
    if plan.target != target:
        raise click.ClickException(f"{path} is a plan into {plan.target}, not into {target}")


def copy_plan(made: Path, path: Path) -> None:
    """Put a plan where the user wants it, readable by its owner only: it holds an example.

    Raises:
        ClickException: it cannot be written there.
    """
    if path.is_file() and path.samefile(made):
        return
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made.read_bytes())
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}; the plan is {made}") from None


def print_plan(summary: Summary, made: Path, *, as_json: bool, then: str) -> None:
    """Print a plan, for a script or for a person; the example stays in the file."""
    if not as_json or summary.state == "failed":
        print_summary(summary, as_json=as_json, then=then)
        return
    told = {k: v for k, v in asdict(read_plan(made)).items() if k not in {"example", "deletes"}}
    told |= {"run_id": summary.run_id, "file": str(made), "exit_code": summary.exit_code}
    click.echo(json.dumps(told, ensure_ascii=False))


def unfinished(name: str, feed: LoadFeed) -> bool:
    """Say whether a load of this feed is unfinished, so that a run would go on with it first."""
    from connectors.trigg.account import AccountError
    from delivery.ledger import open_ledger
    from pipelines.comparing import target_of
    from pipelines.settings import ledger_url, trigg_account

    try:
        target = target_of(feed, trigg_account(feed.profile))
    except AccountError:
        return False
    with open_ledger(ledger_url()) as ledger:
        return any(load.target == target for load in ledger.loads(feed=name, state="open"))
