"""`loyalty-etl status`: what is unfinished, and what is in doubt."""

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from pipelines.cli.finding import run_of
from pipelines.progress import several
from pipelines.runs import list_summaries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from delivery.ledger import Entry, Load, State, Tally
    from delivery.ledger.book import Ledger

STATES = ("planned", "sending", "accepted", "rejected", "in_doubt", "unsent")


@dataclass(frozen=True)
class Found:
    """A load that is unfinished or in doubt.

    Attributes:
        load: the load.
        runs: whether a process is at work on its feed.
        tally: its batches by state.
        doubts: those in doubt; also those that a killed process left as `sending`.
    """

    load: "Load"
    runs: bool
    tally: "Mapping[State, Tally]"
    doubts: list["Entry"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def status(context: click.Context, *, as_json: bool) -> None:
    """Show unfinished loads and what is in doubt; ends with 5 while anything is in doubt."""
    from delivery.ledger import open_ledger
    from pipelines.settings import ledger_url

    with open_ledger(ledger_url()) as ledger:
        doubts = ledger.doubts()
        loads = [x for x in ledger.loads() if x.state == "open" or x.id in doubts]
        found = [_look(ledger, load) for load in loads]
    waiting = _quarantined()
    if as_json:
        told = _as_json(found) | {"quarantined": waiting} | _standing(bool(_doubted(found)))
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print(found, waiting)
    context.exit(5 if _doubted(found) else 0)


def _doubted(found: list[Found]) -> bool:
    return any(each.doubts for each in found)


def _standing(doubted: bool) -> dict[str, Any]:  # noqa: FBT001
    """Tell a monitor how each feed stands, and whether anybody is needed."""
    from pipelines.observing.standing import look
    from pipelines.runs import now

    feeds = look()
    bad = [each.feed for each in feeds if each.dead or each.last.state == "failed"]
    return {
        "time": now(),
        "ok": not doubted and not bad,
        "feeds": [each.told() for each in feeds],
    }


def _quarantined() -> list[dict[str, Any]]:
    """Count who is in quarantine still, by feed and target."""
    if not any(summary.quarantined_records for summary in list_summaries()):
        return []
    from pipelines.quarantine import find_quarantined, tell_moment

    told: dict[tuple[str, str], dict[str, Any]] = {}
    for each in find_quarantined():
        run = each.summary
        of_feed = told.setdefault(
            (run.feed, run.target),
            {"feed": run.feed, "path": run.feed_path, "target": run.target, "records": 0},
        )
        of_feed["records"] += each.people.height
        of_feed["since"] = min(of_feed.get("since", "9"), tell_moment(each.since))
    return [*told.values()]


def _look(ledger: "Ledger", load: "Load") -> Found:
    from delivery.ledger import LedgerBusy, State

    try:
        # Held for this moment only: a process at work would not let go of it.
        with ledger.hold(f"feed {load.feed}"):
            runs = False
    except LedgerBusy:
        runs = True
    states = {State.IN_DOUBT} if runs else {State.IN_DOUBT, State.SENDING}
    doubts = ledger.entries(load.id, states, blobs=False)
    return Found(load, runs, ledger.tally(load.id), doubts)


def _as_json(found: list[Found]) -> dict[str, Any]:
    loads = [
        {
            "run_id": run_of(each.load),
            "feed": each.load.feed,
            "target": each.load.target,
            "started": each.load.started,
            "state": each.load.state,
            "running": each.runs,
            "batches": {s: each.tally[s].batches for s in each.tally},
            "records": {s: each.tally[s].records for s in each.tally},
        }
        for each in found
    ]
    doubts = [
        {
            "run_id": run_of(each.load),
            "feed": each.load.feed,
            "batch": entry.number,
            "records": entry.records,
            "cause": entry.cause or "killed",
            "sent_at": entry.sent_at,
            "status": entry.status,
            "reason": entry.reason,
        }
        for each in found
        for entry in each.doubts
    ]
    return {"loads": loads, "in_doubt": doubts}


def _print(found: list[Found], quarantined: list[dict[str, Any]]) -> None:
    from pipelines.cli.resolving import doubt

    if not found:
        click.echo("No load is unfinished, and nothing is in doubt")
    for people in quarantined:
        told = f"{people['records']:,} in quarantine, since {people['since']}"
        click.echo(f"{people['feed']}  {told}\n  into      {people['target']}")
    if not found:
        again = "loyalty-etl runs list"
        if quarantined:
            first = quarantined[0]["path"] or quarantined[0]["feed"]
            again = f"loyalty-etl retry --quarantined --feed {shlex.quote(first)}"
        click.echo(f"Next: {again}")
        return
    for each in found:
        word = "under way" if each.runs else "unfinished"
        word = "finished" if each.load.state == "closed" else word
        click.echo(f"{run_of(each.load)}  {each.load.feed}  {word}, begun {each.load.started}")
        click.echo(f"  into      {each.load.target}")
        parts = [
            f"{tally.records:,} {name.replace('_', ' ')}"
            f" ({several(tally.batches, 'batch', 'batches')})"
            for name in STATES
            for state, tally in each.tally.items()
            if state == name
        ]
        click.echo(f"  records   {', '.join(parts) or 'none in a batch yet'}")
        for entry in each.doubts:
            click.echo(f"  in doubt  batch {entry.number}: {doubt(entry)}")
        if each.doubts:
            host = urlsplit(each.load.target).netloc
            click.echo(f"  ask       whoever runs {host} whether they landed")
    waiting = next((x for x in found if x.doubts and not x.runs), None)
    idle = next((x for x in found if not x.runs and x.load.state == "open"), None)
    if waiting:
        last = "; or resume, which asks where the feed says so" if idle else ""
        click.echo(f"Next: loyalty-etl resolve {run_of(waiting.load)}{last}")
    elif idle:
        click.echo("Next: loyalty-etl resume")
    else:
        click.echo("Next: wait for what is under way")
