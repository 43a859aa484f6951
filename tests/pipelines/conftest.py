"""Running feeds in this process, which saves a start of Dagster each."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.assets import Reporter
from pipelines.feeds import feeds_dir, find_feed
from pipelines.materializing import open_instance, run_feed
from pipelines.runs import Summary

Run = Callable[..., Summary]


@pytest.fixture(scope="session")
def empty_memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dagster's memory before its first run; making one takes a second of migrations."""
    folder = tmp_path_factory.mktemp("memory")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOYALTY_ETL_STATE", str(folder))
        patch.delenv("DAGSTER_HOME", raising=False)
        open_instance().dispose()
    return folder / "dagster"


@pytest.fixture(autouse=True)
def remember(state: Path, empty_memory: Path) -> None:
    """Begin with a copy of that."""
    shutil.copytree(empty_memory, state / "dagster")


@pytest.fixture
def run() -> Run:
    """Return what runs a feed, by name or path, in process."""

    def run_one(word: str | Path, **options: object) -> Summary:
        name, feed = find_feed(str(word))
        options = {k: str(v) if isinstance(v, Path) else v for k, v in options.items()}
        return run_feed(name, feed, Reporter(), **options)

    return run_one


@pytest.fixture
def write_feed(tmp_path: Path) -> Callable[..., Path]:
    """Return what copies a shipped feed, changed, to a folder of its own; gives it."""

    def write(
        name: str, *changes: tuple[str, str], like: str = "receipts_csv", text: str = ""
    ) -> Path:
        text = text or (feeds_dir() / like / "defs.yaml").read_text()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        folder = tmp_path / "feeds" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "defs.yaml").write_text(text)
        return folder

    return write
