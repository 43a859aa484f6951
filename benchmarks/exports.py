"""Kills exports at random points, and exports many rows in bounded memory.

    python benchmarks/exports.py kill [--kills N] [--seed N]
    python benchmarks/exports.py rows [--rows N ...] [--sorted]

`kill` starts `loyalty-etl export` against a slow server, kills it (SIGKILL) after a random number
of pages, at most three times an export, and lets it end: the rows must be those of an export that
nobody killed, and no page may have been asked for twice but those in flight at a kill. `rows`
prints seconds and megabytes of whole processes, against the sink; `--sorted` sorts them on the way.
"""

import argparse
import random
import shutil
import subprocess
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import polars as pl
from measure import run_once
from pages import render_page
from run import ETL, serve

HERE = Path(__file__).resolve().parent
ROWS, SIZE, IN_FLIGHT = 20_000, 100, 4
PAGES = ROWS // SIZE
FEED = f"""
type: pipelines.components.ExportFeedComponent
attributes:
  report: {{type: transactions, rows_page: {SIZE}, in_flight: {IN_FLIGHT}, recheck: 0}}
  columns: {{receiptId: text, lineNo: integer, grossAmount: decimal(2), timeStamp: timestamp}}
  key: [receiptId, lineNo]
"""
SHIPPED = HERE.parent / "pipelines" / "defs" / "transactions_report" / "defs.yaml"
SORTED = "  layout: {sort_by: [storeId, timeStamp]}\n"


class Server:
    """Gives pages, each after a moment, and remembers which were asked for."""

    def __init__(self) -> None:
        self.asked: Counter[int] = Counter()
        lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                page = int(parse_qs(urlsplit(self.path).query)["page"][0])
                with lock:
                    server.asked[page] += 1
                time.sleep(random.uniform(0, 0.02))
                body = render_page("transactions", page, SIZE, of=ROWS)
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v4"


def start(folder: Path, url: str) -> subprocess.Popen[bytes]:
    """Start one export of the feed in a folder."""
    env = {
        "PATH": "/usr/bin:/bin",
        "TRIGG_BASE_URL": url,
        "TRIGG_API_KEY": "benchmark",
        "LOYALTY_ETL_STATE": str(folder / "state"),
    }
    return subprocess.Popen(
        [ETL, "export", str(folder / "killed"), "-o", str(folder / "out")],
        env=env,
        cwd=HERE.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(folder: Path, url: str) -> pl.DataFrame:
    """Let an export end, and read what it published."""
    process = start(folder, url)
    _, said = process.communicate(timeout=300)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {said.decode()}")
    rows = pl.read_parquet(folder / "out" / "latest" / "data")
    return rows.drop(name for name in rows.columns if name.startswith("_"))


def kill_once(folder: Path, server: Server) -> str:
    """Start an export and kill it somewhere; say where it was, or that its work was done."""
    left = PAGES - len(server.asked)
    late = left == 0 or random.random() < 0.2
    after = sum(server.asked.values()) + (left if late else random.randrange(left))
    latest = folder / "out" / "latest"
    before = latest.resolve()
    process = start(folder, server.url)
    while sum(server.asked.values()) < after and process.poll() is None:
        time.sleep(0.001)
    time.sleep(random.uniform(0, 1.5 if late else 0.03))
    process.kill()
    if process.wait() != -9:
        return "ended before"
    if latest.resolve() != before:
        return "published"
    return "writing" if len(server.asked) == PAGES else f"{len(server.asked)} pages"


def kill(kills: int, seed: int) -> None:
    """Kill exports until there were so many kills."""
    random.seed(seed)
    server, done, again = Server(), 0, 0
    with tempfile.TemporaryDirectory(prefix="exports-") as name:
        base = Path(name)
        (base / "killed").mkdir()
        (base / "killed" / "defs.yaml").write_text(FEED)
        whole = finish(base, server.url)
        while done < kills:
            for folder in ("out", "state"):
                shutil.rmtree(base / folder, ignore_errors=True)
            server.asked.clear()
            where = [
                kill_once(base, server) for _ in range(min(random.randint(1, 3), kills - done))
            ]
            done += len(where) - where.count("ended before")
            ended = where.count("ended before") + where.count("published")
            rows = finish(base, server.url)
            twice = server.asked.total() - PAGES
            again += twice - ended * PAGES
            told = f"{done:3} kills, {', '.join(where)}: {twice} pages asked for again"
            # An export that had published before the kill is followed by one that asks for all.
            if not rows.equals(whole) or twice > IN_FLIGHT * len(where) + ended * PAGES:
                raise SystemExit(f"{told}: WRONG")
            print(told, flush=True)
    print(f"{done} kills: the same rows each time, {again} pages in flight were asked for again")


def many(sizes: list[int], more: str) -> None:
    """Export so many rows by the shipped feed with more words, and say what it takes."""
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="exports-") as name, serve(rows) as url:
            env = {
                "TRIGG_BASE_URL": f"{url}/v4",
                "TRIGG_API_KEY": "benchmark",
                "LOYALTY_ETL_STATE": f"{name}/state",
            }
            feed = Path(name) / "transactions_report"
            feed.mkdir()
            (feed / "defs.yaml").write_text(SHIPPED.read_text() + more)
            words = [ETL, "export", str(feed), "-o", f"{name}/out"]
            done = run_once(words, log=Path(name) / "log", env=env, cwd=HERE.parent, timeout=3600)
            print(f"{rows:,} rows: {done.wall:.1f} s, {done.peak:.0f} MB, exit code {done.code}")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    words.add_argument("what", choices=["kill", "rows"])
    words.add_argument("--kills", type=int, default=50)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    words.add_argument("--sorted", action="store_true")
    given = words.parse_args()
    if given.what == "kill":
        kill(given.kills, given.seed)
    else:
        many(given.rows, SORTED if given.sorted else "")


if __name__ == "__main__":
    main()
