"""A ledger that fails says so in one line, and nothing half done stays."""

import shutil
import signal
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest

from delivery.ledger import LedgerBroken, LedgerError, State, open_ledger, tables
from delivery.ledger.mounts import remote_kind

PASSWORD = "hunter2-9b1f"


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


def refusal(url: str, kind: type[LedgerError] = LedgerBroken) -> str:
    """Give the one line with which a ledger refuses to open."""
    with pytest.raises(LedgerError) as caught:
        open_ledger(url)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert PASSWORD not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_only_its_owner_may_read_it(sqlite_url, path, make):
    with open_ledger(sqlite_url) as ledger, ledger.hold("receipts"):
        ledger.begin(make.load())
        ledger.write([make.entry(1, {})])
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        files = sorted(path.parent.iterdir())
        assert [x.name.removeprefix(path.name) for x in files] == [
            *("", "-shm", "-wal", ".mark", ".receipts.lock"),
        ]
        assert {stat.S_IMODE(x.stat().st_mode) for x in files} == {0o600}


def test_a_network_file_system_is_told(tmp_path):
    mounts = (
        "/dev/vda / ext4 rw 0 0\n"
        "server:/a /mnt/a nfs4 rw 0 0\n"
        "//server/b /mnt/with\\040space cifs rw 0 0\n"
        "map /home autofs rw 0 0\n"
        "server:/h /home nfs rw 0 0\n"
        "/dev/vdb /mnt/a/local xfs rw 0 0\n"
        "me@host: /mnt/ssh fuse.sshfs rw 0 0\n"
        "disk /mnt/ntfs fuseblk rw 0 0\n"
    )
    kinds = {
        "/mnt/a/b": "nfs4",
        "/mnt/a": "nfs4",
        "/mnt/ab": None,
        "/mnt/with space/x": "cifs",
        "/home/me": "nfs",
        "/mnt/a/local/x": None,
        "/mnt/ssh": "fuse.sshfs",
        "/mnt/ntfs": None,
        "/": None,
    }
    assert {folder: remote_kind(Path(folder), mounts) for folder in kinds} == kinds
    assert remote_kind(tmp_path) is None


