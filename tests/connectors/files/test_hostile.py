"""The hostile corpus: every file ends in rejects or in one line, and in nothing else."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from connectors.files import FileSource, SourceError, read, read_dialect, take_stamp
from connectors.files.source import Limits
from sample_data.hostile import list_hostile, write
from sample_data.hostile_kinds import Hostile, as_gz, good_file, one, options_of
from sample_data.hostile_packed import pack_zip

CORPUS = {case.name: case for case in list_hostile() if not case.large}
# The same fault in the middle of a good file, and packed, is looked at by the slow tests.
AGAIN = {x for x in CORPUS if "-middle." in x or (x[-3:] == ".gz" and x[:-3] in CORPUS)}
NAMES = [pytest.param(x, marks=pytest.mark.slow) if x in AGAIN else x for x in CORPUS]
SECONDS = 20
TABLES = {"xlsx", "parquet"}


@contextmanager
def bounded(seconds: int = SECONDS) -> Iterator[None]:
    """Stop what hangs."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"still reading after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Ended:
    """How reading a file ended: good rows, rejects and the one line of the error."""

    def __init__(self, source: FileSource) -> None:
        self.good: list[int] = []
        self.rejects: dict[int, str] = {}
        self.error: SourceError | None = None
        # Of a table a NUL is a character like others, which the rules of a field reject.
        self.never = r"\x{10FFFD}" if source.format in TABLES else r"[\x{10FFFD}\x00]"
        with bounded():
            try:
                for frame in read(source):
                    self._take(frame)
            except SourceError as error:
                self.error = error

    def _take(self, frame: pl.DataFrame) -> None:
        assert frame.height > 0
        assert frame.schema["_row"] == pl.Int64
        assert set(frame.drop("_row").dtypes) <= {pl.String}
        assert frame["_row"].is_sorted()
        if "_fault" in frame.columns:
            bad = frame.filter(pl.col("_fault").is_not_null())
            self.rejects |= dict(bad.select("_row", "_fault").iter_rows())
            assert bad["_raw"].null_count() == 0
            assert not bad["_raw"].str.contains("\U0010fffd", literal=True).any()
            frame = frame.filter(pl.col("_fault").is_null())
        self.good += frame["_row"].to_list()
        for column in frame.drop("_row", "_fault", "_raw", strict=False):
            assert not column.str.contains(self.never).any(), column.name


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_file_ends_as_it_should(name: str, tmp_path: Path) -> None:
    case = CORPUS[name]
    source = FileSource(write(case, tmp_path), case.format, case.columns, **case.options)
    ended = Ended(source)
    check(case, ended)
    assert {path.name for path in tmp_path.iterdir()} == {case.name}


def check(case: Hostile, ended: Ended) -> None:
    said = str(ended.error or next(iter(ended.rejects.values()), ""))
    if case.end == "error":
        assert ended.error is not None, f"{len(ended.good)} good, {ended.rejects}"[:500]
    elif case.end == "refused":
        assert ended.error is not None or ended.rejects, f"{len(ended.good)} good"
    elif case.end in {"kept", "rejects"}:
        assert ended.error is None, said
        assert bool(ended.rejects) == (case.end == "rejects"), said
    if ended.error is not None:
        assert "\n" not in said
        assert 20 < len(said) < 1000, len(said)
        assert case.name in said
    assert re.search(case.says, said), said
    if ended.rejects and case.at is not None and case.end == "rejects":
        assert min(ended.rejects) == case.at, said
    if case.at is not None and ended.error is not None:
        assert ended.error.row == case.at, said
    if case.good is not None and ended.error is None:
        assert len(ended.good) == case.good


def test_the_corpus_is_large_and_always_the_same() -> None:
    assert len(CORPUS) >= 120
    for name in ("nul-middle.csv.gz", "traversal.csv.zip", "xxe-sheet.xlsx", "page-far.parquet"):
        assert CORPUS[name].make() == CORPUS[name].make()


# --- places --------------------------------------------------------------------------------------


def refused(path: Path, said: str = "", **options: object) -> None:
    with bounded(), pytest.raises(SourceError, match=said or None) as caught:
        list(read(FileSource(path, "csv", ("email",), **options)))
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "gone.csv", "no such file")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    refused(tmp_path / "loop.csv")
    (tmp_path / "broken.csv").symlink_to("nowhere.csv")
    refused(tmp_path / "broken.csv")
    refused(tmp_path / ("n" * 300 + ".csv"))
    refused(tmp_path / "no" / "folder" / "a.csv", "no such")
    refused(tmp_path / "*.csv" / "a")
    refused(tmp_path / "[a.csv")
    refused(Path("/dev/null"))
    refused(Path("/dev/zero"))
    refused(Path("a\0b.csv"))


def test_a_folder_without_files_to_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    refused(tmp_path / "in")
    (tmp_path / "in" / "a.csv").write_bytes(good_file("csv"))
    refused(tmp_path / "in", member="*.txt")
    refused(tmp_path / "in" / "*.txt")
    refused(tmp_path / "in", limits=Limits(file_bytes=10))
    (tmp_path / "in" / "b.csv").write_bytes(good_file("csv"))
    refused(tmp_path / "in", limits=Limits(members=1))


def test_a_folder_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.csv").write_bytes(good_file("csv"))
    (tmp_path / "in" / "deep" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "in" / "passwd.csv").symlink_to("/etc/passwd")
    ended = Ended(FileSource(tmp_path / "in", "csv", ("email",)))
    assert ended.error is not None or len(ended.good) == 300


def test_a_pipe_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    with bounded(5), pytest.raises(SourceError, match="pipe"):
        read_dialect(FileSource(path, "csv", ("email",)))
    (tmp_path / "in").mkdir()
    os.mkfifo(tmp_path / "in" / "pipe.csv")
    refused(tmp_path / "in")
    refused(tmp_path / "in" / "*.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch(mode=0)
    refused(tmp_path / "a.csv", "permission")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["", ".gz", ".zip"])
@pytest.mark.parametrize("form", ["csv", "fixed", "json", "ndjson", "xml"])
def test_a_file_that_changes_while_it_is_read(form: str, suffix: str, tmp_path: Path) -> None:
    data = good_file(form, 60_000)
    made = {"": data, ".gz": as_gz(one("x", form, data, "kept")).make()}.get(suffix)
    path = tmp_path / f"a.{form}{suffix}"
    path.write_bytes(pack_zip([(f"a.{form}", data)]) if made is None else made)
    columns = ("Email",) if form == "xml" else ("email",)
    source = FileSource(path, form, columns, rows_per_chunk=1000, **options_of(form))
    for change in (grow, cut, touch):
        path.write_bytes(path.read_bytes())
        whole = path.read_bytes()
        frames = read(source)
        next(frames)
        change(path)
        with bounded(), pytest.raises(SourceError) as caught:
            list(frames)
        assert "\n" not in str(caught.value)
        path.write_bytes(whole)
    stamp = take_stamp(path)
    frames = read(source, stamp=stamp)
    next(frames)
    path.unlink()
    assert sum(frame.height for frame in frames) == 59_000  # an open file stays


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\n")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def test_a_pipe_that_never_ends_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    stopped = threading.Event()

    def feed() -> None:
        with path.open("wb", buffering=0) as pipe:
            try:
                pipe.write(b"email\n")
                while True:
                    pipe.write(b"x" * (1 << 20))
            except BrokenPipeError:
                stopped.set()

    threading.Thread(target=feed, daemon=True).start()
    refused(path)
    assert stopped.wait(10)
