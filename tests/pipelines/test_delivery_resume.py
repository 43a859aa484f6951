"""Broken off at any moment: what was sent is known, and the next run goes on from there."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.feeds import find_feed
from pipelines.loading import prepare
from pipelines.runs import list_summaries

POST = {"method": "POST", "path": "/transactions"}
SLOW = {**POST, "fault": "hang", "stored": "all"}


def once(numbers):
    return {f"R{n}": 1 for n in numbers}


@pytest.fixture
def begin(cli) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return what starts `loyalty-etl` with these words, as a process of its own."""
    begun: list[subprocess.Popen[str]] = []

    def start(*words: object, **env: str) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        line, env = cli.line(*words), cli.environment(**env)
        begun.append(subprocess.Popen(line, cwd=cli.checkout, env=env, **pipes))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen[str], what: Callable[[], bool], seconds: float = 40) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.05)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of this size."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", folder]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


@pytest.fixture
def on(monkeypatch) -> Callable[[Path], Path]:
    """Return what puts the ledger on a disk; gives the file."""

    def put(folder: Path) -> Path:
        file = folder / "ledger" / "ledger.sqlite"
        monkeypatch.setenv("LOYALTY_ETL_LEDGER", f"sqlite:///{file}")
        return file

    return put


@pytest.mark.slow
@pytest.mark.parametrize("how", ["run", "resume"])
@pytest.mark.parametrize("fault", ["hang", "drop_after"])
def test_a_killed_load_goes_on(how, fault, shop, begin):
    """Killed while requests are in flight, and again while it goes on."""
    platform = shop.serve({**SLOW, "seconds": 0.2})
    feed, source = shop.feed(target={"max_receipts": 4}), shop.write(range(200))
    for posts in (6, 14):
        process = begin("run", feed, "--source", source)
        wait_for(process, lambda posts=posts: platform.seen() >= posts)
        process.send_signal(signal.SIGKILL)
        process.wait()
    platform.fail(*([] if fault == "hang" else [{**POST, "fault": fault, "every": 5}]))
    newest, oldest = list_summaries()
    if how == "resume":
        done = shop.resume(feed, oldest.run_id)
        assert (done.run_id, done.exit_code) == (oldest.run_id, 0)
        assert done.accepted_records == 200
        shop.outcomes(done)
    done = shop.run(feed, source)
    assert (done.exit_code, done.unchanged_records) == (0, 200)
    assert platform.held() == once(range(200))
    assert newest.accepted_records == 0  # it went on with the oldest, and did not get to its own


@pytest.mark.slow
def test_a_killed_load_goes_on_from_its_own_records(shop, begin):
    """Its source may be another one by then, or gone."""
    platform = shop.serve({**SLOW, "seconds": 0.2})
    feed, source = shop.feed(target={"max_receipts": 4}), shop.write(range(100))
    process = begin("run", feed)
    wait_for(process, lambda: platform.seen() >= 6)
    process.kill()
    process.wait()
    platform.fail()
    source.unlink()
    (summary,) = list_summaries()
    done = shop.resume(feed, summary.run_id)
    assert (done.exit_code, done.accepted_records) == (0, 100)
    assert platform.held() == once(range(100))


@pytest.mark.slow
def test_a_load_told_to_stop_notes_what_does_not_answer_in_time(shop, begin):
    platform = shop.serve({**SLOW, "seconds": 60, "after": 3})
    feed, source = shop.feed(target={"max_receipts": 4}), shop.write(range(40))
    process = begin("run", feed, "--source", source)
    wait_for(process, lambda: platform.seen() >= 5)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 10
    told = list_summaries()[0]
    assert (told.accepted_records, told.resumable) == (12, True), err
    assert 1 <= told.in_doubt_records // 4 <= 4
    assert told.accounted_for
    assert process.returncode == 5
    platform.fail()
    done = shop.run(feed, source)
    assert (done.exit_code, done.unchanged_records) == (0, 40)
    assert platform.held() == once(range(40))


@pytest.mark.slow
def test_a_feed_is_loaded_by_one_at_a_time(shop, begin):
    platform = shop.serve({**SLOW, "seconds": 0.3})
    feed, source = shop.feed(target={"max_receipts": 2}), shop.write(range(100))
    first = begin("run", feed, "--source", source)
    wait_for(first, lambda: platform.seen() >= 2)
    second = shop.run(feed, source)
    assert (second.state, second.exit_code) == ("failed", 2)
    assert f"is held by process {first.pid}" in second.error
    assert "\n" not in second.error
    assert (second.accepted_records, second.resumable) == (0, False)
    other = shop.feed("other_till", source={"path": str(shop.write([500], name="other.csv"))})
    waiting = begin("run", other)
    time.sleep(3)
    assert waiting.poll() is None
    platform.fail()
    assert (first.wait(30), waiting.wait(30)) == (0, 0)
    assert platform.held() == once([*range(100), 500])


