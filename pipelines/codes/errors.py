"""The codes of errors that end a command or a run."""

from pipelines.codes.run_errors import RUN
from pipelines.codes.words import Ending

__all__ = ["ERRORS"]

_AGAIN = "`loyalty-etl resume`, or run the feed again: it goes on where it was"

ERRORS: dict[str, Ending] = {
    # 1: usage or configuration
    "account": Ending(
        "base URL, key, headers or timeouts of the account are missing or unusable, or it is"
        " production and nobody asked for that",
        "set the variable that is named, in the environment or in `.env`: `loyalty-etl check`",
        "configuration",
    ),
    "feed": Ending(
        "there is no such feed, or its YAML has a wrong word",
        "the message has file, line and the words allowed; `loyalty-etl feeds` lists the feeds",
        "configuration",
    ),
    "forbidden": Ending(
        "the platform refuses the key (401), or the method is not activated for the account (403)",
        "put the right key in place, then `loyalty-etl check` and `loyalty-etl resume`; for 403"
        " ask the platform's operator",
        "configuration",
    ),
    "cannot-write": Ending(
        "a folder or a file of the toolkit's own cannot be written, is damaged, or is in use",
        "mend its rights or its space, choose another, or wait for whoever uses it",
        "configuration",
    ),
    "nothing-to-resume": Ending(
        "the run that is named has no unfinished load into this target",
        "`loyalty-etl status` lists those there are",
        "configuration",
    ),
    "deletion-not-asked-for": Ending(
        "the feed deletes customers, and nobody has asked for just that",
        "`loyalty-etl plan FEED`, then the `run` that it prints, with `--plan` and `--delete`",
        "configuration",
    ),
    "no-members-to-learn": Ending(
        "`ids learn` was asked of a feed that brings no members in",
        "name the feed that does",
        "configuration",
    ),
    "no-members-to-ask": Ending(
        "an export asks about each member of another export, which is not there or lacks the"
        " column",
        "export the other feed first, or correct `read.over`",
        "configuration",
    ),
    "window": Ending(
        "a time that is none, or a window of an export that holds nothing",
        "write it as in `2026-03-01`, `yesterday` or `7 days ago`",
        "configuration",
    ),
    "layout": Ending(
        "`layout` of an export names a column that the rows do not have, or of the wrong type",
        "correct the word that is named",
        "configuration",
    ),
    "missing-extra": Ending(
        "the feed writes a format whose library is not installed",
        "install the extra that is named, such as `pip install -e '.[xlsx]'`",
        "configuration",
    ),
    "no-duckdb": Ending("DuckDB is not installed", "`pip install -e '.[duckdb]'`", "configuration"),
    "no-export": Ending(
        "nothing was published of that export yet, or it has no such version",
        "`loyalty-etl exports list`",
        "configuration",
    ),
    "catalogue": Ending(
        "the toolkit's own list of the API's methods is broken",
        "put `connectors/trigg/endpoints.yaml` back as it was",
        "configuration",
    ),
    "sandbox-state": Ending(
        "the folder of the sandbox holds something else, or another version's state",
        "choose another with `--data`, or remove it",
        "configuration",
    ),
    # 2: network or server, or stopped
    "unreachable": Ending(
        "no connection: name, network, TLS or the platform itself; nothing was sent",
        f"check `TRIGG_BASE_URL` and the network (`loyalty-etl doctor`), then {_AGAIN}",
        "network",
    ),
    "busy": Ending(
        "the platform asks to wait (429), and did so for longer than the feed's patience",
        f"later: {_AGAIN}",
        "network",
    ),
    "unclear": Ending(
        "an answer that tells nothing: a timeout or a break after sending, 5xx, a redirect, a page"
        " of HTML. What was sent may have been stored, so it is in doubt and asked about",
        f"{_AGAIN}; if it stays in doubt: `loyalty-etl status`",
        "network",
    ),
    "gateway": Ending(
        "502 in the documented envelope: a system behind the platform failed, and a part may have"
        " been stored",
        f"wait, then {_AGAIN}; it asks first and sends only what is missing",
        "network",
    ),
    "api": Ending("a request did not end in an answer that can be trusted", _AGAIN, "network"),
    "bad-report": Ending(
        "a page of a report cannot be read, or contradicts itself; nothing was published",
        "export it again; if it stays so, tell the platform's operator which page",
        "network",
    ),
    "no-progress": Ending(
        "the load made no progress for `delivery.retries.deadline` seconds",
        f"when the platform is well again: {_AGAIN}",
        "network",
    ),
    "stopped": Ending(
        "Ctrl-C, SIGTERM or a cancel in Dagster: what was in flight has been waited for",
        _AGAIN,
        "network",
    ),
    "time-is-up": Ending(
        "the run took longer than the feed's `timeout_minutes`; what was in flight has been waited"
        " for",
        _AGAIN,
        "network",
    ),
    "killed": Ending(
        "the process of the run is gone: killed, or the machine was started anew",
        _AGAIN,
        "network",
    ),
    "export-stopped": Ending(
        "the export was told to stop; what it has read is kept, nothing was published",
        "the same command goes on from there",
        "network",
    ),
    "migration-stopped": Ending(
        "the migration was told to stop; its checkpoint is kept",
        "the same command goes on",
        "network",
    ),
    "unfinished-before": Ending(
        "a feed named in `after` has an unfinished load, so nothing of this one was sent",
        "`loyalty-etl resume`, then run this one again",
        "network",
    ),
    "still-needed": Ending(
        "a person cannot be erased yet: an unfinished load would send them",
        "`loyalty-etl resume`, or give the load up: `loyalty-etl resolve RUN --abandon`",
        "network",
    ),
    "ledger-busy": Ending(
        "another run holds the feed or the ledger",
        "let it end; `loyalty-etl status` says whether one is under way",
        "network",
    ),
    "inbox-busy": Ending(
        "another process is looking through this inbox",
        "let it end, and look again",
        "network",
    ),
    "ledger-lost": Ending(
        "the connection to the ledger's PostgreSQL is gone, and with it every lock",
        f"when it is back: {_AGAIN}",
        "network",
    ),
    # 3: the run failed
    **RUN,
}
