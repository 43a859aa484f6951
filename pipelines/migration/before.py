"""Who was at the platform before a migration sent anything, and what they had.

Asked once and kept: what a member had is no difference at the end, and whoever was there before is
never proposed for deletion.

.state/migrations/<plan>/before.parquet    a row for each member of the sources (0600)
                         before_stamps.parquet    and their stamp cards
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from connectors.trigg.holdings import SCHEMAS, question_of
from pipelines.migration.asking import Asker
from pipelines.migration.keeping import write_table
from pipelines.migration.sources import Source
from pipelines.refusing import PART

BEFORE_FILE, STAMPS_FILE = "before.parquet", "before_stamps.parquet"
BEFORE_TABLE = pl.Schema([("key", pl.String()), *SCHEMAS["customers"].items()])
"""A member's key, and the customer that had it; no `id` where there was none."""
_ASKED = ("externalId", "mobilePhone", "id")
"""The keys that a customer can be asked for by; to ask by e-mail is a preview, which may vanish."""


@dataclass(frozen=True)
class Before:
    """What was there before.

    Attributes:
        members: `BEFORE_TABLE`; who cannot be asked for has no row.
        stamps: the stamp cards of these, by `question`.
    """

    members: pl.DataFrame
    stamps: pl.DataFrame

    @property
    def existed(self) -> int:
        """How many were there."""
        return self.members["id"].count()


def read_before(folder: Path) -> Before:
    """Read what was noted; nothing where nothing was."""
    members, stamps = folder / BEFORE_FILE, folder / STAMPS_FILE
    return Before(
        pl.read_parquet(members) if members.exists() else pl.DataFrame(schema=BEFORE_TABLE),
        pl.read_parquet(stamps) if stamps.exists() else pl.DataFrame(schema=SCHEMAS["stamps"]),
    )


def note_before(sources: list[Source], asker: Asker, folder: Path) -> Before:
    """Ask for every member of the sources that has not been asked for, and keep the answers.

    Raises:
        ApiError: the platform does not answer.
        MigrationStopped: it was told to stop.
    """
    noted = read_before(folder)
    keys = pl.concat([pl.Series(dtype=pl.String), *(s.records["key"] for s in sources)]).unique()
    new = keys.filter(~keys.is_in(noted.members["key"].implode()))
    asked = ask_by_key(asker, new)
    members = pl.concat([noted.members, asked.members])
    stamps = pl.concat([noted.stamps, asked.stamps])
    write_table(folder / STAMPS_FILE, stamps)
    write_table(folder / BEFORE_FILE, members)
    asker.forget()
    return Before(members, stamps)


def ask_by_key(asker: Asker, keys: pl.Series) -> Before:
    """Ask for members by their keys (`pipelines.refusing.member_key`)."""
    parts = keys.str.splitn(PART, 2).struct.rename_fields(["name", "value"]).struct.unnest()
    members, stamps = [pl.DataFrame(schema=BEFORE_TABLE)], [pl.DataFrame(schema=SCHEMAS["stamps"])]
    for name in _ASKED:
        values = parts.filter(pl.col("name") == name)["value"]
        if values.is_empty():
            continue
        told = asker.ask(question_of(name), values.to_list())
        key = pl.concat_str(pl.lit(f"{name}{PART}"), "question")
        members.append(told["customers"].select(key.alias("key"), *SCHEMAS["customers"]))
        stamps.append(told["stamps"])
    return Before(pl.concat(members), pl.concat(stamps))


__all__ = ["BEFORE_FILE", "Before", "ask_by_key", "note_before", "read_before"]
