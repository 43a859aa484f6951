"""Customers that changed: from when on each run asks, and what it remembers."""

import json
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from urllib.parse import unquote

import pytest

from connectors.trigg import pieces
from connectors.trigg.account import Account
from connectors.trigg.client import Client
from pipelines.exports.reading.changes import Changes, spell_since
from pipelines.exports.reading.questions import Question
from pipelines.exports.reading.spool import Spool
from pipelines.feeds.read import Read, Since
from pipelines.progress import quiet

CHANGED = "GET /customers/changed/{timestamp}"


def since(**words):
    return Since.model_validate({"first": "2024-01-01T00:00:00", **words})


@pytest.mark.parametrize(
    ("words", "watermark", "told"),
    [
        ({}, "", "2024-01-01T00:00:00"),
        ({"first": "2024-01-01"}, "", "2024-01-01T00:00:00"),
        ({"zone": "Europe/Oslo"}, "", "2024-01-01T00:00:00"),
        ({"first": "2024-01-01T00:00:00Z", "zone": "Europe/Oslo"}, "", "2024-01-01T01:00:00"),
        ({}, "2026-05-01T12:00:00+00:00", "2026-05-01T11:50:00"),
        ({"overlap_minutes": 0}, "2026-05-01T12:00:00+00:00", "2026-05-01T12:00:00"),
        ({"zone": "Europe/Oslo"}, "2026-05-01T12:00:00+00:00", "2026-05-01T13:50:00"),
        ({"format": "%d.%m.%Y %H:%M"}, "2026-05-01T12:00:00+00:00", "01.05.2026 11:50"),
        ({"format": "epoch"}, "1970-01-01T00:11:00+00:00", "60"),
        ({"format": "epoch_ms"}, "1970-01-01T00:11:00+00:00", "60000"),
    ],
)
def test_how_the_time_is_told(words, watermark, told):
    assert spell_since(since(**words), watermark) == told


@pytest.mark.parametrize(
    ("watermark", "told"),
    [
        # Clocks go back at 01:00 UTC, from 03:00 to 02:00. What is told is never later, as text,
        # than the local time of a change to come.
        ("2026-10-24T20:00:00+00:00", "2026-10-24T22:00:00"),
        ("2026-10-24T23:30:00+00:00", "2026-10-25T00:30:00"),
        ("2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00"),
        ("2026-10-25T01:00:00+00:00", "2026-10-25T02:00:00"),
        ("2026-10-25T01:30:00+00:00", "2026-10-25T02:30:00"),
        # They go forward at 01:00 UTC, from 02:00 to 03:00.
        ("2026-03-29T00:59:00+00:00", "2026-03-29T01:59:00"),
        ("2026-03-29T01:00:00+00:00", "2026-03-29T03:00:00"),
    ],
)
def test_hours_that_clocks_show_twice_or_never(watermark, told):
    words = since(zone="Europe/Oslo", overlap_minutes=0)
    assert spell_since(words, watermark) == told
    offset = since(zone="Europe/Oslo", overlap_minutes=0, format="%Y-%m-%dT%H:%M:%S%z")
    assert datetime.fromisoformat(spell_since(offset, watermark)) == datetime.fromisoformat(
        watermark
    )


def customer(number, updated, **more):
    times = {"CreatedAt": "2024-01-01 00:00:00", "UpdatedAt": updated}
    return {"data": {"id": f"C{number}", **more}, "metaData": times}


class Platform:
    """What is answered, and what was asked."""

    def __init__(self):
        self.answer = []
        self.asked = []


