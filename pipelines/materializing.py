"""Running feeds as Dagster assets in this process, so that the UI shows these runs too."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Literal

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from delivery.ledger import open_ledger
from pipelines import ROOT
from pipelines.alerts import tell_after_run
from pipelines.assets import DELIVERED, PREPARED, last_asset, load_assets
from pipelines.definitions import build_definitions
from pipelines.export_asset import REPORT, export_assets
from pipelines.feeds import ExportFeed, LoadFeed, list_feeds
from pipelines.progress import Reporter
from pipelines.publishing import CannotWrite
from pipelines.runs import Summary, forget_run, list_summaries, read_summary, write_summary
from pipelines.settings import ledger_url, private_folder, state_dir
from pipelines.stopping import heard
from pipelines.supervising.dead_runs import reap
from pipelines.supervising.forgetting import forget_in_dagster
from pipelines.triggers.book import forget_taken
from pipelines.triggers.claiming import TAG
from pipelines.triggers.hours import assets_of
from pipelines.workbench.drafts import forget_drafts

# Dagster's console log would break into the progress line; the summary says what happened.
SILENT: dict[str, Any] = {"console": {"config": {"log_level": "CRITICAL"}}}

OURS = {"dagster/max_retries": "0"}
"""Tags of a run in this process: Dagster's daemon has no way to run it again."""


def open_instance() -> dg.DagsterInstance:
    """Open Dagster's memory: that of DAGSTER_HOME, else the one in the state folder.

    Capturing stdout would cost a process per step and the progress line, so it is off here.

    Raises:
        CannotWrite: the state folder cannot be used.
    """
    quiet = {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
    _make_folder(state_dir())
    home = os.environ.get("DAGSTER_HOME")
    if home:
        return dg.DagsterInstance.from_ref(
            InstanceRef.from_dir(home, overrides={"compute_logs": quiet})
        )
    base = _make_folder(state_dir() / "dagster")
    here = {
        "compute_logs": quiet,
        "storage": {"sqlite": {"base_dir": str(base)}},
        "local_artifact_storage": {
            "module": "dagster._core.storage.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": str(base)},
        },
    }
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(ROOT), overrides=here))


def _make_folder(folder: Path) -> Path:
    """Make a folder for its owner only, and try to write there."""
    try:
        private_folder(folder)
        with TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        message = f"{folder} cannot be written ({error.strerror}): set LOYALTY_ETL_STATE"
        raise CannotWrite(message) from None


def run_feed(
    name: str,
    feed: LoadFeed | ExportFeed,
    reporter: Reporter,
    *,
    source: str = "",
    output: str = "",
    since: str = "",
    until: str = "",
    full: bool = False,
    dry_run: bool = False,
    plan: str = "",
    delete: int | None = None,
    retry_of: str = "",
    feed_path: str = "",
    day: str = "",
    tag: str = "",
) -> Summary:
    """Run one feed, whole, or for a load with `dry_run` all but the sending.

    Args:
        name: the feed's name.
        feed: its words.
        reporter: told how far it is.
        source: a file instead of the load feed's own.
        output: a folder instead of the export feed's own.
        since: the begin of a window instead of the export feed's own.
        until: its end, likewise.
        full: read all of an export anew, and build on no version of it before.
        dry_run: make ready and count, send nothing.
        plan: the digest of a plan; a load sends exactly that or nothing.
        delete: how many customers that plan deletes, of a feed that does.
        retry_of: the run whose rejects the source holds.
        feed_path: the YAML of a feed that lies elsewhere, so that the load can be resumed.
        day: that of the file, of a load with one a day; by default the newest.
        tag: of the file of an inbox that is loaded (`pipelines.triggers.claiming`).
    """
    kind: Literal["load", "export"] = "load" if isinstance(feed, LoadFeed) else "export"
    config: dict[str, Any]
    if isinstance(feed, LoadFeed):
        if feed.partitions and not source and not day:
            day = feed.partitions.newest_day(datetime.now(UTC)).isoformat()
        if not day:  # of another file, which is of no day
            feed = feed.model_copy(update={"partitions": None})
        assets = load_assets(name, feed)
        said = {"source": source, "retry_of": retry_of, "feed_path": feed_path}
        config = {PREPARED: {**said, "dry_run": dry_run}}
        if not dry_run:
            config[DELIVERED] = {"plan": plan, **({} if delete is None else {"delete": delete})}
    else:
        assets = export_assets(name, feed, [last_asset(other) for other in feed.behind])
        said = {"output": output, "since": since, "until": until}
        config = {REPORT: {**said, "full_refresh": full}}
    tags = _tags_of_days(feed, since, until) if isinstance(feed, ExportFeed) else {}
    if day:
        tags[PARTITION_NAME_TAG] = day
    if tag:
        tags[TAG] = tag
    run_id, success = _execute(name, assets, reporter, config, tags)
    summary = read_summary(run_id, name) or Summary(run_id, name, kind)
    if not success and summary.state != "failed":
        summary = write_summary(_broken(summary))
    tell_after_run()
    return summary


