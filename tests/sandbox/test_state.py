"""What was answered with 200 is there after a restart, a kill, and a crowd."""

import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import sandbox
from sandbox.state import State, StateError

ROOT = Path(__file__).parents[2]
SERVE = """
import sys, pathlib, sandbox
sandbox.serve(pathlib.Path(sys.argv[1]), port=int(sys.argv[2]), api_key="k",
              on_ready=lambda url: print(url, flush=True))
print("stopped", flush=True)
"""


@pytest.fixture
def spawn():
    """Return what starts a sandbox as a process of its own."""
    started = []

    def run(data, port=0):
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(data), str(port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_state_survives_a_restart(start, example, make_receipt):
    with start() as api:
        api.post("transactions", {"ReceiptRequests": [make_receipt("A", lines=3)]})
        api.post("customers", example("customer_create.request"))
        before = api.stored()
        reports = [api.get(f"reports/{name}").text for name in ("customers", "transactions")]
    with start() as api:
        assert api.stored() == before
        assert [api.get(f"reports/{n}").text for n in ("customers", "transactions")] == reports
        api.post("transactions", {"ReceiptRequests": [make_receipt("B", lines=2)]})
        rows = api.get("reports/transactions").json()["data"]
        assert [row["receiptId"] for row in rows] == ["A"] * 3 + ["B"] * 2
        assert (api.facts()["gross"], api.facts()["requests"]) == ("50", 2)


def test_state_survives_kill_9(spawn, tmp_path, make_receipt):
    process, url = spawn(tmp_path)
    with httpx.Client(headers={"x-api-key": "k"}) as http:
        answered = threading.Event()
        taken = []

        def post_until_it_dies():
            for number in range(10_000):
                body = {"ReceiptRequests": [make_receipt(f"{number}-{k}") for k in range(20)]}
                try:
                    answer = http.post(f"{url}/transactions", json=body)
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    taken.append(number)
                if len(taken) == 5:
                    answered.set()

        poster = threading.Thread(target=post_until_it_dies)
        poster.start()
        assert answered.wait(30)
        process.send_signal(signal.SIGKILL)
        process.wait()
        poster.join()
    with sandbox.running(tmp_path) as running, httpx.Client() as http:
        facts = http.get(running.facts_url).json()
    # The last request may have been stored without its answer having come back.
    assert facts["requests"] in (len(taken), len(taken) + 1)
    assert facts["receipts"] == facts["lines"] == facts["requests"] * 20
    assert facts["gross"] == str(facts["lines"] * 10)


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_serve_returns_on_a_signal(spawn, tmp_path, kind):
    process, url = spawn(tmp_path)
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/v4")
    assert httpx.get(f"{url}/health/ping").status_code == 200
    process.send_signal(kind)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "stopped\n", "")
    assert not (tmp_path / "sandbox.sqlite-wal").exists()


def test_a_taken_port_is_one_clear_error(spawn, tmp_path):
    _, url = spawn(tmp_path / "one")
    port = int(url.removesuffix("/v4").rpartition(":")[2])
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1 port {port}: "):
        sandbox.serve(tmp_path / "two", port=port)


def test_concurrent_posts_are_all_stored_once(api, make_receipt):
    def post(number):
        receipts = [make_receipt(f"{number}-{k}", lines=3) for k in range(10)]
        api.post("transactions", {"ReceiptRequests": receipts}).raise_for_status()
        api.post("import", {"members": [{"externalId": f"E{number}"}]}).raise_for_status()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(post, range(40)))
    facts = api.facts()
    assert (facts["requests"], facts["imports"], facts["customers"]) == (40, 40, 40)
    assert (facts["receipts"], facts["lines"], facts["gross"]) == (400, 1200, "12000")
    rows = api.get("reports/transactions", rowsPage=10_000).json()["data"]
    assert len({(row["receiptId"], row["lineNo"]) for row in rows}) == len(rows) == 1200
    # Each request stands together, its receipts in the order in which they were sent.
    for first in range(0, 1200, 30):
        number = rows[first]["receiptId"].split("-")[0]
        found = [row["receiptId"] for row in rows[first : first + 30 : 3]]
        assert found == [f"{number}-{k}" for k in range(10)]


def test_one_customer_wins_when_many_create_the_same(api, example):
    body = example("customer_create.request")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.post("customers", body).status_code, range(16)))
    assert sorted(answers) == [201] + [409] * 15


def test_a_report_read_while_posting_is_never_torn(api, make_receipt):
    stop = threading.Event()

    def read():
        while not stop.is_set():
            body = api.get("reports/transactions", rowsPage=10_000).json()
            assert len(body["data"]) == body["metaData"]["totalRecords"]
            assert len(body["data"]) % 5 == 0

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        for number in range(30):
            api.post("transactions", {"ReceiptRequests": [make_receipt(str(number), lines=5)]})
        stop.set()
        reader.result()


def test_files_are_for_the_owner_alone(start, tmp_path, make_receipt):
    with start() as api:
        api.post("transactions", {"ReceiptRequests": [make_receipt()]})
        data = tmp_path / "data"
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in data.iterdir()}
    assert set(modes) >= {"sandbox.sqlite", "sandbox.sqlite-wal"}
    assert set(modes.values()) == {0o600}


def test_a_directory_in_use_is_refused(start, tmp_path):
    with start(), pytest.raises(StateError, match="another sandbox is using"):
        State(tmp_path / "data")
    State(tmp_path / "data").close()


def test_a_foreign_file_is_refused(tmp_path):
    (tmp_path / "sandbox.sqlite").write_text("not a database, " * 100)
    with pytest.raises(StateError, match="is not a sandbox's state"):
        State(tmp_path)
    (tmp_path / "sandbox.sqlite").unlink()
    connection = sqlite3.connect(tmp_path / "sandbox.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StateError, match="another version"):
        State(tmp_path)


def add_the_same_store_twice(state):
    with state.write() as change:
        change.count({"stores": 1})
        change.sql.executemany("INSERT INTO stores (store_id) VALUES (?)", [("S",), ("S",)])


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    state = State(tmp_path)
    try:
        with pytest.raises(sqlite3.IntegrityError):
            add_the_same_store_twice(state)
        assert state.facts()["stores"] == 0
        with state.read() as sql:
            assert sql.execute("SELECT count(*) FROM stores").fetchone() == (0,)
    finally:
        state.close()


def test_running_leaves_no_thread_and_no_open_file(tmp_path, make_receipt):
    def count():
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    for _ in range(2):
        with sandbox.running(tmp_path) as running, httpx.Client() as http:
            http.post(
                f"{running.base_url}/transactions",
                json={"ReceiptRequests": [make_receipt()]},
                headers={"x-api-key": running.api_key},
            ).raise_for_status()
    assert count() == before


def test_an_error_in_the_block_ends_the_sandbox_too(tmp_path):
    before = threading.active_count()
    with pytest.raises(KeyError), sandbox.running(tmp_path):
        raise KeyError
    assert threading.active_count() == before


def test_importing_the_room_loads_no_server():
    code = "import sys, sandbox; print({'uvicorn', 'starlette', 'pydantic'} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "set()\n"


def test_the_key_is_not_shown(start):
    assert "secret" not in repr(sandbox.Settings(api_key="secret"))
    with start(api_key="secret-\u00f8") as api:
        assert "secret" not in repr(api.running)
        assert api.get("stores").status_code == 200