@pytest.mark.slow
def test_a_full_disk_stops_before_anything_unrecorded_is_sent(shop, on, tmp_path):
    platform = shop.serve()
    feed = shop.feed(target={"max_receipts": 2, "in_flight": 2})
    source = shop.write(range(3000), lines=1)
    with small_disk(tmp_path / "disk", "400k") as disk:
        on(disk)
        summary = shop.run(feed, source)
        assert (summary.state, summary.exit_code) == ("failed", 3)
        assert "the disk is full: make room, then resume" in summary.error
        assert "\n" not in summary.error
        assert summary.resumable
        assert f"loyalty-etl resume --run {summary.run_id}" in summary.error
        sent = platform.held()
        assert 0 < len(sent) < 3000
        remount(disk, "size=50m")
        done = shop.resume(feed, summary.run_id)
        assert (done.exit_code, done.accepted_records) == (0, 3000)
        shop.outcomes(done)
        assert platform.held() == once(range(3000))


def test_a_disk_that_is_full_from_the_start_sends_nothing(shop, on, tmp_path):
    platform, feed = shop.serve(), shop.feed()
    with small_disk(tmp_path / "disk", "16k") as disk:
        on(disk)
        (disk / "rest").write_bytes(bytes(8192))
        summary = shop.run(feed, shop.write(range(20)))
        assert (summary.exit_code, platform.seen()) == (3, 0)
        assert str(disk) in summary.error
        assert "space" in summary.error or "full" in summary.error
        assert "error.log" not in summary.error


def test_a_ledger_that_cannot_be_written_sends_nothing(shop, on, tmp_path):
    platform, feed = shop.serve(), shop.feed()
    with small_disk(tmp_path / "disk", "10m") as disk:
        file = on(disk)
        assert shop.run(feed, shop.write(range(20))).exit_code == 0
        remount(disk, "ro")
        summary = shop.run(feed, shop.write(range(40)))
    assert (summary.exit_code, platform.seen()) == (3, 2)
    assert summary.error.startswith(f"ledger {file} ")
    assert "check" in summary.error
    assert "error.log" not in summary.error


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["text", "bytes", "deleted", "older", "folder"])
def test_a_ledger_that_cannot_be_trusted_sends_nothing(harm, shop, on, tmp_path):
    platform, feed = shop.serve(), shop.feed()
    file = on(tmp_path)
    older = tmp_path / "older"
    assert shop.run(feed, shop.write(range(10))).exit_code == 0
    older.write_bytes(file.read_bytes())
    assert shop.run(feed, shop.write(range(20))).exit_code == 0
    whole = file.read_bytes()
    match harm:
        case "text":
            file.write_text("no database at all")
        case "bytes":
            middle = len(whole) // 2
            file.write_bytes(whole[:middle] + os.urandom(8192) + whole[middle + 8192 :])
        case "deleted":
            file.unlink()
        case "older":
            file.write_bytes(older.read_bytes())
        case "folder":
            file.unlink()
            file.mkdir()
    summary = shop.run(feed, shop.write(range(30)))
    assert (summary.state, summary.exit_code) == ("failed", 3)
    assert summary.error.startswith(f"ledger {file} ")
    assert "\n" not in summary.error
    assert "error.log" not in summary.error
    assert platform.seen() == 2
    if harm != "folder":
        file.write_bytes(whole)  # its newest copy, put back
        assert shop.run(feed, shop.write(range(30))).accepted_records == 10
        assert platform.held() == once(range(30))


@pytest.mark.slow
def test_records_that_were_lost_are_told(shop):
    platform, feed = shop.serve({**POST, "fault": "unauthorized", "after": 1}), shop.feed()
    summary = shop.run(feed, shop.write(range(40)))
    platform.fail()
    records = Path(summary.folder) / "records.arrow"
    whole = records.read_bytes()
    records.unlink()
    lost = shop.resume(feed, summary.run_id)
    assert lost.state == "failed"
    assert "lost its records" in lost.error
    again = shop.run(feed, shop.write(range(40)))
    assert again.state == "failed"
    assert "lost its records" in again.error
    records.write_bytes(whole)
    assert shop.resume(feed, summary.run_id).exit_code == 0
    assert platform.held() == once(range(40))


@pytest.mark.slow
def test_other_records_in_the_place_of_those_that_were_sent_are_not_sent(shop):
    platform, feed = (
        shop.serve({**POST, "fault": "drop_before", "first": 1}),
        shop.feed(delivery={"in_doubt": "hold"}),
    )
    summary = shop.run(feed, shop.write(range(40)))
    assert summary.in_doubt_records == 10
    other = shop.run(shop.feed("other_till"), shop.write(range(100, 140)))
    held = shop.feed()  # now it may ask, and send again
    assert other.exit_code == 0
    dry = shop.folder / "dry"
    dry.mkdir()
    prepare(find_feed(str(held))[1], shop.write(range(200, 240)), dry)
    records = Path(summary.folder) / "records.arrow"
    whole = records.read_bytes()
    records.write_bytes((dry / "records.arrow").read_bytes())
    wrong = shop.resume(held, summary.run_id)
    assert (wrong.state, wrong.exit_code) == ("failed", 5)
    assert "these are not the records that were sent" in wrong.error
    assert not {f"R{n}" for n in range(200, 240)} & {*platform.held()}
    records.write_bytes(whole)
    done = shop.resume(held, summary.run_id)
    assert (done.exit_code, done.accepted_records) == (0, 40)
    assert platform.held() == once([*range(40), *range(100, 140)])
    assert json.loads((Path(done.folder) / "summary.json").read_text())["state"] == "finished"
