"""The proof that a bundle holds no secret and nothing of a person, before it is written.

Every word of every value that the run's files and its source hold is looked for in the bundle.
Words that are names, such as those of fields and columns, would be there without any person.
"""

import json
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl

from connectors.files import SourceError, read
from connectors.trigg.account import AccountError
from delivery.erasing import Kept
from delivery.rejects import ADDED
from pipelines.bundling.collecting import feed_of, requests
from pipelines.feeds import FeedError, LoadFeed, list_feeds, read_feed
from pipelines.feeds.mapping import columns_of
from pipelines.forgetting.looking import kept
from pipelines.loading import file_source_of
from pipelines.runs import Summary
from pipelines.settings import get_setting, ledger_url, trigg_account
from pipelines.sourcing import find_brought

_WORD = r"[\p{L}\p{N}]+"
_NUMBER = r"[0-9](?:[ ().:/\u00a0-]{0,2}[0-9]){5,}"
_OF_NOBODY = ("Header.", "Items.")
_OF_SOMEBODY = ("Header.ConsumerId", "Header.PaymentString", "Header.Ext", "Items.Ext")
"""Fields of a receipt that may be a person's."""


class Leak(Exception):  # noqa: N818  (says what happened)
    """A bundle would hold what it must not. One line, without the value; nothing was written."""


def prove(files: Mapping[str, Any], summary: Summary) -> int:
    """See that no file of a bundle holds a secret or a value of a person.

    Returns:
        How many values were looked for.

    Raises:
        Leak: one does.
    """
    texts = {name: json.dumps(doc, ensure_ascii=False) for name, doc in files.items()}
    for secret in _secrets(summary.profile):
        for name, text in texts.items():
            if secret in text or json.dumps(secret)[1:-1] in text:
                raise Leak(f"{name} would hold a secret of the settings: nothing was written")
    names = pl.Series("text", [*_names(files)], pl.String)
    own = {*_words(names), *_words(pl.Series("text", _SPOKEN))}
    told = {
        name: _words(pl.Series("text", [*_leaves(doc)], pl.String)) for name, doc in files.items()
    }
    looked = 0
    for where, values in _values(summary):
        words = _words(values)
        looked += len(values)
        for name, there in told.items():
            if (words & there) - own:
                raise Leak(f"{name} would hold a value of {where}: nothing was written")
    return looked


_SPOKEN = ["characters", "not set", "merged into", "told by _error in rejects.csv"]


def write_bundle(files: Mapping[str, Any], path: Path) -> None:
    """Write a bundle that was proven, for its owner only."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        os.fdopen(handle, "wb") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle,
    ):
        for name, doc in files.items():
            bundle.writestr(name, json.dumps(doc, indent=2, ensure_ascii=False) + "\n")


def _secrets(profile: str) -> set[str]:
    """Give the keys and the values of headers of every profile, and the ledger's password."""
    profiles = {"", profile}
    with suppress(FeedError):
        profiles |= {read_feed(name).profile for name in list_feeds()}
    found = {get_setting(n, p) for p in profiles for n in ("TRIGG_API_KEY", "TRIGG_HEADERS")}
    for each in profiles:
        with suppress(AccountError):
            found |= {*trigg_account(each).hidden}
    if "@" in ledger_url():
        found.add(ledger_url().partition("://")[2].rpartition("@")[0])
    return {secret for secret in found if len(secret) > 1}


def _values(summary: Summary) -> Iterator[tuple[str, pl.Series]]:
    """Give the values that must not be told, file by file, some thousands at a time."""
    folder, feed = Path(summary.folder), feed_of(summary)
    for path in sorted(folder.glob("*.csv")):
        for rows in kept(path).batches():
            own = [name for name in rows.columns if name not in ADDED]
            for name in (*_personal(own, feed), *({"_raw"} & {*rows.columns})):
                yield path.name, rows[name]
    if isinstance(feed, LoadFeed):
        yield from _of_source(feed, summary)
        if not feed.of_receipts:  # those are named by store and id
            yield from _of_records(folder)


def _of_records(folder: Path) -> Iterator[tuple[str, pl.Series]]:
    for path in sorted(folder.glob("*.parquet")):
        for rows in Kept(path).batches():
            for name in {"key", "merged_into"} & {*rows.columns}:
                yield path.name, rows[name].str.replace(r"^[^\x1f]*\x1f", "")
    for body in requests(folder):
        yield "the requests", pl.Series("text", [*_leaves(body)], pl.String)


def _of_source(feed: LoadFeed, summary: Summary) -> Iterator[tuple[str, pl.Series]]:
    with suppress(SourceError, OSError):  # it may be there no more
        source = file_source_of(feed, find_brought(summary.source, Path(summary.folder)))
        for rows in read(source):
            for name in _personal(list(source.columns), feed):
                yield "the source", rows[name]


def _personal(columns: list[str], feed: object) -> list[str]:
    """List the columns that may be a person's: all, but of receipts those of the goods."""
    if not isinstance(feed, LoadFeed) or not feed.of_receipts:
        return columns
    goods = {
        column
        for name, mapped in feed.mapping.items()
        if name.startswith(_OF_NOBODY) and not name.startswith(_OF_SOMEBODY)
        for column in columns_of(mapped)
    }
    return [name for name in columns if name.removeprefix("'") not in goods]


def _words(texts: pl.Series) -> set[str]:
    """Give the words of texts that can name somebody, and their long numbers as digits."""
    plain = texts.drop_nulls().unique().str.to_lowercase()
    words = plain.str.extract_all(_WORD).explode().drop_nulls().unique()
    named = words.filter(words.str.contains(r"\p{L}") & (words.str.len_chars() >= 4))
    named = named.filter(~named.is_in(["true", "false", "null", "female", "male"]))
    named = named.filter(~named.str.contains("^[x9]+$"))  # a shape
    numbers = plain.str.extract_all(_NUMBER).explode().drop_nulls()
    digits = numbers.str.replace_all("[^0-9]", "").str.strip_chars_start("0")
    digits = digits.filter(~digits.str.contains("^9+$"))
    return {*named, *digits}


def _leaves(value: Any) -> Iterator[str]:  # noqa: ANN401  (JSON)
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None and not isinstance(value, bool | float):
        yield re.sub(r" #[0-9a-f]{12}$", "", str(value))


def _names(files: Mapping[str, Any]) -> Iterator[str]:
    """Give what is a name in a bundle: of its files, their fields, of packages, columns, states."""
    for name, doc in files.items():
        yield name
        yield from _keys(doc)
    for name in ("about.json", "settings.json", "feed.json", "dagster.json", "errors.json"):
        yield from _leaves(files.get(name))
    summary = files["summary.json"]
    yield from (str(summary[n]) for n in ("feed", "kind", "state", "target", "started", "finished"))
    yield from (str(summary[n]) for n in ("run_id", "environment", "profile"))
    yield from (str(summary[n]) for n in ("error_kind", "error_code"))
    for batch in files["ledger.json"].get("batches", []):
        yield from (str(batch["state"]), str(batch["cause"]))
    for group in files["outcomes.json"]:
        yield from (str(group["outcome"]), str(group["why"] or ""))


def _keys(value: Any) -> Iterator[str]:  # noqa: ANN401  (JSON)
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


__all__ = ["Leak", "prove", "write_bundle"]