@pytest.fixture
def platform():
    """Over HTTP: customers that changed, whatever they are asked since."""
    facts = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            facts.asked.append(unquote(self.path.rpartition("/")[2]))
            body = json.dumps(facts.answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    facts.url = f"http://127.0.0.1:{http.server_port}"
    yield facts
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def read(platform, tmp_path):
    """Return what reads the changes; gives the proof and the ids."""

    def run(answer, watermark="", now="2026-05-01T12:00:00+00:00", **words):
        platform.answer = answer
        told = {"first": "2024-01-01T00:00:00", **words}
        read = Read.model_validate({"endpoint": CHANGED, "since": told})
        moment = datetime.fromisoformat(now)
        with Client(Account(platform.url, "k")) as client:
            source = Changes(
                Question(client, read, tmp_path / "answer.json"),
                Event(),
                read.since,
                watermark,
                moment,
            )
            with Spool(tmp_path / "spool", source.asked) as spool:
                proof = source.read(spool, quiet)
                rows = spool.read(1)
        return proof, [row.get("id") for row in rows["data"]] if rows.width else []

    return run


def test_it_goes_on_from_the_last_change_that_the_platform_told(read, platform):
    proof, ids = read([customer(1, "2026-05-01 10:00:00"), customer(2, "2026-05-01 11:30:00")])
    assert (ids, proof.watermark) == (["C1", "C2"], "2026-05-01T11:30:00+00:00")
    proof, ids = read([customer(2, "2026-05-01 11:30:00")], proof.watermark)
    assert proof.watermark == "2026-05-01T11:30:00+00:00"
    assert platform.asked == ["2024-01-01T00:00:00", "2026-05-01T11:20:00"]


def test_nothing_new_leaves_it_where_it_was(read):
    assert read([])[0].watermark == ""
    assert read([], "2026-04-01T00:00:00+00:00")[0].watermark == "2026-04-01T00:00:00+00:00"
    # What the overlap brings again may be older.
    again = [customer(1, "2026-03-31 23:55:00")]
    assert read(again, "2026-04-01T00:00:00+00:00")[0].watermark == "2026-04-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("zone", "updated", "now", "watermark"),
    [
        # This machine's clock is ahead of the platform's: what it says does not count.
        ("UTC", "2026-05-01 12:00:00", "2026-05-01T18:00:00+00:00", "2026-05-01T12:00:00"),
        # It is behind, or the times are of a zone further east than the feed says.
        ("UTC", "2026-05-01 12:00:00", "2026-05-01T11:00:00+00:00", "2026-05-01T11:00:00"),
        ("Europe/Oslo", "2026-05-01 12:00:00", "2026-05-01T18:00:00+00:00", "2026-05-01T10:00:00"),
        # An hour that came twice may be the first one.
        ("Europe/Oslo", "2026-10-25 02:30:00", "2026-11-01T00:00:00+00:00", "2026-10-25T00:30:00"),
        ("Europe/Oslo", "2026-05-01T12:00:00Z", "2026-05-02T00:00:00+00:00", "2026-05-01T12:00:00"),
    ],
)
def test_it_is_never_later_than_what_is_sure(read, zone, updated, now, watermark):
    proof, _ = read([customer(1, updated)], now=now, zone=zone)
    assert proof.watermark == f"{watermark}+00:00"


def test_who_tells_no_time_is_believed_as_of_now(read):
    assert read([{"data": {"id": "C1"}}])[0].watermark == "2026-05-01T12:00:00+00:00"


def test_a_customer_that_comes_twice_at_one_time_is_one(read):
    twice = [customer(1, "2026-05-01 10:00:00")] * 2
    proof, ids = read([*twice, customer(1, "2026-05-01 10:00:01"), customer(2, "2026-05-01")])
    assert ids == ["C2", "C1", "C1"]  # the newest last
    assert (proof.rows, proof.repeated, proof.complete) == (3, 1, True)
    proof, ids = read([{"data": {}}, {"data": {}}])
    assert (len(ids), proof.repeated) == (2, 0)


@pytest.mark.parametrize("shape", ["bare", "data", "one", "flat"])
def test_all_shapes_of_the_answer_are_taken(read, shape):
    one = customer(1, "2026-05-01 10:00:00", promotions=[{"id": "P"}])
    shapes = {
        "bare": [one],
        "data": {"data": [one]},
        "one": one,
        "flat": [{"id": "C1", "UpdatedAt": "2026-05-01 10:00:00", "data": {"id": "C1"}}],
    }
    proof, ids = read(shapes[shape])
    assert (ids, proof.rows) == (["C1"], 1)
    assert proof.watermark == "2026-05-01T10:00:00+00:00"


def test_a_long_answer_is_read_in_pieces(read, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 300)
    many = [customer(n, f"2026-05-01 10:00:{59 - n:02}", note="},{") for n in range(20)]
    proof, _ = read([*many, many[0]])
    assert proof.units > 1
    assert (proof.rows, proof.repeated, proof.complete) == (20, 1, True)
    assert proof.watermark == "2026-05-01T10:00:59+00:00"
    proof, _ = read([*many, customer(0, "2026-05-01 09:00:00")])
    assert proof.doubts == (
        "a customer came twice in a long answer, so that nobody knows which is the newest",
    )


def test_totals_that_are_told_are_held_against_the_answer(read):
    one = customer(1, "2026-05-01 10:00:00")
    told = {"data": [one], "metaData": {"totalRecords": 1, "totalPages": 1, "activePage": 1}}
    assert read(told)[0].declared == 1
    told["metaData"]["totalRecords"] = 7
    proof, _ = read(told)
    assert (proof.complete, proof.declared) == (False, 7)
    assert proof.doubts == ("1 record came where 7 are announced",)
