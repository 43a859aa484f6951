"""Running feeds in this process, which saves a start of Dagster each."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
import yaml

import sandbox
from pipelines.feeds import feeds_dir, find_feed
from pipelines.materializing import open_instance, resume_feed, run_feed
from pipelines.progress import Reporter
from pipelines.runs import Summary
from tests.pipelines import dagster_memory

KEY = "sandbox-key-7c41"
"""The key that the settings of every test hold."""
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
def remember(request: pytest.FixtureRequest, state: Path) -> None:
    """Begin with a copy of that, where a test may run something and Dagster does not forget."""
    names = {*request.fixturenames}
    if names & {"api", "cli", "cli_here", "run", "shop"} and "dagster_forgets" not in names:
        shutil.copytree(request.getfixturevalue("empty_memory"), state / "dagster")


@pytest.fixture
def dagster_forgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Dagster keep its events in memory: writing each to a file is half the time of a run.

    For tests of what a run does; those of what Dagster knows of it afterwards keep the files.
    """
    home = tmp_path / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text(dagster_memory.SETTINGS)
    monkeypatch.setenv("DAGSTER_HOME", str(home))


@pytest.fixture
def run() -> Run:
    """Return what runs a feed, by name or path, in process."""

    def run_one(word: str | Path, **options: object) -> Summary:
        name, feed = find_feed(str(word))
        options = {k: str(v) if isinstance(v, Path) else v for k, v in options.items()}
        return run_feed(name, feed, Reporter(), **options)

    return run_one


@pytest.fixture
def faults(api) -> Callable[..., None]:
    """Return what sets the faults of the sandbox, in the words of docs/sandbox.md."""

    def put(*rules: dict[str, Any]) -> None:
        url = api.facts_url.replace("/facts", "/faults")
        httpx.put(url, json={"rules": rules}, trust_env=False).raise_for_status()

    return put


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


NO_WAITS = {
    "settle": 0,
    "retries": {"first_wait": 0, "longest_wait": 0, "deadline": 20},
    "breaker": {"rest": 0},
}
COLUMNS = {
    "Header.StoreId": "store",
    "Header.ReceiptId": "receipt",
    "Header.ConsumerId": "customer",
    "Header.TimeStamp": "time",
    "Items.LineNo": "line",
    "Items.Quantity": "quantity",
    "Items.ProductId": "product",
    "Items.GrossAmount": "gross",
}


@dataclass(frozen=True)
class Platform:
    """A sandbox, and what can be learned of it from outside."""

    base_url: str
    root: str

    def _get(self, path: str, **params: object) -> httpx.Response:
        url = f"{self.root}/_sandbox/{path}"
        return httpx.get(url, params=params, trust_env=False).raise_for_status()

    def facts(self) -> dict[str, Any]:
        """Tell what it holds."""
        return self._get("facts").json()

    def seen(self, method: str = "POST") -> int:
        """Count the requests about records it got, refused ones too."""
        told = self.facts()["seen"]
        paths = ("/transactions", "/import", "/customers")
        return sum(n for what, n in told.items() if what.startswith(tuple(
            f"{method} {path}" for path in paths)))  # fmt: skip

    def held(self) -> dict[str, int]:
        """Tell how often it holds each receipt, by id."""
        rows = map(json.loads, self._get("receipts").text.splitlines())
        held: Counter[str] = Counter()
        for row in rows:
            held[row["receiptId"]] += row["times"]
        return dict(held)

    def fired(self) -> list[int]:
        """Tell how often each rule hit."""
        return [rule["fired"] for rule in self._get("faults").json()["rules"]]

    def late(self) -> int:
        """Count the batches it will store later."""
        return self._get("faults").json()["late"]

    def fail(self, *rules: dict[str, Any], **words: object) -> None:
        """Have these faults from now on, instead of others; none without a rule."""
        faults = {"rules": rules, **words}
        url = f"{self.root}/_sandbox/faults"
        httpx.put(url, json=faults, trust_env=False).raise_for_status()


