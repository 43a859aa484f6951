"""Road 1, its second half: a prepared load goes to the platform, each record once.

One load of a feed, and one into a target, at a time. A load that was killed or stopped stays open
in the ledger and goes on from its own records; it comes before a new one of the same feed.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from connectors.trigg.catalogue import find
from connectors.trigg.errors import ApiError, Unclear, Unreachable
from delivery.batches import Cutter, Singles, lane_of
from delivery.ledger import Entry, Load, State
from delivery.pending import Pending
from delivery.policy import Policy
from delivery.records import RecordFile, read_records, unpack_places
from delivery.sending import Platform, Sender
from delivery.tally import Tally
from pipelines.ahead import read_ahead
from pipelines.closing import end_load
from pipelines.comparing import compare_records, target_of, to_send
from pipelines.encoding import envelope_of
from pipelines.feeds import LoadFeed
from pipelines.loading import RECORDS, limits_of
from pipelines.observing import tell
from pipelines.observing.batches import observed
from pipelines.platforms import platform_of
from pipelines.progress import Progress, Step, tell_sending
from pipelines.runs import Summary, now, write_summary
from pipelines.stopping import Stop

if TYPE_CHECKING:
    from connectors.trigg.client import Client
    from delivery.ledger.book import Ledger

LOCK_WAIT = 3600.0
LOOK_WAIT = 0.5
"""Who only looks whether a feed is at work holds its lock for a moment."""
AHEAD = 4
"""Requests of one record each that are written down at once for each that may be in flight."""


class UnfinishedBeforeError(Exception):
    """A feed that comes before this one has an unfinished load."""

    def __init__(self, feed: str, run_id: str) -> None:
        super().__init__(
            f"{feed} comes before this feed, and a load of it is unfinished: nothing was sent;"
            f" loyalty-etl resume --run {run_id}, then run this one again"
        )


def policy_of(feed: LoadFeed) -> Policy:
    """Say how a feed is delivered; members may be sent twice, receipts may not."""
    words, repeats = feed.delivery, feed.target.may_repeat
    # Who is refused because the first one landed can be sent twice without harm.
    repeats = repeats or find(feed.target.endpoint).repeat == "refused"
    return Policy(
        in_flight=feed.target.in_flight,
        attempts=words.retries.attempts,
        first_wait=words.retries.first_wait,
        longest_wait=words.retries.longest_wait,
        longest_asked_wait=words.retries.longest_asked_wait,
        deadline=words.retries.deadline,
        breaker_failures=words.breaker.failures,
        breaker_rest=words.breaker.rest,
        in_doubt=words.in_doubt
        or ("resend" if repeats else "ask" if feed.target.may_ask else "hold"),
        settle=words.settle,
        idempotent=repeats,
        ahead=AHEAD if feed.target.single else 1,
        max_rejects=words.stop_after.rejects,
        max_reject_percent=words.stop_after.percent,
        max_rejects_in_a_row=words.stop_after.in_a_row,
        extra_requests=words.extra_requests,
        ordered=words.order == "customer",
    )


def reach(client: "Client", policy: Policy, stop: Stop) -> None:
    """See whether the platform can be reached at all, before anything else: three times.

    Raises:
        ApiError: it cannot.
    """
    for left in (2, 1, 0):
        silence = _ping(client)
        if silence is None:
            return
        if not left or stop.wait(policy.first_wait):
            raise silence


def _ping(client: "Client") -> ApiError | None:
    """Give why the platform does not answer, None if it does, whatever it says."""
    try:
        client.ping()
    except (Unclear, Unreachable) as silence:
        return silence
    except ApiError:
        return None
    return None


def load_id(run_id: str, feed: str) -> str:
    """Name a load in the ledger: a run may hold several feeds."""
    return f"{run_id}/{feed}"


@dataclass(frozen=True)
class Delivery:
    """What every load of one call shares.

    Attributes:
        name, feed: the feed.
        ledger: open.
        client: of the account that everything goes to.
        stop: set to end in good order.
        progress: told how far it is.
    """

    name: str
    feed: LoadFeed
    ledger: "Ledger"
    client: "Client"
    stop: Stop
    progress: Progress

    @property
    def target(self) -> str:
        """Where the records go."""
        return target_of(self.feed, self.client.account)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other loads of this feed out, and wait for those of others into the same target.

        Raises:
            LedgerBusy: this feed is being loaded, or the other load takes too long.
        """

        def waiting(_holder: str) -> None:
            self.progress(Step("waiting for another load into the same target"))

        with (
            self.ledger.hold(f"feed {self.name}", LOOK_WAIT),
            self.ledger.hold(f"target {self.target}", LOCK_WAIT, waiting, self.stop),
        ):
            yield

    def unfinished(self) -> list[Load]:
        """List this feed's open loads into this target, oldest first."""
        found = self.ledger.loads(feed=self.name, state="open")
        return [load for load in found if load.target == self.target]

    def require_done(self, others: Iterable[str]) -> None:
        """See that no feed that comes before this one has records which are yet to come.

        Raises:
            UnfinishedBeforeError: one has.
        """
        platform = platform_of(self.client.account)
        for name in others:
            for load in self.ledger.loads(feed=name, state="open"):
                if load.target.startswith(f"{platform}/"):
                    raise UnfinishedBeforeError(name, load.id.rpartition("/")[0])

    def load(self, summary: Summary) -> Summary:
        """Deliver a prepared load, or go on with one that was begun.

        Returns:
            The summary: `finished`, or `failed` and `resumable`.

        Raises:
            LedgerError: something could not be written down, so nothing more was sent.
        """
        load = load_id(summary.run_id, self.name)
        folder = Path(summary.folder)
        begun = self.ledger.find_load(load) is not None
        fates = compare_records(self.ledger, self.target, folder / RECORDS, load if begun else None)
        if not begun:
            self.ledger.begin(Load(load, self.name, self.target, str(folder), now()))
        self.ledger.interrupt(load)
        sender, cutter = self._sender(load, folder / RECORDS, fates)
        tally, started = Tally(), time.perf_counter()
        expected = summary.records - summary.rejected_records - summary.waiting_records
        try:
            waiting = ""
            for tally in sender.send():
                tell_sending(self.progress, tally, expected)
                if tally.waiting and not waiting:
                    tell("waiting", summary.run_id, self.name, why=tally.waiting)
                waiting = tally.waiting
        finally:  # also when it breaks off: what was taken before is taken
            seconds = time.perf_counter() - started
            summary = write_summary(
                summary.add(
                    accepted_records=tally.accepted,
                    requests=tally.requests,
                    bytes=summary.bytes + tally.bytes,
                    seconds=round(summary.seconds + seconds, 3),
                    resumable=True,
                )
            )
        self.ledger.learn(
            self.target,
            max_records=cutter.max_records if cutter.lowered else None,
            records_per_second=tally.accepted / seconds if tally.accepted else None,
        )
        ended = sender.ended
        if ended is not None and ended.kind == "stopped":
            ended = replace(ended, reason=self.stop.reason)
        return end_load(self.ledger, load, self.feed, summary, fates=fates, ended=ended)

    def _sender(
        self, load: str, records: Path, fates: pl.Series
    ) -> tuple[Sender, Cutter | Singles]:
        policy, limits = policy_of(self.feed), limits_of(self.feed)
        entries = self._still_wanted(self.ledger.entries(load), fates)
        lanes = policy.in_flight if policy.ordered else 1
        most = self.ledger.learned(self.target).max_records or limits.records
        limits = replace(limits, records=min(limits.records, most))
        envelope = envelope_of(self.feed)
        frames = self._to_send(records, fates, entries, lanes)
        cutter = (
            Singles(frames, envelope)
            if self.feed.target.single
            else Cutter(frames, envelope, limits, lanes)
        )
        pending = Pending(
            load,
            observed(self.ledger, *load.rsplit("/", 1)),
            entries,
            cutter=cutter,
            records=RecordFile(records),
            envelope=envelope,
            policy=policy,
        )
        return Sender(pending, self._platform(fates), policy, self.stop), cutter

    def _still_wanted(self, entries: list[Entry], fates: pl.Series) -> list[Entry]:
        """Take apart batches that wait to be sent and hold what another feed has sent meanwhile."""
        wanted = to_send(self.feed, fates)
        apart = {
            entry.number: replace(entry, state=State.SPLIT)
            for entry in entries
            if entry.state is State.PLANNED and not wanted.gather(unpack_places(entry.places)).all()
        }
        self.ledger.write(changed=tuple(apart.values()))
        return [apart.get(entry.number, entry) for entry in entries]

    def _to_send(
        self, records: Path, fates: pl.Series, entries: list[Entry], lanes: int
    ) -> Iterator[pl.DataFrame]:
        """Give the records that are to be sent and are in no batch yet."""
        wanted = to_send(self.feed, fates)
        # Those of a batch that was split are in other batches, or free again.
        held = b"".join(entry.places for entry in entries if entry.state is not State.SPLIT)
        wanted[unpack_places(held)] = False
        if not wanted.any():
            return
        for frame in read_ahead(read_records(records)):
            mine = wanted.slice(int(frame["place"][0]), frame.height)
            fresh = frame if mine.all() else frame.filter(mine)
            if lanes > 1:
                fresh = fresh.with_columns(lane=lane_of(fresh["customer"], fresh["key"], lanes))
            yield fresh

    def _platform(self, fates: pl.Series) -> Platform:
        # Slow to import, and a dry run needs none of it.
        from pipelines.calling import make_platform  # noqa: PLC0415

        return make_platform(self.client, self.feed, fates, lambda: _ping(self.client) is None)


__all__ = ["Delivery", "UnfinishedBeforeError", "load_id", "policy_of", "reach"]
