"""An export as it is run: work plus the run's summary. No Dagster here."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from connectors.trigg.account import Account, AccountError, name_settings
from connectors.trigg.reports import BadReport
from delivery.policy import Policy
from pipelines import ROOT
from pipelines.exports.exporting import ExportRequest, export, last_watermark
from pipelines.exports.manifest import MANIFEST, Drift, Manifest
from pipelines.exports.reading.proving import Care
from pipelines.exports.reading.report import Question, ReportSource
from pipelines.exports.reading.source import Source, Stopped
from pipelines.exports.reading.sources import reader_of, refuse_window, tell_asked, tell_list
from pipelines.feeds import ExportFeed
from pipelines.feeds.watching import Days
from pipelines.hashing import hash_key, tell_apart
from pipelines.progress import Progress, several
from pipelines.runs import Summary, now, run_folder, write_summary
from pipelines.settings import exports_dir, trigg_account
from pipelines.stopping import Stop, told_to_stop

if TYPE_CHECKING:
    from connectors.trigg.client import Client

_FEW = 5
"""Columns that a warning names."""


def begin(run_id: str, name: str, feed: ExportFeed, out: str) -> Summary:
    """Open the run's summary; `out` is where versions are published, by default in the state."""
    source, environment = feed.reads, ""
    with suppress(AccountError):  # told by the step
        account = trigg_account(feed.profile)
        source, environment = f"{source} at {account.place}", account.environment
    target = (ROOT / out).resolve() if out else exports_dir() / name
    return write_summary(
        Summary(
            run_id,
            name,
            "export",
            started=now(),
            source=source,
            environment=environment,
            profile=feed.profile,
            folder=str(run_folder(run_id, name)),
            output=str(target),
        )
    )


def export_step(
    feed: ExportFeed,
    begun: Summary,
    progress: Progress,
    *,
    since: str = "",
    until: str = "",
    days: Days | None = None,
    full: bool = False,
) -> tuple[Summary, Manifest]:
    """Read what the feed names and publish it.

    Args:
        feed: its words.
        begun: the run's summary, as `begin` gave it.
        progress: told how far it is.
        since: the window's begin, instead of the feed's own.
        until: its end, likewise.
        days: the days that are read, of a feed that is read day by day; they are the window.
        full: forget what an earlier run has read, and build on no version before: nothing is
            merged, and changes are read from the first. Days that are not asked for stay.

    Returns:
        The summary, with the published folder as its output, and the manifest.

    Raises:
        AccountError, WindowError, CannotWrite: before anything is asked for.
        ApiError, BadReport, BadCell, BadRows, ExportIncomplete, Stopped: nothing was published.
    """
    from connectors.trigg.client import MAX_ANSWER, Client  # noqa: PLC0415  (httpx is slow to import)

    started = time.perf_counter()
    account = trigg_account(feed.profile)
    request = ExportRequest(
        feed=begun.feed,
        table=feed,
        host=account.host,
        account=_tell_account(account),
        on_incomplete=feed.asks.on_incomplete,
        keep=feed.keep_versions,
        days=days,
        full=full,
    )
    if days:
        since, until = days.since, days.until
    out = Path(begun.output)
    most = feed.read.answer_mb << 20 if feed.read else MAX_ANSWER
    client = Client(account, in_flight=feed.asks.in_flight, max_answer=most)
    with told_to_stop(feed.timeout_minutes) as stop, client:
        source: Source
        if feed.read:
            refuse_window(since, until)
            source = reader_of(
                feed.read,
                client,
                Path(begun.folder),
                watermark="" if full else last_watermark(out),
                stop=stop,
                progress=progress,
            )
        else:
            source = source_of(feed, client, stop, since=since, until=until)
        try:
            done = export(request, source, out, begun.run_id, progress)
        except Stopped:
            if stop.reason == Stop.reason:
                raise
            raise Stopped(stop.reason) from None
        except BadReport as error:  # a page that is none may repeat what was sent
            said = client.hide(name_settings(error.said, feed.profile))
            raise BadReport(error.report, error.page, said) from None
    summary = begun.add(
        state="finished",
        rows=done.new_rows,
        records=done.new_rows,
        accepted_records=done.new_rows,
        days=len([*days]) if days else 0,
        requests=done.proof.asked.get("members", done.proof.units),
        bytes=done.bytes,
        seconds=round(time.perf_counter() - started, 3),
        output=str(out / begun.run_id),
        proof=tell_proof(done),
        warnings=[*_warnings(done)],
        finished=now(),
    )
    return write_summary(summary), done


