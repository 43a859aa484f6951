"""What would undo a run or a migration: a feed of deletions, for review. Nothing is sent.

Only members that were created by it are proposed: those that the platform answered with 201, and
those that a migration had asked for before and not found. POST /import does not say which it
creates (reading T04), so whoever it brought outside a migration is put aside, to be looked at.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from pipelines.feeds import CustomerTarget, ImportTarget, LoadFeed, find_feed
from pipelines.migration.asking import Asker
from pipelines.migration.before import BEFORE_TABLE, Before, ask_by_key
from pipelines.migration.keeping import write_text
from pipelines.publishing import CannotWrite
from pipelines.refusing import PART
from pipelines.runs import Summary
from pipelines.writing_back import OUTCOMES

MEMBERS, LOOK_AT = "members.csv", "look_at.csv"
COLUMNS = ("id", "member", "created")
_CREATED = 201
_SURE = timedelta(days=1)
"""In which zone the platform tells its times nobody says (reading T14); a day covers all."""
_FEED = """\
# Deletes the members that {what} created. Written by `loyalty-etl undo`; read members.csv first.
type: pipelines.components.LoadFeedComponent
attributes:
  description: Undoes {what}
{profile}  source:
    path: {path}
  target:
    endpoint: DELETE /customers/id/{{id}}/source/{{source}}
  mapping:
    id: id
    source: {{constant: undo}}
"""


@dataclass
class Undone:
    """What an undo comes to.

    Attributes:
        folder: where it lies.
        members: how many are in the feed, proposed for deletion.
        unsure: how many are put aside, since nobody knows whether they were there before.
        there_before: how many were, and stay.
        gone: how many are at the platform no more.
        left: what stays as it is and cannot be taken back, in words, with how often.
    """

    folder: Path
    members: int = 0
    unsure: int = 0
    there_before: int = 0
    gone: int = 0
    left: dict[str, int] = field(default_factory=dict)

    @property
    def feed(self) -> Path:
        """The feed of deletions."""
        return self.folder / self.folder.name


def find_created(summary: Summary, feed: LoadFeed, before: Before | None) -> pl.DataFrame:
    """Say of each member that a load brought whether it was created then.

    Args:
        summary: of the load.
        feed: its feed.
        before: who a migration found there before; None of other runs.

    Returns:
        `key` of each that was accepted, and `made`: true, false, or null where nobody knows.
    """
    path = Path(summary.folder) / OUTCOMES
    if not path.exists():
        raise CannotWrite(f"{path} is there no more, so nobody knows whom {summary.run_id} brought")
    taken = pl.read_parquet(path, columns=["key", "outcome", "status"]).filter(
        pl.col("outcome") == "accepted"
    )
    if isinstance(feed.target, CustomerTarget):
        says = pl.when(pl.col("status") == _CREATED).then(statement=True)
        made = says.when(pl.col("status") == 200).then(statement=False)
        return taken.select("key", made.alias("made"))
    noted = pl.DataFrame(schema=BEFORE_TABLE) if before is None else before.members
    asked = noted.select("key", pl.col("id").is_null().alias("made")).unique("key", keep="first")
    return taken.select("key").join(asked, on="key", how="left")


def write_undo(
    what: str,
    summaries: Sequence[Summary],
    before: Before | None,
    asker: Asker,
    folder: Path,
) -> Undone:
    """Write the feed, and what is to be looked at, to a new folder.

    Args:
        what: the run or the migration, in words.
        summaries: of its loads; those that sent nothing do no harm.
        before: as in `find_created`.
        asker: asks who is there now.
        folder: it is made, for its owner only.

    Raises:
        CannotWrite: the folder is there already, or cannot be made.
        ApiError: the platform does not answer.
        MigrationStopped: it was told to stop.
    """
    done = Undone(folder)
    parts = [pl.DataFrame(schema={"key": pl.String, "made": pl.Boolean, "started": pl.String})]
    for summary in summaries:
        feed = find_feed(summary.feed_path or summary.feed)[1]
        assert isinstance(feed, LoadFeed)
        if isinstance(feed.target, ImportTarget | CustomerTarget):
            found = find_created(summary, feed, before)
            parts.append(found.with_columns(started=pl.lit(summary.started)))
        elif summary.accepted_records:
            line = f"records of {summary.feed} ({feed.target.endpoint})"
            done.left[line] = done.left.get(line, 0) + summary.accepted_records
    # Who was created by one run and changed by a later one was still created.
    whom = (
        pl.concat(parts)
        .group_by("key")
        .agg(pl.col("made").any(ignore_nulls=False), pl.col("started").min())
    )
    _make(folder)
    now = ask_by_key(asker, whom["key"]).members
    asker.forget()
    told = whom.join(now, on="key", how="left")
    sure, unsure = _part(told, done)
    if done.there_before:
        done.left["changes of members that were there before"] = done.there_before
    done.feed.mkdir(mode=0o700)
    _write_members(done.feed / MEMBERS, sure)
    _write_members(folder / LOOK_AT, unsure)
    done.members, done.unsure = sure.height, unsure.height
    profile = summaries[0].profile if summaries else ""
    words = _FEED.format(
        what=what,
        profile=f"  profile: {profile}\n" if profile else "",
        path=done.feed / MEMBERS,
    )
    write_text(done.feed / "defs.yaml", words)
    return done


def _part(told: pl.DataFrame, done: Undone) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part those that were created from those that may have been; count the others."""
    there = told.filter(pl.col("id").is_not_null())
    done.gone = told.height - there.height
    made = there["made"]
    sure = there.filter(made.fill_null(value=False))
    unknown = there.filter(made.is_null())
    older = pl.Series(
        [_is_older(*each) for each in unknown.select("created", "started").iter_rows()],
        dtype=pl.Boolean,
    )
    done.there_before = there.filter(~made.fill_null(value=True)).height + int(older.sum())
    return sure, unknown.filter(~older)


def _is_older(created: str | None, started: str) -> bool:
    """Tell whether a customer was surely there before a run began."""
    try:
        moment = datetime.fromisoformat(created or "")
        begun = datetime.fromisoformat(started).replace(tzinfo=None)
    except ValueError:
        return False
    return moment.replace(tzinfo=None) < begun - _SURE


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise CannotWrite(f"{folder} is there already: choose another folder with -o") from None
    except OSError as error:
        raise CannotWrite(f"{folder} cannot be made ({error.strerror})") from None


def _write_members(path: Path, members: pl.DataFrame) -> None:
    """Write whom to delete: the platform's id, the key it was known by, and since when it is."""
    named = members.sort("key").select(
        "id", pl.col("key").str.replace(PART, " ", literal=True), pl.col("created").fill_null("")
    )
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(named.iter_rows())


__all__ = ["LOOK_AT", "MEMBERS", "Undone", "find_created", "write_undo"]
