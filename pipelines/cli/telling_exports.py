"""Exports in lines for people."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pipelines.cli.terminal import plain
from pipelines.progress import several

if TYPE_CHECKING:
    from pipelines.exports.looking.columns import Column
    from pipelines.exports.looking.comparing import Difference
    from pipelines.exports.manifest import Drift, Proof
    from pipelines.exports.versions import Version

FILES = 10
"""Files that are listed by name."""


def tell_version(
    version: "Version", kept: Sequence["Version"], columns: Mapping[str, Sequence["Column"]]
) -> Iterator[str]:
    """Tell what a version holds, what was proven of it, and how it is opened."""
    from pipelines.exports.looking.ways import ways_to_open

    made = version.manifest
    yield f"{made.feed}: {made.rows:,} rows, {tell_state(version)}"
    yield f"  version   {made.run_id}, {tell_age(version.age)} old; {len(kept)} kept"
    yield f"  read      {moment(made.started)} to {moment(made.finished)} UTC"
    yield plain(f"  from      {made.source}{f' at {made.host}' if made.host else ''}")
    yield f"  folder    {version.folder}"
    yield f"  size      {tell_size(made.bytes)} in {several(len(made.files), 'file')}"
    if made.base or made.mode != "replace":
        base = f", the others of {made.base}" if made.base else ""
        yield f"  mode      {made.mode}: {made.new_rows:,} rows are of this run{base}"
    for name, line in zip(["proof", *[""] * 9], tell_proof(made.proof), strict=False):
        yield plain(f"  {name:<9} {line}")
    yield from (f"  drift     {line}" for line in tell_drift(made.drift))
    if made.discarded_rows or made.discarded_values:
        what = f"{made.discarded_rows:,} rows, {made.discarded_values:,} values"
        yield f"  discarded {what}: {version.folder}/discarded.parquet"
    if made.forgotten:
        yield f"  forgotten {made.forgotten:,} rows, the last {moment(made.forgotten_at)} UTC"
    for table, found in columns.items():
        yield f"  {table}"
        yield from _tell_columns(found, {*made.undeclared})
    yield "  files"
    for file in made.files[:FILES]:
        yield f"    {file.path}  {file.rows:,} rows, {tell_size(file.bytes)}"
    if len(made.files) > FILES:
        yield f"    and {len(made.files) - FILES:,} more"
    yield "  open it"
    yield from (f"    {tool:<7} {line}" for tool, line in ways_to_open(version).items())


def tell_state(version: "Version") -> str:
    """Say whether a version is complete, or what speaks against it."""
    proof = version.manifest.proof
    if proof.complete:
        return "complete"
    return f"INCOMPLETE: {proof.doubts[0] if proof.doubts else 'not proven'}"


def tell_proof(proof: "Proof") -> Iterator[str]:
    """Say what was proven and how, a thing a line."""
    from pipelines.exports.reading.sources import tell_asked, tell_list

    told = "no total announced" if proof.declared is None else f"{proof.declared:,} announced"
    keys = "" if proof.distinct_keys is None else f", {proof.distinct_keys:,} distinct keys"
    yield f"{proof.rows:,} rows read, {told}{keys}"
    if proof.asked:
        yield tell_asked(proof.asked)
        yield from tell_list(proof.asked)
    if proof.watermark:
        yield f"changes up to {moment(proof.watermark)} UTC; the next run goes on from there"
    if proof.repeated:
        yield f"{proof.repeated:,} rows came a second time, and were left out"
    units = several(proof.units, "page or group", "pages or groups")
    yield f"{units}, hash of their answers {proof.digest}" if proof.digest else units
    if proof.rechecked:
        yield f"{proof.rechecked:,} of them asked for again at the end, and the same"
    if proof.reread:
        yield f"{proof.reread:,} had moved, and were read again"
    if proof.restarts:
        yield f"begun anew {several(proof.restarts, 'time')}"
    yield from (f"DOUBT {doubt}" for doubt in proof.doubts)


def tell_drift(drift: "Drift") -> Iterator[str]:
    """Say what changed in the columns, a kind a line."""
    if drift.added:
        yield f"new: {', '.join(f'{plain(name)} ({kind})' for name, kind in drift.added.items())}"
    if drift.gone:
        yield f"gone: {', '.join(f'{plain(name)} ({kind})' for name, kind in drift.gone.items())}"
    if drift.retyped:
        told = (f"{plain(name)} ({old} → {new})" for name, (old, new) in drift.retyped.items())
        yield f"of another type: {', '.join(told)}"


def _tell_columns(columns: Sequence["Column"], undeclared: set[str]) -> Iterator[str]:
    names = max((len(plain(column.name)) for column in columns), default=0)
    types = max((len(column.word) for column in columns), default=0)
    for column in columns:
        text = plain(column.description)
        text = text or ("(not declared)" if column.name in undeclared else "")
        named = f"{plain(column.name):<{names}}  {column.word:<{types}}"
        yield f"    {named}  {column.percent:>6}  {text}".rstrip()


def tell_difference(
    old: "Version", new: "Version", found: "Difference", sample: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Tell what differs between two versions."""
    for name, version, rows in (("a", old, found.before), ("b", new, found.after)):
        read = moment(version.manifest.finished)
        yield f"  {name:<9} {version.folder.name}, {read} UTC, {rows:,} rows"
    yield from (f"  columns   {line}" for line in tell_drift(found.columns))
    by = f"by {', '.join(found.key)}" if found.key else "whole rows: the feed names no key"
    yield (
        f"  rows      {found.added:,} added, {found.gone:,} gone, {found.changed:,} changed,"
        f" {found.same:,} the same ({by})"
    )
    for row in sample:
        cells = ", ".join(
            f"{plain(name)} {plain(str(values[0]))} → {plain(str(values[1]))}"
            if row["what"] == "changed"
            else f"{plain(name)} {plain(str(values))}"
            for name, values in row["cells"].items()
        )
        key = ", ".join(f"{name} {plain(str(value))}" for name, value in row["key"].items())
        yield f"  {row['what']:<9} {key}{': ' if key and cells else ''}{cells}"