class Shop:
    """A till that writes receipts, feeds that load them, and a platform to load them into."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
        self.folder = folder
        self._patch = patch
        self._stack = stack
        self._served = 0

    def serve(self, *rules: dict[str, Any], **settings: Any) -> Platform:
        """Start a platform with these faults, and lead everything there."""
        self._served += 1
        words = {"rules": [*rules]} | {k: settings.pop(k) for k in ("seed",) if k in settings}
        data = self.folder / f"platform{self._served}"
        api = self._stack.enter_context(sandbox.running(data, KEY, faults=words, **settings))
        self._patch.setenv("TRIGG_BASE_URL", api.base_url)
        return Platform(api.base_url, api.facts_url.rpartition("/_sandbox")[0])

    def write(
        self,
        receipts: Iterable[int],
        *,
        name: str = "till.csv",
        changed: Iterable[int] = (),
        nobody: Iterable[int] = (),
        lines: int = 2,
    ) -> Path:
        """Write receipts by number, as R7, of one customer in seven; some changed, or nobody's."""
        rows = ["store,receipt,customer,time,line,quantity,product,gross"]
        changed, nobody = {*changed}, {*nobody}
        for n in receipts:
            whose = "" if n in nobody else f"C{n % 7}"
            gross = f"{n + 1}.{'99' if n in changed else '50'}"
            rows += [
                f"1,R{n},{whose},2024-01-31T14:50:05,{line},1,P,{gross}"
                for line in range(1, lines + 1)
            ]
        file = self.folder / name
        file.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return file

    def feed(
        self,
        name: str = "till",
        *,
        target: dict[str, Any] | None = None,
        delivery: dict[str, Any] | None = None,
        **words: Any,
    ) -> Path:
        """Write a feed of such receipts, ten to a request, which never waits; give its folder."""
        attributes = {
            "source": {"path": str(self.folder / "till.csv")},
            "target": {"endpoint": "POST /transactions", "max_receipts": 10, **(target or {})},
            "mapping": COLUMNS,
            "receipts": {"vat_percent": "25"},
            "delivery": {**NO_WAITS, **(delivery or {})},
            **words,
        }
        folder = self.folder / "feeds" / name
        folder.mkdir(parents=True, exist_ok=True)
        feed = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
        (folder / "defs.yaml").write_text(yaml.safe_dump(feed), encoding="utf-8")
        return folder

    def run(self, feed: Path, source: Path | None = None, **options: object) -> Summary:
        """Run a feed in this process."""
        name, words = find_feed(str(feed))
        return run_feed(name, words, Reporter(), source=str(source or ""), **options)

    def resume(self, feed: Path, run_id: str) -> Summary:
        """Go on with a run of a feed."""
        name, words = find_feed(str(feed))
        return resume_feed(name, words, Reporter(), run_id)

    def outcomes(self, summary: Summary) -> pl.DataFrame:
        """Read what became of every record, and see that it adds up to the summary."""
        told = pl.read_parquet(Path(summary.folder) / "outcomes.parquet")
        counts = dict(told["outcome"].value_counts().iter_rows())
        assert told.height == summary.records == sum(counts.values())
        assert summary.accounted_for
        for outcome in (
            "accepted",
            "rejected",
            "quarantined",
            "unchanged",
            "merged",
            "in_doubt",
            "unsent",
        ):
            assert getattr(summary, f"{outcome}_records") == counts.get(outcome, 0), outcome
        return told

    def told(self, summary: Summary) -> dict[str, set[str]]:
        """Tell the ids of the records of each outcome."""
        part = pl.col("key").str.split("\x1f").list.get(1, null_on_oob=True)
        grouped = self.outcomes(summary).group_by("outcome").agg(part.drop_nulls())
        return {outcome: {*found} for outcome, found in grouped.iter_rows()}

    def rows(self, summary: Summary, name: str) -> list[dict[str, str]]:
        """Read rejects.csv or unsent.csv of a run; none where there is no such file."""
        file = Path(summary.folder) / name
        if not file.exists():
            return []
        with file.open(newline="", encoding="utf-8") as text:
            return list(csv.DictReader(text))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with ExitStack() as stack:
        yield Shop(tmp_path, monkeypatch, stack)


@pytest.fixture
def quick_feed(write_feed) -> Callable[..., Path]:
    """Return what copies the receipts feed: many rejects, ten receipts a request, no waits."""

    def write(name: str = "quick", receipts: int = 10, **delivery: str) -> Path:
        said = "".join(f", {word}: {value}" for word, value in delivery.items())
        retries = "{first_wait: 0, longest_wait: 0, deadline: 3}"
        words = (
            "  rejects: {max_percent: 90}\n"
            f"  delivery: {{settle: 0, breaker: {{rest: 0}}, retries: {retries}{said}}}\n"
            "  mapping:"
        )
        batch = ("max_receipts: 400", f"max_receipts: {receipts}")
        return write_feed(name, ("  mapping:", words), batch)

    return write


@pytest.fixture
def brand(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what sets settings of a profile, the unnamed one by an empty name."""

    def put(name: str, **settings: str) -> None:
        prefix = f"TRIGG_{name.upper()}_" if name else "TRIGG_"
        for setting, value in settings.items():
            monkeypatch.setenv(prefix + setting, value)

    return put
