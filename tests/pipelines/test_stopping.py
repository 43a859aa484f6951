"""Ctrl-C and SIGTERM: the answers in flight are waited for, noted, then one line and the end."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import sandbox
from delivery.policy import Policy
from pipelines.materializing import open_instance

PATIENCE = 0.5
"""Seconds the platform takes for an answer."""
SLOW = {"fault": "hang", "stored": "all"}


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable]:
    """Return what starts a sandbox that takes so many seconds for an answer."""
    with ExitStack() as stack:

        def start(seconds: float = PATIENCE, path: str = "/transactions"):
            faults = {"rules": [{**SLOW, "path": path, "seconds": seconds}]}
            api = stack.enter_context(sandbox.running(tmp_path / "api", faults=faults))
            monkeypatch.setenv("TRIGG_BASE_URL", api.base_url)
            monkeypatch.setenv("TRIGG_API_KEY", api.api_key)
            return api

        yield start


@pytest.fixture
def begin(cli, write_feed) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Return what starts a load of one receipt a request, two at a time, as a process."""
    begun: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        few = ("max_receipts: 400", "max_receipts: 1\n    in_flight: 2")
        process = subprocess.Popen(
            cli.line("run", write_feed("slow", few)),
            cwd=cli.checkout,
            env=cli.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def wait_for(api, posts: int, method: str = "POST /transactions") -> None:
    until = time.monotonic() + 150
    while time.monotonic() < until:
        facts = httpx.get(api.facts_url, trust_env=False).json()
        if facts["seen"].get(method, 0) >= posts:
            return
        time.sleep(0.05)
    raise AssertionError("no load was begun")


def read_receipts(api, times: int = 1) -> list[str]:
    answer = httpx.get(api.receipts_url, params={"times": times}, trust_env=False)
    return answer.text.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_says_so_and_goes_on_later(
    kind: signal.Signals, serve, begin, *, run, write_feed, state: Path
) -> None:
    api = serve()
    process = begin()
    wait_for(api, 4)
    process.send_signal(kind)
    started = time.monotonic()
    _, err = process.communicate(timeout=20)
    assert time.monotonic() - started < 10
    assert process.returncode == 2, err
    (summary,) = Path(state).glob("runs/*/slow/summary.json")
    told = json.loads(summary.read_text())
    accepted = told["accepted_records"]
    assert (told["state"], told["records"], told["resumable"]) == ("failed", 89, True)
    assert told["in_doubt_records"] == 0
    assert (accepted, told["unsent_records"]) == (len(read_receipts(api)), 89 - accepted)
    assert 2 <= accepted < 20
    assert told["finished"]
    assert told["error"] == (
        f"told to stop; {accepted} of 89 records are accepted, {89 - accepted} unsent;"
        f" go on with: loyalty-etl resume --run {told['run_id']}"
    )
    first, second = err.splitlines()
    assert first == f"into  {api.base_url.removeprefix('http://')} (sandbox)"
    assert second == f"loyalty-etl: {told['error']} [stopped]"
    httpx.delete(api.faults_url, trust_env=False)
    again = run(write_feed("slow"))
    assert (again.exit_code, again.unchanged_records) == (0, 89)
    assert (len(read_receipts(api)), read_receipts(api, 2)) == (89, [])


@pytest.mark.slow
def test_who_insists_is_not_waited_for(serve, begin, run, write_feed, state: Path) -> None:
    api = serve(30)
    process = begin()
    wait_for(api, 2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, err = process.communicate(timeout=20)
    assert time.monotonic() - started < Policy().drain
    assert process.returncode == 2, err
    (summary,) = Path(state).glob("runs/*/slow/summary.json")
    assert json.loads(summary.read_text())["resumable"]
    httpx.delete(api.faults_url, trust_env=False)
    quick = ("  mapping:", "  delivery: {settle: 0}\n  mapping:")
    assert run(write_feed("slow", quick)).exit_code == 0
    assert (len(read_receipts(api)), read_receipts(api, 2)) == (89, [])


FEED = """
type: pipelines.components.LoadFeedComponent
attributes:
  source: {path: "in/NAME_*.csv"}
  target: {endpoint: POST /import, max_members: 1, in_flight: 1}
  mapping: {externalId: no, mobilePhone: phone}
  delivery: {settle: 0}
"""
DATED = '{path: "in/NAME_{date}.csv"}\n  partitions: {by: day, start: "2026-01-01"}'
INBOX = '{path: in/NAME.csv}\n  inbox: {folder: in, pattern: "NAME_*.csv", stable_seconds: 0}'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "source"), [("nightly", DATED), ("inbox", INBOX)], ids=["nightly", "inbox"]
)
def test_what_does_several_runs_begins_no_other_one(
    command: str, source: str, serve, checkout, state: Path
) -> None:
    """Two feeds, two files each: stopped in the first of four runs, that one is cancelled."""
    api = serve(path="/import")
    folder = checkout.checkout
    shutil.rmtree(folder / "pipelines" / "defs")
    (folder / "in").mkdir()
    today = datetime.now(UTC).date()
    for name in ("first", "second"):
        feed = folder / "pipelines" / "defs" / name / "defs.yaml"
        feed.parent.mkdir(parents=True)
        text = FEED.replace('{path: "in/NAME_*.csv"}', source)
        begin = (today - timedelta(days=2)).isoformat()
        feed.write_text(text.replace("NAME", name).replace("2026-01-01", begin))
        for day in (1, 2):
            rows = [f"{name}{day}-{n},+479{day}{ord(name[0])}{n:03}" for n in range(40)]
            file = folder / "in" / f"{name}_{today - timedelta(days=day)}.csv"
            file.write_text("\n".join(["no,phone", *rows, ""]))
    with subprocess.Popen(
        checkout.line(command),
        cwd=folder,
        env=checkout.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(api, 3, "POST /import")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2, out + err
    assert "Traceback" not in err
    begun = [json.loads(x.read_text()) for x in Path(state).glob("runs/*/*/summary.json")]
    (told,) = (each for each in begun if each["state"] != "prepared")
    assert told["error"].startswith("told to stop; ")
    assert told["resumable"]
    assert {each["run_id"] for each in begun} == {told["run_id"]}
    with open_instance() as instance:
        (run,) = instance.get_runs()
    assert (run.run_id, run.status.value) == (told["run_id"], "CANCELED")
    if command == "nightly":
        assert err == "loyalty-etl: second: nothing was sent: told to stop\n"
