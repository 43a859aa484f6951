"""Running feeds as Dagster assets in this process, so that the UI shows these runs too."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Literal

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from delivery.ledger import open_ledger
from pipelines import ROOT
from pipelines.assets import DELIVERED, PREPARED, REPORT, export_assets, load_assets
from pipelines.definitions import build_definitions
from pipelines.feeds import ExportFeed, LoadFeed, list_feeds
from pipelines.progress import Reporter
from pipelines.publishing import CannotWrite
from pipelines.runs import Summary, forget_run, list_summaries, read_summary, write_summary
from pipelines.settings import ledger_url, private_folder, state_dir

# Dagster's console log would break into the progress line; the summary says what happened.
SILENT: dict[str, Any] = {"console": {"config": {"log_level": "CRITICAL"}}}


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
    dry_run: bool = False,
    plan: str = "",
    delete: int | None = None,
    retry_of: str = "",
    feed_path: str = "",
) -> Summary:
    """Run one feed, whole, or for a load with `dry_run` all but the sending.

    Args:
        name: the feed's name.
        feed: its words.
        reporter: told how far it is.
        source: a file instead of the load feed's own.
        output: a folder instead of the export feed's own.
        dry_run: make ready and count, send nothing.
        plan: the digest of a plan; a load sends exactly that or nothing.
        delete: how many customers that plan deletes, of a feed that does.
        retry_of: the run whose rejects the source holds.
        feed_path: the YAML of a feed that lies elsewhere, so that the load can be resumed.
    """
    kind: Literal["load", "export"] = "load" if isinstance(feed, LoadFeed) else "export"
    config: dict[str, Any]
    if isinstance(feed, LoadFeed):
        assets = load_assets(name, feed)
        said = {"source": source, "retry_of": retry_of, "feed_path": feed_path}
        config = {PREPARED: {**said, "dry_run": dry_run}}
        if not dry_run:
            config[DELIVERED] = {"plan": plan, **({} if delete is None else {"delete": delete})}
    else:
        assets = export_assets(name, feed)
        config = {REPORT: {"output": output}}
    run_id, success = _execute(name, assets, reporter, config)
    summary = read_summary(run_id, name) or Summary(run_id, name, kind)
    if not success and summary.state != "failed":
        summary = write_summary(summary.add(state="failed", error=_BROKEN, error_kind="run"))
    return summary


def resume_feed(name: str, feed: LoadFeed, reporter: Reporter, run_id: str) -> Summary:
    """Go on with an unfinished load of an earlier run; give the summary of that run."""
    assets = load_assets(name, feed)
    _, success = _execute(name, assets, reporter, {DELIVERED: {"resume": run_id}})
    summary = read_summary(run_id, name) or Summary(run_id, name, "load")
    if not success and summary.state != "failed":
        return summary.add(state="failed", error=_BROKEN, error_kind="run")
    return summary


_BROKEN = "Dagster ended the run early; its log says why: make dev"


def _execute(
    name: str,
    assets: list[dg.AssetsDefinition],
    reporter: Reporter,
    config: dict[str, Any],
) -> tuple[str, bool]:
    """Run those of a feed's assets that are configured, in this process, as a Dagster run."""
    job = dg.define_asset_job(name, dg.AssetSelection.assets(*(asset.key for asset in assets)))
    definitions = dg.Definitions(assets=assets, jobs=[job], resources={"reporter": reporter})
    ops = {f"{name}__{asset}": {"config": words} for asset, words in config.items()}
    with open_instance() as instance:
        result = definitions.resolve_job_def(name).execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"ops": ops, "loggers": SILENT},
            asset_selection=[asset.key for asset in assets if asset.key.path[-1] in config],
        )
    return result.run_id, result.success


def run_nightly(reporter: Reporter) -> list[Summary]:
    """Run the nightly job: every feed, in order. Feeds that were not begun have no summary."""
    definitions = build_definitions(reporter)
    with open_instance() as instance:
        result = definitions.resolve_job_def("nightly").execute_in_process(
            instance=instance, raise_on_error=False, run_config={"loggers": SILENT}
        )

    found = [read_summary(result.run_id, name) for name in list_feeds()]
    return sorted((s for s in found if s), key=lambda s: s.started)


def prune_runs(days: int) -> int:
    """Forget runs that began more than this many days ago; give how many there were.

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
        for run in recorded:
            if run.run_id in forgotten:
                instance.delete_run(run.run_id)
    for run_id in forgotten:
        forget_run(run_id)
    return len(forgotten)


def _run_of(load: str) -> str:
    return load.rpartition("/")[0]
