"""A corpus of hostile files: whatever they hold, a reader ends in rejects or in one clear line.

`python -m sample_data.hostile FOLDER` writes them, always the same; those that take much memory or
time to read only with `--large`.
"""

import argparse
from collections import Counter
from functools import cache
from pathlib import Path

from sample_data.hostile_books import books
from sample_data.hostile_kinds import Hostile
from sample_data.hostile_packed import packed
from sample_data.hostile_parquet import parquets
from sample_data.hostile_tables import tables
from sample_data.hostile_trees import trees
from sample_data.hostile_xml import xmls


@cache
def list_hostile() -> tuple[Hostile, ...]:
    """List every file of the corpus; its bytes are made when it is written.

    Raises:
        ValueError: two have one name.
    """
    cases = (*tables(), *trees(), *xmls(), *packed(), *books(), *parquets())
    if doubled := [name for name, count in Counter(c.name for c in cases).items() if count > 1]:
        raise ValueError(f"two hostile files are called {', '.join(doubled)}")
    return cases


def write(case: Hostile, folder: Path) -> Path:
    """Write one file and return its path."""
    path = folder / case.name
    path.write_bytes(case.make())
    return path


def write_all(folder: Path, *, large: bool = False) -> list[Path]:
    """Write the corpus to a folder of its own, with the large files or without."""
    folder.mkdir(parents=True, exist_ok=True)
    return [write(case, folder) for case in list_hostile() if large or not case.large]


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--large", action="store_true", help="also those of tens of MB")
    given = parser.parse_args()
    write_all(given.folder, large=given.large)


if __name__ == "__main__":
    _main()
