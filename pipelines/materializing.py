"""Running feeds as Dagster assets in this process, so that the UI shows these runs too."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Literal

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from pipelines import ROOT
from pipelines.assets import PREPARED, Reporter, export_assets, load_assets
from pipelines.definitions import build_definitions
from pipelines.feeds import ExportFeed, LoadFeed, list_feeds
from pipelines.publishing import CannotWrite
from pipelines.runs import Summary, forget_run, list_summaries, read_summary, write_summary
from pipelines.settings import state_dir

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
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
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
) -> Summary:
    """Run one feed, whole, or for a load with `dry_run` all but the sending.

    Args:
        name: the feed's name.
        feed: its words.
        reporter: told how far it is.
        source: a file instead of the load feed's own.
        output: a folder instead of the export feed's own.
        dry_run: make ready and count, send nothing.
    """
    if isinstance(feed, LoadFeed):
        assets = load_assets(name, feed)
        config = {f"{name}__{PREPARED}": {"config": {"source": source, "dry_run": dry_run}}}
    else:
        assets = export_assets(name, feed)
        config = {f"{name}__report": {"config": {"output": output}}}
    keys = [asset.key for asset in assets]
    job = dg.define_asset_job(name, dg.AssetSelection.assets(*keys))
    definitions = dg.Definitions(assets=assets, jobs=[job], resources={"reporter": reporter})
    with open_instance() as instance:
        result = definitions.resolve_job_def(name).execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"ops": config, "loggers": SILENT},
            asset_selection=keys[:1] if dry_run else None,
        )
    kind: Literal["load", "export"] = "load" if isinstance(feed, LoadFeed) else "export"
    summary = read_summary(result.run_id, name) or Summary(result.run_id, name, kind)
    if not result.success and summary.state != "failed":
        line = "Dagster ended the run early; its log says why: make dev"
        summary = write_summary(summary.add(state="failed", error=line, error_kind="run"))
    return summary


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
    """Forget runs that began more than this many days ago; give how many there were."""
    before = datetime.now(UTC) - timedelta(days=days)
    with open_instance() as instance:
        recorded = instance.get_runs(dg.RunsFilter(created_before=before))
        for run in recorded:
            instance.delete_run(run.run_id)
    old = {s.run_id for s in list_summaries() if datetime.fromisoformat(s.started) < before}
    forgotten = old | {run.run_id for run in recorded}
    for run_id in forgotten:
        forget_run(run_id)
    return len(forgotten)
