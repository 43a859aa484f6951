"""Ctrl-C and SIGTERM: the answers in flight are waited for, noted, then one line and the end."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

import sandbox
from delivery.policy import Policy

PATIENCE = 0.5
"""Seconds the platform takes for an answer."""
SLOW = {"fault": "hang", "path": "/transactions", "stored": "all"}


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable]:
    """Return what starts a sandbox that takes so many seconds for an answer."""
    with ExitStack() as stack:

        def start(seconds: float = PATIENCE):
            faults = {"rules": [{**SLOW, "seconds": seconds}]}
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


def wait_for(api, posts: int) -> None:
    until = time.monotonic() + 150
    while time.monotonic() < until:
        facts = httpx.get(api.facts_url, trust_env=False).json()
        if facts["seen"].get("POST /transactions", 0) >= posts:
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
