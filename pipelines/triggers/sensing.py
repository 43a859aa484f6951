"""The Dagster sensor of an inbox, and what Dagster knows of the runs that load its files."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipelines.assets import DELIVERED, PREPARED
from pipelines.failures import classify
from pipelines.feeds import LoadFeed
from pipelines.triggers.claiming import TAG
from pipelines.triggers.inbox import Asked, Look, look
from pipelines.triggers.judging import NO_RUN, RunState

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition as Job,
    )

__all__ = ["ask_dagster", "inbox_sensors", "tell_look"]

_EVERY = 30
"""Seconds between two looks."""
_WAITING = {
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
}
_GOING = {
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
}


def ask_dagster(instance: dg.DagsterInstance) -> Callable[[str], RunState]:
    """Give what tells of the newest run with a tag how far it is."""

    def state_of(tag: str) -> RunState:
        found = instance.get_run_records(dg.RunsFilter(tags={TAG: tag}), limit=1)
        if not found:
            return NO_RUN
        status = found[0].dagster_run.status
        since = found[0].update_timestamp
        since = since if since.tzinfo else since.replace(tzinfo=UTC)
        seconds = (datetime.now(UTC) - since).total_seconds()
        if status in _WAITING:
            return RunState("waiting", seconds)
        if status in _GOING:
            return RunState("going", seconds)
        cancelled = status == dg.DagsterRunStatus.CANCELED
        return RunState("cancelled" if cancelled else "ended", seconds)

    return state_of


def inbox_sensors(name: str, feed: LoadFeed, job: "Job") -> list[dg.SensorDefinition]:
    """Give the sensor of a feed with an inbox: it takes the next file that is whole."""
    words = feed.inbox
    if words is None:
        return []

    @dg.sensor(
        name=f"{name}_inbox",
        job=job,
        minimum_interval_seconds=_EVERY,
        description=f"Loads what is whole in {words.folder}. Off until it is switched on.",
    )
    def inbox(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        try:
            seen = look(name, feed, ask_dagster(context.instance), datetime.now(UTC))
        except Exception as error:
            told = classify(error)
            if told is None:
                raise
            return dg.SkipReason(told[0])
        if seen.asked is None:
            return dg.SkipReason(tell_look(seen))
        return _request(name, seen.asked)

    return [inbox]


def _request(name: str, asked: Asked) -> dg.RunRequest:
    entry = asked.entry
    config: dict[str, Any] = {PREPARED: {"source": asked.source}}
    selected = None
    if asked.resume:
        config = {DELIVERED: {"resume": entry.run_id}}
        selected = [dg.AssetKey([name, DELIVERED])]
    ops = {f"{name}__{asset}": {"config": words} for asset, words in config.items()}
    return dg.RunRequest(
        run_key=entry.tag,
        run_config={"ops": ops},
        tags={TAG: entry.tag},
        partition_key=entry.day or None,
        asset_selection=selected,
    )


def tell_look(seen: Look) -> str:
    """Say what was moved, and what waits."""
    told = [f"{each.name} {each.ending}: {each.place}" for each in seen.moved]
    told += [f"{name} {why}" for name, why in seen.waits.items()]
    return "; ".join(told) or "nothing there"
