"""manifest.json of a published version: what it holds, and what was proven of it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from pipelines.publishing import sync

__all__ = ["MANIFEST", "Drift", "File", "Manifest", "Proof", "read_manifest", "save_manifest"]

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One Parquet file of a version.

    Attributes:
        path: below the version's folder, such as `data/day=2026-03-01/part-00001.parquet`.
        table: the table it belongs to: `data`, or the name of a child table.
        rows, bytes, sha256: what it holds.
    """

    path: str
    table: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How it is known that an export is complete.

    Attributes:
        complete: whether it is; an export that is not is published only where its feed allows it.
        declared: rows that the platform says there are; None when it says nothing.
        rows: rows read, repeated ones left out.
        distinct_keys: keys among them; None when the feed names no key.
        repeated: rows that came a second time, and were left out.
        units: pages, or groups of members, read; and the hash of all their answers, in order.
        digest: the same for the same answers.
        reread: pages that had moved and were read again.
        restarts: times that all was read again.
        rechecked: pages asked for again at the end, to see that they are the same.
        resumed: units that an earlier run had read before it was killed or stopped.
        asked: of an export that asks about each member: how many were asked for, how many of them
            were answered and how many have nothing, and what of the list named nobody.
        watermark: up to when changes were read, UTC, ISO 8601; the next run goes on from there.
        doubts: what speaks against it, a line each; empty when it is complete.
    """

    complete: bool
    declared: int | None
    rows: int
    distinct_keys: int | None = None
    repeated: int = 0
    units: int = 0
    digest: str = ""
    reread: int = 0
    restarts: int = 0
    rechecked: int = 0
    resumed: int = 0
    asked: Mapping[str, int] = field(default_factory=dict)
    watermark: str = ""
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What changed in the columns since the version before; a type is polars' name of it.

    Attributes:
        added, gone: columns and their types.
        retyped: columns, with the type before and the type now.
    """

    added: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    retyped: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A published version.

    Attributes:
        run_id: the run, and the folder's name.
        feed, source, host: which feed, which method of the API, and whom it was asked of.
        mode: `replace`, `append` or `merge`; base: the run whose version it builds on, if any.
        rows: rows of the table `data`, all told; new_rows: those that this run read.
        proof: how it is known that they are complete.
        columns: of each table its columns and their polars types.
        undeclared: columns that the feed does not declare.
        warnings: what the user should know, a line each.
        drift: what changed since the version before.
        discarded_rows, discarded_values: what the contract kept out, in `discarded.parquet`.
        files: every file of data.
        started, finished: UTC, ISO 8601.
        forgotten, forgotten_at: rows that `loyalty-etl forget` has taken out since, and when last.
    """

    run_id: str
    feed: str
    source: str
    host: str
    mode: str = "replace"
    base: str = ""
    rows: int
    new_rows: int
    proof: Proof
    columns: Mapping[str, Mapping[str, str]]
    undeclared: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    drift: Drift = field(default_factory=Drift)
    discarded_rows: int = 0
    discarded_values: int = 0
    files: tuple[File, ...]
    started: str
    finished: str
    forgotten: int = 0
    forgotten_at: str = ""

    @property
    def bytes(self) -> int:
        """Size of all its data."""
        return sum(file.bytes for file in self.files)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """Make it of what `asdict` gave.

        Raises:
            TypeError, KeyError: it is none.
        """
        proof = told["proof"] | {"doubts": tuple(told["proof"]["doubts"])}
        retyped = {name: tuple(both) for name, both in told["drift"]["retyped"].items()}
        return cls(
            **told
            | {
                "proof": Proof(**proof),
                "drift": Drift(**told["drift"] | {"retyped": retyped}),
                "files": tuple(File(**file) for file in told["files"]),
                "undeclared": tuple(told["undeclared"]),
                "warnings": tuple(told["warnings"]),
            }
        )


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a published version.

    Raises:
        OSError, ValueError, TypeError, KeyError: there is none, or it is none.
    """
    return Manifest.from_json(json.loads((folder / MANIFEST).read_bytes()))


def save_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest to a file that is not there yet, and bring it to the disk."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n", "utf-8")
    sync(path)
