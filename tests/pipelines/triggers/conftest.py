"""A project of a test's own feeds, and what Dagster makes of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from pipelines.components import LoadFeedComponent
from pipelines.feeds import LoadFeed, list_feeds, read_feed, reading
from pipelines.jobs import build_nightly
from pipelines.progress import Reporter
from pipelines.triggers.night import stands_apart

MAPPING = {"externalId": "no", "mobilePhone": "phone"}


@dataclass(frozen=True)
class Project:
    """Feeds of members below a folder, and the files that they read."""

    folder: Path

    def feed(self, name: str, path: str = "", **words: Any) -> LoadFeed:
        """Write a feed that waits for nothing."""
        attributes = {
            "source": {"path": str(self.folder / (path or f"{name}.csv"))},
            "target": {"endpoint": "POST /import"},
            "mapping": MAPPING,
            "delivery": {
                "settle": 0,
                "retries": {"first_wait": 0, "longest_wait": 0, "deadline": 1},
                "breaker": {"rest": 0},
            },
            **words,
        }
        file = self.folder / "pipelines" / "defs" / name / "defs.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        kind = "pipelines.components.LoadFeedComponent"
        file.write_text(yaml.safe_dump({"type": kind, "attributes": attributes}))
        feed = read_feed(name)
        assert isinstance(feed, LoadFeed)
        return feed

    def nightly(self, **words: str) -> None:
        """Say when the night is."""
        (self.folder / "pipelines" / "defs" / "nightly.yaml").write_text(yaml.safe_dump(words))

    def write(self, path: str, *numbers: int) -> Path:
        """Write members by number."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = [f"{n},+4790000{n:03}" for n in numbers]
        file.write_text("\n".join(["no,phone", *rows, ""]))
        return file

    def feeds(self) -> dg.Definitions:
        """Give what Dagster loads of the feeds."""
        made = [LoadFeedComponent(name, read_feed(name)).build_defs(None) for name in list_feeds()]
        return dg.Definitions.merge(*made)

    def definitions(self) -> dg.Definitions:
        """Give all that Dagster loads."""
        apart = [name for name in list_feeds() if stands_apart(read_feed(name))]
        shared = dg.Definitions(resources={"reporter": Reporter()}, executor=dg.in_process_executor)
        return dg.Definitions.merge(self.feeds(), build_nightly(apart), shared)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "pipelines" / "defs").mkdir(parents=True)
    monkeypatch.setattr(reading, "ROOT", tmp_path)
    return Project(tmp_path)