def sample_changes(
    old: "Version", new: "Version", found: "Difference", *, show_values: bool
) -> list[dict[str, Any]]:
    """Give the first rows of each kind: what happened, the key, the cells that differ.

    Args:
        old: the older version.
        new: the newer one.
        found: what differs between them.
        show_values: as they are; else keys as hashes and values as shapes.
    """
    from pipelines.exports.looking.comparing import rows_at, shared_columns
    from pipelines.hashing import hash_key, shape_of, tell_apart

    secret = b"" if show_values else hash_key()

    def name_of(row: Mapping[str, object]) -> dict[str, object]:
        if show_values:
            return {name: row[name] for name in found.key}
        return {name: tell_apart(secret, str(row[name])) for name in found.key}

    def told(value: object) -> object:
        return value if show_values or value is None else shape_of(value)

    columns = shared_columns(old, new)
    made: list[dict[str, Any]] = []
    for what, version, places in (("added", new, found.added_at), ("gone", old, found.gone_at)):
        for row in rows_at(version, places, columns):
            rest = {name: told(value) for name, value in row.items() if name not in found.key}
            made.append({"what": what, "key": name_of(row), "cells": rest})
    was = rows_at(old, [pair[0] for pair in found.changed_at], columns)
    now = rows_at(new, [pair[1] for pair in found.changed_at], columns)
    for one, other in zip(was, now, strict=True):
        cells = {
            name: [told(one[name]), told(value)]
            for name, value in other.items()
            if one[name] != value
        }
        made.append({"what": "changed", "key": name_of(other), "cells": cells})
    return made


def moment(text: str) -> str:
    """Write a time in UTC, to the minute."""
    return text[:16].replace("T", " ")


def tell_size(size: int) -> str:
    """Write a number of bytes."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:,} {unit}"
        size = round(size / 1000)
    return f"{size:,} GB"


def tell_age(age: timedelta) -> str:
    """Write how long ago something was."""
    minutes = max(0, round(age.total_seconds() / 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