def _tags_of_days(feed: ExportFeed, since: str, until: str) -> dict[str, str]:
    """Say to Dagster which partitions a run is for; without a window the last day that is over."""
    if feed.partitions is None:
        return {}
    days = feed.partitions.asked(datetime.now(UTC), since, until)
    if days.first == days.last:
        return {PARTITION_NAME_TAG: days.first.isoformat()}
    return {
        ASSET_PARTITION_RANGE_START_TAG: days.first.isoformat(),
        ASSET_PARTITION_RANGE_END_TAG: days.last.isoformat(),
    }


def resume_feed(
    name: str, feed: LoadFeed, reporter: Reporter, run_id: str, *, tag: str = ""
) -> Summary:
    """Go on with an unfinished load of an earlier run; give the summary of that run."""
    begun = read_summary(run_id, name)
    tags = {TAG: tag} if tag else {}
    if begun and begun.day:
        tags[PARTITION_NAME_TAG] = begun.day
    else:
        feed = feed.model_copy(update={"partitions": None})
    assets = load_assets(name, feed)
    _, success = _execute(name, assets, reporter, {DELIVERED: {"resume": run_id}}, tags)
    tell_after_run()
    summary = read_summary(run_id, name) or Summary(run_id, name, "load")
    if not success and summary.state != "failed":
        return _broken(summary)
    return summary


def _broken(summary: Summary) -> Summary:
    line = "Dagster ended the run early; its log says why: make dev"
    return summary.add(state="failed", error=line, error_kind="run", error_code="dagster-ended")


def _execute(
    name: str,
    assets: list[dg.AssetsDefinition],
    reporter: Reporter,
    config: dict[str, Any],
    tags: Mapping[str, str] | None = None,
) -> tuple[str, bool]:
    """Run those of a feed's assets that are configured, in this process, as a Dagster run."""
    job = dg.define_asset_job(name, dg.AssetSelection.assets(*(asset.key for asset in assets)))
    definitions = dg.Definitions(assets=assets, jobs=[job], resources={"reporter": reporter})
    ops = {f"{name}__{asset}": {"config": words} for asset, words in config.items()}
    keys = [asset.key for asset in assets if asset.key.path[-1] in config]
    result = execute(definitions.resolve_job_def(name), keys, ops=ops, tags=tags)
    return result.run_id, result.success


def execute(
    job: dg.JobDefinition,
    assets: Sequence[dg.AssetKey] | None,
    *,
    ops: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    run_id: str | None = None,
) -> dg.ExecuteInProcessResult:
    """Run a job in this process, those of its assets that are named, or all.

    What a signal has ended is cancelled in Dagster too, which takes it for a failure.
    """
    heard.clear()
    with open_instance() as instance:
        reap(instance)
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"ops": dict(ops or {}), "loggers": SILENT},
            tags={**OURS, **(tags or {})},
            asset_selection=assets,
            run_id=run_id,
        )
        if heard.is_set() and not result.success:
            instance.report_run_canceled(result.dagster_run, "Told to stop.")
    return result


def run_nightly(
    reporter: Reporter, feeds: Sequence[str] | None = None, day: date | None = None
) -> list[Summary]:
    """Run the nightly job: every feed, in order. Feeds that were not begun have no summary.

    Args:
        reporter: told how far it is.
        feeds: only these of them.
        day: which one those load that have a file a day.
    """
    result = execute(
        build_definitions(reporter).resolve_job_def("nightly"),
        None if feeds is None else assets_of(feeds),
        tags={PARTITION_NAME_TAG: day.isoformat()} if day else {},
    )
    found = [read_summary(result.run_id, name) for name in list_feeds()]
    return sorted((s for s in found if s), key=lambda s: s.started)


def prune_runs(days: int) -> int:
    """Forget runs that began more than this many days ago; give how many there were.

    Drafts of the workbench that were not used for as long go too, and what inboxes took before: a
    file that comes again is read again, and unchanged.
    A run whose load is unfinished or in doubt stays. What was delivered stays known.

    Raises:
        LedgerError: the ledger cannot be read or written; nothing is forgotten then.
    """
    before = datetime.now(UTC) - timedelta(days=days)
    with open_ledger(ledger_url()) as ledger, open_instance() as instance:
        loads = ledger.loads()
        unsettled = {load.id for load in loads if load.state == "open"} | set(ledger.doubts())
        kept = {_run_of(load) for load in unsettled}
        recorded = instance.get_runs(dg.RunsFilter(created_before=before))
        old = {s.run_id for s in list_summaries() if datetime.fromisoformat(s.started) < before}
        forgotten = (old | {run.run_id for run in recorded}) - kept
        ledger.forget([load.id for load in loads if _run_of(load.id) in forgotten])
        forget_in_dagster(instance, {run.run_id for run in recorded} & forgotten)
    for run_id in forgotten:
        forget_run(run_id)
    forget_drafts(days)
    forget_taken(before)
    return len(forgotten)


def _run_of(load: str) -> str:
    return load.rpartition("/")[0]