def test_a_ledger_on_a_network_file_system_is_refused(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/x {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr("delivery.ledger.mounts.MOUNTS", mounts)
    said = refusal(f"sqlite:///{tmp_path}/l/ledger.sqlite")
    assert "lies on a network file system (nfs4)" in said


@pytest.fixture
def used(sqlite_url: str, make) -> str:
    """The address of a ledger with a load that is still open, as a killed process leaves it."""
    with open_ledger(sqlite_url) as ledger:
        ledger.begin(make.load())
        ledger.begin(make.load("load-2"))
        records = {str(i): "" for i in range(2000)}
        ledger.write([make.entry(i, records, state=State.ACCEPTED) for i in range(9)])
        ledger.fold("receipts")
        ledger.write([make.entry(9, records, state=State.PLANNED)])
    return sqlite_url


def test_damage_is_seen_before_anything_is_sent(used, path):
    whole = path.read_bytes()
    assert len(whole) > 300_000
    seen = 0
    for page in range(0, len(whole), 4096):
        path.write_bytes(whole[:page] + b"\x5a" * 4096 + whole[page + 4096 :])
        try:
            open_ledger(used).disconnect()  # a page of hashes, or one that is free
        except LedgerBroken as error:
            assert "is damaged, and nothing may be sent" in str(error)  # noqa: PT017 (or none)
            seen += 1
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    assert seen > 30


@pytest.mark.parametrize("kept", [100, 4096, 60_000, -5000, -4096])
def test_a_cut_file_is_damaged(used, path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    assert "is damaged" in refusal(used)


def test_another_file_is_no_ledger(used, path):
    path.write_text("id,name\n" * 1000)
    assert "is damaged" in refusal(used)


@pytest.mark.parametrize("how", ["deleted", "emptied", "put back"])
def test_an_older_ledger_is_told(sqlite_url, path, make, how):
    with open_ledger(sqlite_url) as ledger:
        ledger.begin(make.load())
    shutil.copy(path, path.with_name("copy"))
    with open_ledger(sqlite_url) as ledger:
        ledger.write([make.entry(1, {"a": "1"})])
    match how:
        case "deleted":
            path.unlink()
        case "emptied":
            path.write_bytes(b"")
        case _:
            shutil.copy(path.with_name("copy"), path)
    said = refusal(sqlite_url)
    assert "is older than it was" in said
    assert "delete ledger.sqlite.mark" in said
    path.with_name(path.name + ".mark").unlink()
    with open_ledger(sqlite_url) as ledger:
        assert ledger.loads_begun == (how == "put back")


WRITE_AND_DIE = """
from dataclasses import replace
import signal
with open_ledger(sys.argv[1]) as ledger:
    ledger.begin(Load("load-1", "receipts", "receipts", "/runs/1", "2026"))
    batch = Entry("load-1", 1, None, State.SENDING, bytes(4), bytes(16), bytes(16), bytes(16))
    ledger.write([batch])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_deleted_wal_is_seen_after_a_crash(sqlite_url, path, python):
    killed = python(WRITE_AND_DIE, sqlite_url)
    assert killed.wait() == -signal.SIGKILL
    wal = path.with_name(path.name + "-wal")
    assert wal.stat().st_size
    wal.unlink()
    assert "its -wal file deleted" in refusal(sqlite_url)


@pytest.mark.parametrize("ending", ["", "-wal"])
def test_a_file_deleted_while_in_use_stops_the_load(sqlite_url, path, make, ending):
    with open_ledger(sqlite_url) as ledger:
        ledger.begin(make.load())
        path.with_name(path.name + ending).unlink()
        for _ in range(2):
            with pytest.raises(LedgerBroken, match="was deleted or replaced while in use"):
                ledger.write([make.entry(1, {})])


def test_a_newer_ledger_is_left_alone(url):
    open_ledger(url).disconnect()
    with open_ledger(url) as ledger, ledger._store.writing() as connection:
        connection.execute(tables.meta.update().values(version=tables.VERSION + 1))
    assert "was made by a newer version of loyalty-etl" in refusal(url)


def test_an_older_one_is_brought_up_to_date_and_copied_before(url, make, monkeypatch):
    with open_ledger(url) as ledger:
        ledger.begin(make.load())
    monkeypatch.setattr("delivery.ledger.opening.VERSION", tables.VERSION + 1)
    broken = {tables.VERSION: ("ALTER TABLE ledger_loads ADD COLUMN note TEXT", "CREATE WORLD")}
    monkeypatch.setattr("delivery.ledger.opening.UPGRADES", broken)
    refusal(url, LedgerError)
    steps = {tables.VERSION: ("ALTER TABLE ledger_loads ADD COLUMN note TEXT",)}
    monkeypatch.setattr("delivery.ledger.opening.UPGRADES", steps)
    for _ in range(2):
        with open_ledger(url) as ledger:
            assert ledger.find_load("load-1") == make.load()
    monkeypatch.undo()
    refusal(url)
    if url.startswith("sqlite"):
        copy = Path(url.removeprefix("sqlite:///") + f".v{tables.VERSION}")
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        with sqlite3.connect(copy) as old:
            assert old.execute("SELECT id FROM ledger_loads").fetchall() == [("load-1",)]
        old.close()


def test_a_full_disk_stops_the_load_and_leaves_what_was_written(sqlite_url, make, python):
    code = """
    import resource, signal
    from dataclasses import replace
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open_ledger(sys.argv[1]) as ledger:
        ledger.begin(Load("load-1", "receipts", "receipts", "/runs/1", "2026"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
        one = Entry("load-1", 0, None, State.SENDING, bytes(4000), bytes(16000), bytes(16000), b"")
        for number in range(1000):
            try:
                ledger.write([replace(one, number=number)])
            except LedgerBroken as error:
                print(number, error, flush=True)
                break
        try:
            ledger.loads()
        except LedgerBroken:
            print("refused", flush=True)
    """
    process = python(code, sqlite_url)
    out, err = process.communicate(timeout=30)
    assert err == ""
    first, second = out.splitlines()
    assert second == "refused"
    number, _, said = first.partition(" ")
    assert said.startswith("ledger /")
    assert "space" in said
    with open_ledger(sqlite_url) as ledger:
        assert [entry.number for entry in ledger.entries("load-1")] == [*range(int(number))]
        ledger.write([make.entry(int(number), {})])


def test_a_full_database_says_so(sqlite_url, make):
    with open_ledger(sqlite_url) as ledger:
        ledger.begin(make.load())
        ledger._store.connection.exec_driver_sql("PRAGMA max_page_count=60")
        records = {str(i): "" for i in range(9000)}
        with pytest.raises(LedgerBroken, match="the disk is full: make room, then resume"):
            ledger.write([make.entry(1, records)])
    with open_ledger(sqlite_url) as ledger:
        assert ledger.entries("load-1") == []


def test_a_folder_that_may_not_be_written(sqlite_url, path, python):
    open_ledger(sqlite_url).disconnect()
    code = """
    open_ledger("sqlite:///" + sys.argv[1] + "/other/ledger.sqlite").disconnect()  # all imported
    if not os.getuid():
        os.setuid(65534)  # root may write everywhere
    os.chdir("/")
    for url in sys.argv[2:]:
        try:
            open_ledger(url)
        except LedgerBroken as error:
            print(error, flush=True)
    """
    top = path.parent.parent
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder)
        own.chmod(0o755)
        shutil.copytree(path.parent, own / "ledger")
        (own / "ledger").chmod(0o555)
        (own / "ledger" / path.name).chmod(0o444)
        urls = [f"sqlite:///{own}/ledger/{path.name}", f"sqlite:///{own}/ledger/new/l.sqlite"]
        out, err = python(code, str(top), *urls).communicate(timeout=30)
        (own / "ledger").chmod(0o755)
    assert err == ""
    there, new = out.splitlines()
    assert "it cannot be written: check owner and mode of file and folder" in there
    assert "cannot be used (Permission denied): check space, owner and mode" in new


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    said = refusal(f"sqlite:///{tmp_path}/file/ledger.sqlite")
    assert "cannot be used (File exists)" in said or "Not a directory" in said
