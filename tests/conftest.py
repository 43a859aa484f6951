"""What the tests of all rooms share: a state of their own, a sandbox, the command."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import certifi
import httpx
import pytest
from hypothesis import HealthCheck, settings

import sandbox

# New examples each time, so fewer at a time; benchmarks/fuzz.py looks deeper.
# A busy machine is no fault of what is tried.
settings.register_profile(
    "quick", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("quick")

ROOT = Path(__file__).resolve().parent.parent
KEY = "sandbox-key-7c41"


@pytest.fixture(scope="session", autouse=True)
def few_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust one authority, not all of them: to read those takes 20 ms for each client of httpx."""
    end = "-----END CERTIFICATE-----\n"
    file = tmp_path_factory.mktemp("trusted") / "one.pem"
    file.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifi, "where", lambda: str(file))
        yield


@pytest.fixture(scope="session")
def make_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what makes a new folder.

    Pytest's own way reads the names of all folders before it makes the next one: seconds, with
    thousands of tests.
    """
    base = tmp_path_factory.mktemp("folders")
    numbers = count()

    def make(name: str) -> Path:
        folder = base / f"{name}{next(numbers)}"
        folder.mkdir(mode=0o700)
        return folder

    return make


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, make_folder: Callable[[str], Path]) -> Path:
    """A folder of the test's own."""
    return make_folder(re.sub(r"\W", "_", request.node.name)[:30])


@pytest.fixture(autouse=True)
def state(make_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder of the test's own; no test ever sees the user's settings, nor any real API."""
    folder = make_folder("state")
    monkeypatch.setenv("LOYALTY_ETL_STATE", str(folder))
    monkeypatch.setenv("TRIGG_BASE_URL", "http://127.0.0.1:9/v4")  # nobody listens there
    monkeypatch.setenv("TRIGG_API_KEY", KEY)
    for name in ("ENVIRONMENT", "HEADERS", "TIMEOUTS"):
        monkeypatch.setenv(f"TRIGG_{name}", "")
    for name in [name for name in os.environ if name.startswith("LOYALTY_ETL_ALERTS")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOYALTY_ETL_ALLOW_PRODUCTION", "")
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.delenv("ETL_EXECUTOR", raising=False)
    yield folder
    with suppress(OSError):
        folder.rmdir()  # most tests keep nothing there


@dataclass(frozen=True)
class Api:
    """A sandbox that answers."""

    base_url: str
    facts_url: str

    def facts(self) -> dict[str, Any]:
        """Tell what it holds."""
        return httpx.get(self.facts_url, trust_env=False).raise_for_status().json()


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A sandbox on a real socket, and the settings that lead there."""
    with sandbox.running(tmp_path / "sandbox", api_key=KEY) as running:
        monkeypatch.setenv("TRIGG_BASE_URL", running.base_url)
        yield Api(running.base_url, running.facts_url)


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The lines of stderr, without their codes and the one that says whom it talks to."""
        lines = re.sub(r"(?m) \[[a-z-]+\]$", "", self.err).splitlines()
        return [x for x in lines if not x.startswith(("into  ", "from  "))]

    def json(self) -> Any:
        """Parse stdout as one JSON document."""
        return json.loads(self.out)


class Command:
    """`loyalty-etl` as a process of its own."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout

    def __call__(self, *words: object, **env: str | None) -> Ran:
        """Run it to its end; `env` changes the environment, None takes a name out of it."""
        done = subprocess.run(
            self.line(*words),
            cwd=self.checkout,
            env=self.environment(**env),
            capture_output=True,
            timeout=60,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def line(self, *words: object) -> list[str]:
        """Give the command line."""
        return [sys.executable, "-m", "pipelines", *map(str, words)]

    def environment(self, **env: str | None) -> dict[str, str]:
        """Give the environment of this test with some names changed."""
        return {k: v for k, v in {**os.environ, **env}.items() if v is not None}


@pytest.fixture
def cli() -> Command:
    return Command(ROOT)


@pytest.fixture
def cli_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Return what runs `loyalty-etl` in this process, which saves a start of Dagster."""

    def run(*words: object) -> Ran:
        from pipelines.cli import main

        monkeypatch.setattr(sys, "argv", ["loyalty-etl", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def checkout(tmp_path: Path) -> Command:
    """A second checkout whose feeds a test may change, without any .env."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "pipelines", folder / "pipelines")
    for name in ("pyproject.toml", "dagster.yaml"):
        shutil.copy(ROOT / name, folder)
    for room in ("connectors", "validators", "transforms", "delivery", "sandbox", "sample_data"):
        (folder / room).symlink_to(ROOT / room)
    return Command(folder)
