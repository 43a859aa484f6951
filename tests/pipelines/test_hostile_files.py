"""Hostile files loaded as a night's load would be: one line, a code, and nothing of them sent."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pipelines.runs import Summary
from sample_data.hostile import list_hostile, write
from sample_data.hostile_kinds import Hostile

pytestmark = pytest.mark.slow

CORPUS = {case.name: case for case in list_hostile()}
REFUSED = (
    "xxe-external.xml",
    "billion-laughs.xml",
    "bad-crc.csv.gz",
    "truncated.csv.zst",
    "traversal.csv.zip",
    "encrypted.csv.zip",
    "quote-open-early.csv",
    "png.csv",
    "open-deep-alone.json",
    "two-roots.xml",
    "wrong-case.xml",
    "xxe-sheet.xlsx",
    "truncated.parquet",
    "control.xlsx",  # its one row is rejected by the rule of a field
)
REJECTED = (
    "nul-middle.csv",
    "cp1252-middle.csv.gz",
    "deep-array-middle.ndjson",
    "lone-surrogate-middle.json",
    "element-in-text-middle.xml",
)


def feed_of(case: Hostile) -> str:
    """Write a feed for a file of the corpus."""
    number, email, points = case.columns
    source = {"path": "none", "format": case.format, **case.options}
    attributes = {
        "target": {"endpoint": "POST /import", "envelope": "members"},
        "source": source,
        "mapping": {"externalId": number, "email": email, "lastName": points},
    }
    words = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
    return yaml.safe_dump(words)


@pytest.fixture
def load(run: Callable, write_feed: Callable, tmp_path: Path) -> Callable[[str], Summary]:
    """Return what loads a file of the corpus."""

    def load_one(name: str) -> Summary:
        feed = write_feed("hostile", text=feed_of(CORPUS[name]))
        return run(f"{feed}/", source=write(CORPUS[name], tmp_path))

    return load_one


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_sends_nothing(name: str, api, load) -> None:
    summary = load(name)
    assert summary.exit_code == 3, summary
    assert 20 < len(summary.error) < 700
    assert summary.error.isprintable()
    assert api.facts()["requests"] == 0


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize("name", REJECTED)
def test_a_hostile_record_is_rejected_and_the_others_are_sent(name: str, load) -> None:
    summary = load(name)
    assert summary.exit_code == 4, summary
    assert (summary.rejected_records, summary.accepted_records) == (1, 600)
