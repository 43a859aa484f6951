"""An export as it is run: work plus the run's summary. No Dagster here."""

import time
from contextlib import suppress
from pathlib import Path

from connectors.trigg.account import AccountError, name_settings
from connectors.trigg.reports import BadReport
from pipelines import ROOT
from pipelines.exporting import Exported, ExportRequest, export_report
from pipelines.feeds import ExportFeed
from pipelines.progress import Progress, Step
from pipelines.runs import Summary, now, run_folder, write_summary
from pipelines.settings import exports_dir, trigg_account
from validators.report_rows import RowRules


def begin(run_id: str, name: str, feed: ExportFeed, out: str) -> Summary:
    """Open the run's summary; `out` is where versions are published, by default in the state."""
    source, environment = f"GET /reports/{feed.report.type}", ""
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


def export_step(feed: ExportFeed, begun: Summary, progress: Progress) -> tuple[Summary, Exported]:
    """Read the report and publish it.

    Returns:
        The summary, with the published folder as its output, and the manifest.

    Raises:
        AccountError, CannotWrite: before anything is asked for.
        ApiError, BadReport, BadCell, BadRows, ExportIncomplete: nothing was published.
    """
    from connectors.trigg.client import Client  # noqa: PLC0415  (httpx is slow to import)

    started = time.perf_counter()
    account = trigg_account(feed.profile)
    report = feed.report
    request = ExportRequest(
        report=report.type,
        columns=feed.columns,
        rules=RowRules(required=tuple(feed.required), key=tuple(feed.key)),
        host=account.host,
        params=report.parameters,
        rows_page=report.rows_page,
        rows_property=report.rows_property,
        in_flight=report.in_flight,
        keep=feed.keep_versions,
    )

    def fetched(rows: int, total: int | None) -> None:
        progress(Step("fetching", rows, total or 0, rows))

    out = Path(begun.output)
    with Client(account, in_flight=report.in_flight) as client:
        try:
            done = export_report(request, client.get, out, begun.run_id, fetched)
        except BadReport as error:  # a page that is none may repeat what was sent
            said = client.hide(name_settings(error.said, feed.profile))
            raise BadReport(error.report, error.page, said) from None
    summary = begun.add(
        state="finished",
        rows=done.rows,
        records=done.rows,
        accepted_records=done.rows,
        requests=done.pages,
        bytes=done.bytes,
        seconds=round(time.perf_counter() - started, 3),
        output=str(out / begun.run_id),
        warnings=[f"not declared, kept as text: {', '.join(done.undeclared)}"]
        if done.undeclared
        else [],
        finished=now(),
    )
    return write_summary(summary), done
