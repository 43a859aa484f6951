"""What a person decides about a load: what became of a batch in doubt, or to give it up.

All of it holds the feed's lock, so it never races a run.
"""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.trigg.answers import mask
from delivery.ledger import Entry, LedgerError, Load, State
from delivery.records import RecordFile, unpack_places
from delivery.sending import End
from pipelines.closing import end_load
from pipelines.comparing import compare_records
from pipelines.feeds import LoadFeed
from pipelines.loading import RECORDS
from pipelines.runs import Summary, now, write_summary
from validators.fields import PURCHASE, RETURN

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger

SETTLED = "resolved by hand"
GIVEN_UP, CODE = "given up by hand", "given-up"
ABOUT = ("externalId", "customerId", "memberId", "cartId")
"""What of a key may be told: a phone, an e-mail or a description may not."""


def doubtful(ledger: "Ledger", load: Load) -> list[Entry]:
    """List a load's batches in doubt, with those that a killed process left as `sending`.

    Raises:
        LedgerBusy: the feed is being loaded.
    """
    with ledger.hold(f"feed {load.feed}"):
        ledger.interrupt(load.id)
        return ledger.entries(load.id, {State.IN_DOUBT})


def describe_records(load: Load, entry: Entry, count: int) -> list[str]:
    """Tell some records of a batch so that they can be looked up: rows, and keys that may be told.

    Nothing is told where the load's records are gone, or not those any more.
    """
    path = Path(load.folder) / RECORDS
    if not path.exists():
        return []
    places = unpack_places(entry.places).sort().head(count)
    try:
        records = RecordFile(path).take(places, ("key", "row"))
    except IndexError:
        return []
    return [_describe(*each) for each in records.select("row", "key").iter_rows()]


def _describe(row: int, key: str) -> str:
    parts = key.split("\x1f")
    if parts[2:3] in ([PURCHASE], [RETURN]):
        store, number, kind, *_ = parts
        return f"row {row}: store {store} receipt {number} {kind}"
    named = zip(parts[::2], parts[1::2], strict=False)
    told = ", ".join(
        f"{name} {value if name == 'externalId' else mask(value)}"  # others may be anything
        for name, value in named
        if name in ABOUT
    )
    return f"row {row}: {told}" if told else f"row {row}"


def settle(ledger: "Ledger", load: Load, numbers: Collection[int], *, landed: bool) -> int:
    """Write down what became of batches in doubt; give how many batches of the load still are.

    What did not land is planned again, and unsent where the load is closed.

    Raises:
        LedgerBusy: the feed is being loaded.
        LedgerError: one of these batches is in doubt no more.
    """
    with ledger.hold(f"feed {load.feed}"):
        there = {entry.number: entry for entry in ledger.entries(load.id, {State.IN_DOUBT})}
        gone = sorted(set(numbers) - set(there))
        if gone:
            raise LedgerError(f"batch {gone[0]} of {load.id} is in doubt no more: nothing was done")
        state, what = State.ACCEPTED, "landed"
        if not landed:
            state = State.PLANNED if load.state == "open" else State.UNSENT
            what = "not landed"
        reason = f"{SETTLED}: {what}"
        ledger.write(changed=[replace(there[n], state=state, reason=reason) for n in numbers])
        return len(there) - len(numbers)


def give_up(ledger: "Ledger", load: Load, feed: LoadFeed | None, summary: Summary) -> Summary:
    """Close a load without sending the rest of it, which is unsent then.

    Args:
        ledger: open.
        load: open, with nothing in doubt.
        feed: its feed; None where it is there no more.
        summary: of its run.

    Raises:
        LedgerBusy: the feed is being loaded.
        LedgerError: something of it is in doubt.
    """
    with ledger.hold(f"feed {load.feed}"):
        ledger.interrupt(load.id)
        if State.IN_DOUBT in ledger.tally(load.id):
            raise LedgerError(f"something of {load.id} is in doubt: say what became of it first")
        records = Path(load.folder) / RECORDS
        if feed is None or not records.exists() or not summary.records:
            return _give_up_blindly(ledger, load, summary)
        ended = end_load(
            ledger,
            load.id,
            feed,
            summary,
            fates=compare_records(ledger, load.target, records, load.id),
            ended=End("rejects", GIVEN_UP),
        )
        return write_summary(ended.add(error_code=CODE))


def _give_up_blindly(ledger: "Ledger", load: Load, summary: Summary) -> Summary:
    """Do so from the batches alone: what was in none of them counts as unsent."""
    planned = ledger.entries(load.id, {State.PLANNED})
    ledger.write(changed=[replace(e, state=State.UNSENT, reason=GIVEN_UP) for e in planned])
    held = {state: tally.records for state, tally in ledger.tally(load.id).items()}
    accepted, rejected = held.get(State.ACCEPTED, 0), held.get(State.REJECTED, 0)
    batched = accepted + rejected + held.get(State.UNSENT, 0)
    records = max(summary.records, batched)
    counts = {
        "records": records,
        "accepted": accepted,
        "rejected": rejected,
        "unchanged": 0,
        "merged": 0,
        "in_doubt": 0,
        "unsent": records - accepted - rejected,
    }
    finished = now()
    ledger.close(load.id, counts, unbatched={"unsent": records - batched}, finished=finished)
    line = (
        f"{GIVEN_UP}, without its records: {accepted:,} of {records:,} are accepted,"
        " and what was in no request counts as unsent"
    )
    return write_summary(
        summary.add(
            state="failed",
            error=line,
            error_kind="run",
            error_code=CODE,
            resumable=False,
            finished=finished,
            records=records,
            accepted_records=accepted,
            rejected_records=rejected,
            quarantined_records=0,
            unchanged_records=0,
            merged_records=0,
            in_doubt_records=0,
            unsent_records=counts["unsent"],
            held_records=0,
        )
    )


__all__ = ["describe_records", "doubtful", "give_up", "settle"]
