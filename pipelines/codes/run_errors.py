"""The codes of runs that failed: exit code 3."""

from pipelines.codes.words import Ending

__all__ = ["RUN"]

RUN: dict[str, Ending] = {
    "source": Ending(
        "the source cannot be read to its end, is not of its format, above a limit, or"
        " was changed while it was read",
        "the message says where in the file and what to do",
        "run",
    ),
    "no-file": Ending(
        "there is no file where the feed's source should be",
        "wait for it, or correct `source.path`; `--source` takes one from elsewhere",
        "run",
    ),
    "no-columns": Ending(
        "the source lacks columns that the feed takes",
        "ask for them, or change the feed's words; the message names both sides",
        "run",
    ),
    "too-many-rejects": Ending(
        "more records are at fault than `rejects.max_percent` allows; nothing was sent",
        "`loyalty-etl validate FEED` names the causes and the likely fix of each",
        "run",
    ),
    "not-as-declared": Ending(
        "the source does not hold what its trailer or header says; nothing was sent",
        "ask for the whole file, or correct the feed's `control`",
        "run",
    ),
    "too-many-refused": Ending(
        "the platform refused more than `delivery.stop_after` allows; the rest is in `unsent.csv`",
        "`loyalty-etl results RUN` tells the reasons; mend them, then `loyalty-etl retry FILE`",
        "run",
    ),
    "refused": Ending(
        "the platform says a definite no to this request; nothing of it was taken",
        "correct what it names",
        "run",
    ),
    "given-up": Ending(
        "the load was given up by hand (`loyalty-etl resolve --abandon`)",
        "`loyalty-etl results RUN` tells what was sent; the rest is in `unsent.csv`",
        "run",
    ),
    "plan-differs": Ending(
        "source, feed or ledger changed since the plan was made; nothing was sent",
        "look what changed, then `loyalty-etl plan FEED` again",
        "run",
    ),
    "records-changed": Ending(
        "`records.arrow` of an unfinished load is not what was sent",
        "put the file back, or settle its batches by hand: `loyalty-etl resolve RUN`",
        "run",
    ),
    "ledger": Ending(
        "a fact contradicts the ledger, or its URL is of no use",
        "correct `LOYALTY_ETL_LEDGER`; else report it with `loyalty-etl support-bundle`",
        "run",
    ),
    "ledger-broken": Ending(
        "the ledger is damaged, older than it was, on a network file system, made by a newer"
        " version, or its disk refuses; nothing may be sent",
        "never delete it: see the runbook, `the ledger was put back`",
        "run",
    ),
    "export-incomplete": Ending(
        "what was read cannot be proven to be all there is; nothing was published",
        "export it again at a quiet time, or ask for a closed window",
        "run",
    ),
    "bad-rows": Ending(
        "rows of an export break `required` or `key`; nothing was published",
        "look at the columns that are named; correct the feed, or tell the platform's operator",
        "run",
    ),
    "bad-cell": Ending(
        "cells of an export do not fit their declared types; nothing was published",
        "declare the columns as the report has them",
        "run",
    ),
    "broken-contract": Ending(
        "the columns of an export changed, and its `contract` is `freeze`",
        "`loyalty-etl exports diff FEED`; then declare the new columns, or set `contract: evolve`",
        "run",
    ),
    "bad-base": Ending(
        "the version before cannot be built on",
        "declare the column as it was, or publish once with `--full-refresh`",
        "run",
    ),
    "unknown-stores": Ending(
        "sources of a migration name stores that the platform does not know",
        "have them made there, or map them; the list is in the migration's folder",
        "run",
    ),
    "step-unfinished": Ending(
        "a step of a migration left records in doubt, held or unsent",
        "settle them (`loyalty-etl status`), then the same command goes on",
        "run",
    ),
    "cannot-erase": Ending(
        "a file cannot be read, so nobody knows whom it names; nothing was erased",
        "mend the file that is named, or remove it",
        "run",
    ),
    "leak": Ending(
        "a support bundle would have held a secret or a value of a person; nothing was written",
        "report it, with the line and without the bundle",
        "run",
    ),
    "disk-full": Ending(
        "a disk is full, or a quota is spent",
        "make room (`loyalty-etl runs prune --days 30`), then `loyalty-etl resume`",
        "run",
    ),
    "no-permission": Ending(
        "the system does not let this user read or write a file",
        "correct owner and mode; `loyalty-etl doctor` looks at those of the state folder",
        "run",
    ),
    "no-such-file": Ending("a file or folder is not there", "check the path that is named", "run"),
    "system": Ending(
        "the operating system refused something else",
        "the message is the system's own; `loyalty-etl doctor` looks at what is common",
        "run",
    ),
    "dagster-ended": Ending(
        "Dagster ended the run before the toolkit did",
        "its log says why: `make dev`; then `loyalty-etl resume`",
        "run",
    ),
    "unexpected": Ending(
        "a fault of the toolkit; its trace is in the `error.log` that is named",
        "`loyalty-etl support-bundle` makes what whoever helps needs; what had begun goes on with"
        " `loyalty-etl resume`",
        "run",
    ),
}
