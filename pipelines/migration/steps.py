"""The steps of a migration that are no feed's load, as plain functions: what each does and notes.

Every step ends with a line for the checkpoint, counts only, or with an error that stops the rest.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from delivery.ledger import open_ledger
from pipelines.comparing import target_of
from pipelines.load_run import resume_step
from pipelines.migration.asking import Asker
from pipelines.migration.before import note_before, read_before
from pipelines.migration.checkpoint import (
    Done,
    Failed,
    StepUnfinishedError,
    migration_folder,
    note_failure,
    read_checkpoint,
    write_checkpoint,
)
from pipelines.migration.comparing import compare
from pipelines.migration.doubts import SUMMED, settle_sums
from pipelines.migration.ids import learn
from pipelines.migration.keeping import write_json, write_table, write_text
from pipelines.migration.page import make_page
from pipelines.migration.reconciling import (
    DIFFERENCES_FILE,
    PAGE,
    REPORT,
    Reconciliation,
    count_sources,
    folder_of_questions,
)
from pipelines.migration.sources import Source, kind_of, read_source
from pipelines.migration.stores import STORES_FILE, UnknownStoresError, compare_stores
from pipelines.migration.words import RECONCILE, MigrationPlan, StoresStep
from pipelines.progress import Progress, several
from pipelines.runs import Summary, now, read_summary
from pipelines.settings import ledger_url, trigg_account
from pipelines.stopping import told_to_stop

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger


@dataclass(frozen=True)
class Migration:
    """One run of a migration.

    Attributes:
        plan: what is to be done.
        run_id: the run.
        made_of: what each step is made of (`pipelines.migration.checkpoint`).
    """

    plan: MigrationPlan
    run_id: str
    made_of: dict[str, str]

    def finish(self, step: str, line: str, **counts: int) -> Done:
        """Note in the checkpoint that a step is finished."""
        done = Done(self.run_id, now(), self.made_of[step], line, counts)
        write_checkpoint(self.plan, read_checkpoint(self.plan).with_done(step, done))
        return done

    def check_stores(self, progress: Progress) -> Done:
        """Compare the stores that the sources name with those there are.

        Raises:
            UnknownStoresError: some are not known, and the plan says to stop.
        """
        folder = migration_folder(self.plan.name)
        with self._asker(progress) as asker:
            found = compare_stores([*self.plan.feeds.values()], asker.client, folder, progress)
        write_table(folder / STORES_FILE, found.named)
        how = next(s.stores for s in self.plan.words.steps if isinstance(s, StoresStep))
        if how == "stop" and not found.unknown.is_empty():
            raise UnknownStoresError(found.unknown, folder / STORES_FILE)
        named, unknown = found.named["store"].n_unique(), found.unknown["store"].n_unique()
        line = f"{several(named, 'store')} named, {unknown:,} unknown, {found.unused:,} unused"
        return self.finish("stores", line, named=named, unknown=unknown, unused=found.unused)

    def look_before(self, progress: Progress) -> Done:
        """Note which members are at the platform before any is sent."""
        sources = list(self._sources(progress, only_members=True))
        with self._asker(progress) as asker:
            found = note_before(sources, asker, migration_folder(self.plan.name))
        asked, there = found.members.height, found.existed
        line = f"{several(asked, 'member')} asked for, {there:,} of them there already"
        return self.finish("before", line, asked=asked, there=there)

    def learn_ids(self, progress: Progress) -> Done:
        """Learn the platform's ids of the members that were loaded."""
        line, counts = learn(self.plan.learned, progress)
        return self.finish("ids", line, **counts)

    def close_feed(self, step: str, progress: Progress) -> Done:
        """Note a feed that was loaded.

        Raises:
            StepUnfinishedError: something of it is in doubt or held.
        """
        summary = self._settled(step, progress)
        if summary.in_doubt_records or summary.held_records:
            raise StepUnfinishedError(summary)
        counts = {
            "records": summary.records,
            "accepted": summary.accepted_records,
            "unchanged": summary.unchanged_records,
            "merged": summary.merged_records,
            "rejected": summary.rejected_records,
            "unsent": summary.unsent_records,
        }
        told = [
            f"{count:,} {name}" for name, count in counts.items() if count and name != "records"
        ]
        line = f"{summary.records:,} = {' + '.join(told) or '0'}"
        return self.finish(summary.feed, line, **counts)

    def _settled(self, step: str, progress: Progress) -> Summary:
        """Give the summary of a feed, after what a member's sum can settle of its doubts."""
        summary = read_summary(self.run_id, step)
        assert summary is not None  # its own assets ran before
        planned = self.plan.feeds[step]
        if not summary.in_doubt_records or kind_of(planned.feed) not in SUMMED:
            return summary
        folder = migration_folder(self.plan.name)
        account = trigg_account(self.plan.words.profile)
        with self._ledger() as ledger, self._asker(progress) as asker:
            target = target_of(planned.feed, account)
            loads = [x for x in ledger.loads(feed=step, state="open") if x.target == target]
            source = read_source(planned, ledger, account, folder / "reading" / step, progress)
            settled = settle_sums(ledger, source, loads, read_before(folder), asker)
        for load in loads if settled else ():
            resume_step(planned.feed, load.id.rpartition("/")[0], step, progress)
        return read_summary(self.run_id, step) or summary

    def reconcile(self, progress: Progress) -> Reconciliation:
        """Compare sources, ledger and platform, and write the report; the caller judges it."""
        folder, words = migration_folder(self.plan.name), self.plan.words
        account = trigg_account(words.profile)
        sources = [*self._sources(progress)]
        with self._asker(progress) as asker:
            comparison = compare(sources, read_before(folder), asker, words.reconcile)
            asker.forget()
        checkpoint = read_checkpoint(self.plan)
        facts = {
            "name": self.plan.name,
            "description": words.description,
            "plan": str(self.plan.file),
            "place": account.place,
            "environment": account.environment,
            "profile": words.profile,
            "started": checkpoint.started,
            "asked": now(),
            "sample": str(words.reconcile.sample),
            "tolerances": f"{words.reconcile.points_tolerance} points a member,"
            f" {words.reconcile.amount_tolerance:.2f} a receipt",
            "run": self.run_id,
            "steps": {name: asdict(done) for name, done in checkpoint.done.items()},
        }
        made = Reconciliation(facts, count_sources(sources), comparison)
        write_table(folder / DIFFERENCES_FILE, comparison.table)
        write_text(folder / PAGE, make_page(made))
        write_json(folder / REPORT, made.told())
        return made

    def close(self, made: Reconciliation) -> Done:
        """Note that the migration is finished, or why it is not: it does not balance."""
        counts = {"differences": made.differences, "left_out": made.left_out}
        if made.balances:
            return self.finish(RECONCILE, made.verdict, **counts)
        page = migration_folder(self.plan.name) / PAGE
        line = f"the migration {made.verdict}: see {page}"
        note_failure(self.plan, Failed(RECONCILE, line, "run"))
        return Done(self.run_id, now(), self.made_of[RECONCILE], made.verdict, counts)

    def _sources(self, progress: Progress, *, only_members: bool = False) -> Iterator[Source]:
        feeds = self.plan.members if only_members else self.plan.feeds.values()
        account = trigg_account(self.plan.words.profile)
        folder = migration_folder(self.plan.name) / "reading"
        with self._ledger() as ledger:
            for planned in feeds:
                yield read_source(planned, ledger, account, folder / planned.name, progress)

    @contextmanager
    def _ledger(self) -> Iterator["Ledger"]:
        with open_ledger(ledger_url()) as ledger:
            yield ledger

    @contextmanager
    def _asker(self, progress: Progress) -> Iterator[Asker]:
        from connectors.trigg.client import Client  # noqa: PLC0415  (httpx is slow to import)

        words = self.plan.words
        in_flight = words.reconcile.in_flight
        folder = folder_of_questions(migration_folder(self.plan.name))
        with (
            told_to_stop() as stop,
            Client(trigg_account(words.profile), in_flight=in_flight) as client,
        ):
            yield Asker(client, folder, in_flight, stop, progress)


__all__ = ["Migration"]