def source_of(
    feed: ExportFeed, client: "Client", stop: Event, *, since: str = "", until: str = ""
) -> Source:
    """Give what reads the rows of a feed.

    Raises:
        WindowError: the window is none.
    """
    report = feed.report
    assert report is not None
    question = Question(
        report=report.type,
        parameters=report.fill(datetime.now(UTC), since, until),
        rows_page=report.rows_page,
        rows_property=report.rows_property,
    )
    retries, breaker = report.retries, report.breaker
    policy = Policy(
        in_flight=report.in_flight,
        **retries.model_dump(),
        breaker_failures=breaker.failures,
        breaker_rest=breaker.rest,
    )
    care = Care(
        policy=policy,
        recheck=None if report.recheck == "all" else report.recheck,
        restarts=report.restarts,
        max_pages=report.max_pages,
    )
    return ReportSource(client.get, question, care, stop)


def _tell_account(account: Account) -> dict[str, str]:
    """Tell one account from another: what was read of one is never taken for another's."""
    who = "\n".join([account.api_key, *(f"{name}: {value}" for name, value in account.headers)])
    return {"place": account.place, "who": tell_apart(hash_key(), who)}


def tell_proof(done: Manifest) -> str:
    """Say in one line how it is known that an export is complete."""
    proof = done.proof
    if proof.asked:
        said = tell_asked(proof.asked)
    elif proof.declared is None:
        said = f"{proof.rows:,} read, no total announced"
    else:
        said = f"{proof.declared:,} announced = {proof.rows:,} read"
    if proof.distinct_keys is not None:
        said += f" = {proof.distinct_keys:,} keys"
    parts = [said if proof.complete else f"not proven: {proof.rows:,} rows read"]
    if proof.repeated:
        parts.append(f"{proof.repeated:,} that came twice left out")
    if proof.reread:
        parts.append(f"{several(proof.reread, 'page')} read again")
    if proof.restarts:
        parts.append(f"begun anew {several(proof.restarts, 'time')}")
    if proof.rechecked:
        parts.append(f"{several(proof.rechecked, 'page')} asked for twice")
    return ", ".join(parts)


def _warnings(done: Manifest) -> Iterator[str]:
    proof = done.proof
    yield from tell_list(proof.asked)
    yield from (f"may be incomplete: {doubt}" for doubt in proof.doubts)
    if proof.resumed:
        units = several(proof.resumed, "group of members", "groups of members")
        units = units if proof.asked else several(proof.resumed, "page")
        yield f"{units} had been read by an earlier run"
    yield from done.warnings
    yield from _tell_drift(done.drift)
    for many, what in ((done.discarded_rows, "row"), (done.discarded_values, "value")):
        if many:
            yield f"{several(many, what)} kept out by the contract, in discarded.parquet"
    if done.undeclared:
        yield f"{several(len(done.undeclared), 'column')} not declared: {_some(done.undeclared)}"


def _tell_drift(drift: Drift) -> Iterator[str]:
    """Say what has changed in the columns since the version before."""
    if drift.added:
        told = [f"{name} ({kind})" for name, kind in drift.added.items()]
        yield f"{several(len(told), 'new column')}: {_some(told)}"
    if drift.gone:
        yield f"{several(len(drift.gone), 'column')} gone: {_some([*drift.gone])}"
    for name, (before, after) in drift.retyped.items():
        yield f"column {name} was {before} and is {after}"


def _some(names: Sequence[str]) -> str:
    """Name the first of some columns; the manifest has them all."""
    more = "" if len(names) <= _FEW else f", … (all of them in {MANIFEST})"
    return ", ".join(names[:_FEW]) + more
