"""No key and nothing of a person reaches Dagster's memory, a log, the screen or a summary."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

import sandbox
from pipelines.failures import keep_trace
from pipelines.loading import REJECTS
from pipelines.materializing import SILENT, open_instance
from pipelines.runs import Summary, read_summary, run_folder, write_summary
from pipelines.steps import run_step

pytestmark = pytest.mark.slow  # whole runs, together half a minute

KEY = "canary-key-9d1f27"
PHONE, EMAIL, NAME, STREET = "4712999321", "kari.canary", "Canarinius", "Canarygata"
CANARIES = (KEY, PHONE, EMAIL, NAME, STREET)
HEADER = (
    "member_no,first_name,last_name,mobile_phone,email,birth_date,gender,address,zip,city,"
    "country,accepts_terms,accepts_email,accepts_sms"
)
GOOD = (
    f"7,Kari,{NAME},+{PHONE},{EMAIL}@example.no,1990-01-31,Female,{STREET} 1,0553,Oslo,"
    "NO,true,true,true"
)
BAD = {
    "phone": GOOD.replace(f"+{PHONE}", f"{PHONE} {NAME}").replace("7,", "8,", 1),
    "e-mail": GOOD.replace("@", f"@{NAME}@").replace("7,", "9,", 1),
    "date": GOOD.replace("1990-01-31", f"1990-13-31 {EMAIL}").replace("7,", "10,", 1),
    "short": f"11,Kari,{NAME},+{PHONE}",
    "consent": GOOD.replace("true,true,true", f"{EMAIL},true,{NAME}").replace("7,", "12,", 1),
}
PRIVATE = {
    "rejects.csv",
    "unsent.csv",
    "records.arrow",
    "refused.arrow",
    "outcomes.parquet",  # its keys are phones and addresses where nothing else names a member
    "accepted.parquet",
    "plan.json",
}


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes a file of members whose every value is a canary."""

    def write(*rows: str, good: int = 1) -> Path:
        file = tmp_path / "members.csv"
        goods = [GOOD.replace("7,", f"{n},", 1) for n in range(100, 100 + good)]
        file.write_text("\n".join([HEADER, *goods, *rows]) + "\n")
        return file

    return write


def leaks(root: Path, *texts: str) -> list[tuple[str, str]]:
    """Find canaries in every byte below a folder, and in texts."""
    found = [("text", c) for c in CANARIES for text in texts if c in text]
    for file in root.rglob("*"):
        if file.is_file() and file.name not in PRIVATE:
            held = file.read_bytes()
            found += [(str(file), canary) for canary in CANARIES if canary.encode() in held]
    return found


def assert_private(state: Path) -> None:
    for name in (*PRIVATE, "error.log", "summary.json"):
        for file in state.rglob(name):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    for run in state.glob("runs/*/*"):
        assert stat.S_IMODE(run.stat().st_mode) == 0o700


@pytest.fixture
def lenient(write_feed: Callable[..., Path]) -> Path:
    change = ("  mapping:", "  rejects: {max_percent: 90}\n  mapping:")
    return write_feed("lenient", change, like="members_csv")


@pytest.mark.parametrize(
    "outcome", ["some rejects", "too many", "wrong key", "refused", "no server"]
)
def test_no_canary_is_seen(
    outcome: str, source, lenient: Path, *, cli_here, state: Path, tmp_path: Path, monkeypatch
) -> None:  # fmt: skip
    feed = "members_csv" if outcome == "too many" else lenient
    envelope = "people" if outcome == "refused" else None
    with sandbox.running(tmp_path / "api", api_key=KEY, import_envelope=envelope) as api:
        monkeypatch.setenv("TRIGG_API_KEY", KEY + ("x" if outcome == "wrong key" else ""))
        if outcome != "no server":
            monkeypatch.setenv("TRIGG_BASE_URL", api.base_url)
        ran = cli_here("run", feed, "--source", source(*BAD.values()), "--json")
    codes = {"some rejects": 4, "too many": 3, "wrong key": 1, "refused": 4, "no server": 2}
    assert ran.code == codes[outcome], ran.err
    assert leaks(state, ran.out, ran.err) == []
    listed = cli_here("runs", "list"), cli_here("runs", "show", ran.json()["run_id"])
    assert leaks(state, *(x.out for x in listed)) == []
    assert_private(state)
    folder = Path(ran.json()["folder"])
    assert NAME in (folder / REJECTS).read_text()
    assert (folder / "records.arrow").exists() == (outcome == "wrong key")  # to go on with
    assert list(state.rglob("ledger.sqlite*")) or outcome == "too many"


@pytest.mark.parametrize("cut", ["field", "quote", "byte"])
def test_a_broken_source_is_not_quoted(cut: str, source, cli_here, api, state: Path) -> None:
    file = source(*BAD.values(), good=50)
    tail = {"field": f'130,"{NAME}', "quote": f'131,"{NAME}"{EMAIL}",', "byte": f"{NAME}\udcff"}
    with file.open("a", errors="surrogateescape") as end:
        end.write(f"{tail[cut]}\n{GOOD}\n")
    ran = cli_here("run", "members_csv", "--source", file)
    assert ran.code in {3, 4}
    assert leaks(state, ran.out, ran.err) == []
    assert_private(state)
    assert (api.facts()["customers"] > 0) == (ran.code == 4)


class RowError(Exception):
    """An error of a library that quotes what it met."""


def run_failing(error: BaseException, state: Path) -> Summary:
    """Run a Dagster job whose one step raises an error, by way of run_step."""

    @dg.op
    def failing(context: dg.OpExecutionContext) -> None:
        begun = write_summary(Summary(context.run_id, "members_csv", "load", started="now"))

        def step() -> None:
            try:
                int(f"+{PHONE} {EMAIL}")
            except ValueError as cause:
                raise error from cause

        run_step(begun, step)

    @dg.job(executor_def=dg.in_process_executor)
    def job() -> None:
        failing()

    with open_instance() as instance:
        result = job.execute_in_process(
            instance=instance, raise_on_error=False, run_config={"loggers": SILENT}
        )
        log = "\n".join(map(str, instance.all_logs(result.run_id)))
    assert not result.success
    assert leaks(state / "dagster", log) == []
    summary = read_summary(result.run_id, "members_csv")
    assert summary is not None
    assert summary.error in log
    return summary


@pytest.mark.parametrize("kind", [RowError, pl.exceptions.PanicException])
def test_an_unexpected_error_reaches_error_log_only(kind: type[BaseException], state: Path) -> None:
    summary = run_failing(kind(f"cannot parse {NAME}, {EMAIL}, {KEY}"), state)
    log = run_folder(summary.run_id, "members_csv") / "error.log"
    told = f"unexpected {kind.__name__}, a fault of the toolkit: the trace is in {log}"
    assert summary.error == told
    assert (summary.state, summary.exit_code) == ("failed", 3)
    assert all(canary in log.read_text() for canary in (NAME, EMAIL, KEY, PHONE))
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert [file for file, _ in leaks(state) if file != str(log)] == []


def test_an_error_of_the_system_is_told_by_its_file(state: Path) -> None:
    summary = run_failing(OSError(28, os.strerror(28), "/data/x.parquet"), state)
    assert summary.error == "/data/x.parquet: No space left on device"


def test_a_trace_without_a_place_is_not_kept() -> None:
    line = keep_trace(RowError(NAME), Path("/dev/null/state"))
    assert line == (
        "unexpected RowError, a fault of the toolkit:"
        " no trace was kept (/dev/null/state/error.log: Not a directory)"
    )
