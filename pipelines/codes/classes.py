"""Which code an exception has.

Exceptions are named, not imported: all rooms together are slow to import, and the code of one that
was raised is looked up by its name.
"""

import errno

__all__ = ["CLASSES", "code_of"]

CLASSES: dict[str, str] = {
    "connectors.trigg.account.AccountError": "account",
    "connectors.trigg.catalogue.CatalogueError": "catalogue",
    "connectors.trigg.errors.ApiError": "api",
    "connectors.trigg.errors.Busy": "busy",
    "connectors.trigg.errors.Forbidden": "forbidden",
    "connectors.trigg.errors.Gateway": "gateway",
    "connectors.trigg.errors.Refused": "refused",
    "connectors.trigg.errors.Unclear": "unclear",
    "connectors.trigg.errors.Unreachable": "unreachable",
    "connectors.trigg.reports.BadReport": "bad-report",
    "connectors.files.source.NoColumns": "no-columns",
    "connectors.files.source.NoFile": "no-file",
    "connectors.files.source.SourceError": "source",
    "delivery.erasing.CannotErase": "cannot-erase",
    "delivery.ledger.errors.LedgerError": "ledger",
    "delivery.ledger.errors.LedgerBroken": "ledger-broken",
    "delivery.ledger.errors.LedgerBusy": "ledger-busy",
    "delivery.ledger.errors.LedgerLost": "ledger-lost",
    "delivery.records.RecordsChangedError": "records-changed",
    "pipelines.bundling.proving.Leak": "leak",
    "pipelines.deleting.NotAskedForError": "deletion-not-asked-for",
    "pipelines.delivering.UnfinishedBeforeError": "unfinished-before",
    "pipelines.exports.exporting.BadRows": "bad-rows",
    "pipelines.exports.exporting.ExportIncomplete": "export-incomplete",
    "pipelines.exports.looking.duck.NoDuckDB": "no-duckdb",
    "pipelines.exports.reading.members.NoMembers": "no-members-to-ask",
    "pipelines.exports.reading.source.Stopped": "export-stopped",
    "pipelines.exports.versions.NoExport": "no-export",
    "pipelines.exports.writing.drift.BrokenContract": "broken-contract",
    "pipelines.exports.writing.formats.MissingExtra": "missing-extra",
    "pipelines.exports.writing.keeping.BadBase": "bad-base",
    "pipelines.exports.writing.layout.BadLayout": "layout",
    "pipelines.feeds.reading.FeedError": "feed",
    "pipelines.feeds.window.WindowError": "window",
    "pipelines.forgetting.erasing.StillNeeded": "still-needed",
    "pipelines.id_members.NoMembersError": "no-members-to-learn",
    "pipelines.load_run.NothingToResumeError": "nothing-to-resume",
    "pipelines.migration.asking.MigrationStopped": "migration-stopped",
    "pipelines.migration.checkpoint.StepUnfinishedError": "step-unfinished",
    "pipelines.migration.stores.UnknownStoresError": "unknown-stores",
    "pipelines.planning.PlanDiffersError": "plan-differs",
    "pipelines.publishing.CannotWrite": "cannot-write",
    "pipelines.stopping.TimeIsUp": "time-is-up",
    "pipelines.triggers.book.InboxBusy": "inbox-busy",
    "sandbox.state.StateError": "sandbox-state",
    "transforms.reports.BadCell": "bad-cell",
    "builtins.OSError": "system",
}
"""Where each exception is defined → its code; what is derived from it has the same, or its own."""

_SYSTEM = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EACCES: "no-permission",
    errno.EPERM: "no-permission",
    errno.EROFS: "no-permission",
    errno.ENOENT: "no-such-file",
}


def code_of(error: BaseException) -> str:
    """Give the code of an exception; `unexpected` for one that is none of `CLASSES`."""
    for kind in type(error).__mro__:
        if code := CLASSES.get(f"{kind.__module__}.{kind.__qualname__}"):
            if isinstance(error, OSError) and code == "system":
                return _SYSTEM.get(error.errno or 0, code)
            return code
    return "unexpected"
