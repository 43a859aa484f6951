"""Asking about each member of a list: whom, what became of each, and going on after a kill."""

import json
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import polars as pl
import pytest

import sandbox
from connectors.trigg.errors import ApiError, Forbidden, Unclear
from pipelines.exports.reading import each
from pipelines.exports.reading.members import NoMembers, read_members
from pipelines.feeds.read import Over
from pipelines.settings import exports_dir
from tests.pipelines.exports.reading.test_every_read import KEY, reading, write_list

BY_ID = "GET /customers/externalId/{id}"
NO_WAITS = {"attempts": 3, "first_wait": 0, "longest_wait": 0, "longest_asked_wait": 0}


@pytest.fixture(scope="module")
def platform(make_folder):
    """A platform with 30 customers, M000 to M029."""
    with (
        sandbox.running(make_folder("platform"), KEY) as api,
        httpx.Client(base_url=api.base_url, headers={"x-api-key": KEY}, trust_env=False) as http,
    ):
        members = [{"externalId": f"M{n:03}", "mobilePhone": f"+47900000{n:02}"} for n in range(30)]
        http.post("import", json={"members": members}).raise_for_status()
        yield api


@pytest.fixture
def failing(platform):
    """Let the platform fail, until the test has ended."""

    def fail(*rules):
        httpx.put(platform.faults_url, json={"rules": rules}, trust_env=False).raise_for_status()

    yield fail
    fail()


@pytest.fixture
def small_groups(monkeypatch):
    monkeypatch.setattr(each, "GROUP", 4)


def over(file, column="who"):
    return Over.model_validate({"file": str(file), "column": column})


def words(folder, ids, **more):
    found = {"endpoint": BY_ID, "over": write_list(folder, ids), "retries": NO_WAITS}
    return found | more


def test_a_list_is_text_and_each_member_is_asked_about_once(tmp_path):
    file = tmp_path / "list.csv"
    file.write_text('who,x\n007,1\n 0012345678901234567890 ,2\n,3\n"  ",4\n007,5\nÅse,6\n')
    found = read_members(over(file), tmp_path)
    assert found.ids.to_list() == ["007", "0012345678901234567890", "Åse"]
    assert (found.blank, found.repeated, found.unreadable) == (2, 1, 0)
    other = read_members(over(file, "x"), tmp_path)
    assert other.digest != found.digest


def test_a_list_may_be_any_source(tmp_path):
    file = tmp_path / "list.xml"
    file.write_text("<All><M><Id>01</Id></M><M><Id>02</Id></M></All>")
    told = {"file": {"path": str(file), "record": "M"}, "column": "Id"}
    assert read_members(Over.model_validate(told), tmp_path).ids.to_list() == ["01", "02"]


def publish(name, rows, run="r1"):
    """Put down a version of an export as it lies on the disk."""
    folder = exports_dir() / name / run
    (folder / "data" / "day=2026-01-01").mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    half = rows.height // 2
    rows[:half].write_parquet(folder / "data" / "day=2026-01-01" / "part-00001.parquet")
    rows[half:].write_parquet(folder / "data" / "part-00001.parquet")
    (folder.parent / "latest").unlink(missing_ok=True)
    (folder.parent / "latest").symlink_to(run)


def test_a_list_may_be_the_latest_version_of_another_export(tmp_path):
    told = Over.model_validate({"export": "members", "column": "data.id"})
    with pytest.raises(NoMembers, match="nothing is published of members yet; say: loyalty-etl"):
        read_members(told, tmp_path)
    rows = [{"data": {"id": "01"}, "n": 1}, {"data": {"id": "02"}, "n": 2}, {"data": {"id": None}}]
    publish("members", pl.DataFrame(rows))
    found = read_members(told, tmp_path)
    assert (found.ids.to_list(), found.blank) == (["01", "02"], 1)
    publish("members", pl.DataFrame({"data.id": ["7"], "n": [8]}), "r2")
    assert read_members(told, tmp_path).ids.to_list() == ["7"]
    number = told.model_copy(update={"column": "n"})
    assert read_members(number, tmp_path).ids.to_list() == ["8"]
    with pytest.raises(NoMembers, match=r"no column of values data; it has data\.id, n"):
        read_members(told.model_copy(update={"column": "data"}), tmp_path)


@pytest.mark.usefixtures("small_groups")
def test_members_are_grouped_into_units_in_their_order(platform, tmp_path):
    ids = [f"M{n:03}" for n in range(30)]
    with reading(platform.base_url, tmp_path, words(tmp_path, ids)) as (proof, rows):
        assert rows["_id"].to_list() == ids
        assert [row["externalId"] for row in rows["data"]] == ids
        assert (proof.units, proof.rows, proof.complete) == (8, 30, True)
    with reading(platform.base_url, tmp_path, words(tmp_path, ids)) as (again, _):
        assert again.digest == proof.digest


def test_who_is_refused_makes_it_incomplete(platform, tmp_path):
    ids = ["M001", "a/b", "..", "M002"]
    with reading(platform.base_url, tmp_path, words(tmp_path, ids)) as (proof, rows):
        assert rows["_id"].to_list() == ["M001", "M002"]
        assert proof.asked["refused"] == 2
        assert not proof.complete
        assert proof.doubts == (
            "2 members were refused: the name does not make a sound part of a path",
        )
    method = {"endpoint": "GET /payment-cards/customerId/{customerId}"}
    with reading(platform.base_url, tmp_path, words(tmp_path, ["M001", "gone"]) | method) as read:
        proof, _ = read
        assert proof.asked["answered"] == proof.asked["refused"] == 1
        assert proof.doubts[0].startswith("1 member was refused: 400 Bad Request: ")
        assert "gone" not in proof.doubts[0]


def test_a_wrong_list_is_no_empty_export(platform, tmp_path):
    with reading(platform.base_url, tmp_path, words(tmp_path, ["X1", "X2"])) as (proof, rows):
        assert (rows.height, proof.complete) == (0, False)
        assert proof.doubts[0].startswith("the platform has none of all 2, or does not know them")
    with reading(platform.base_url, tmp_path, words(tmp_path, [])) as (proof, _):
        assert (proof.complete, proof.asked["members"]) == (True, 0)


def test_it_ends_where_every_member_is_refused(platform, tmp_path, monkeypatch):
    monkeypatch.setattr(each, "_HOPELESS", 5)
    method = {"endpoint": "GET /payment-cards/customerId/{customerId}", "in_flight": 2}
    said = words(tmp_path, [f"X{n}" for n in range(100)]) | method
    with pytest.raises(ApiError, match="400") as caught, reading(platform.base_url, tmp_path, said):
        pass
    assert "/payment-cards/customerId/{customerId}" in str(caught.value)
    assert "X1" not in str(caught.value)


@pytest.mark.parametrize(
    "fault", ["busy", "gateway", "error_500", "html_503", "html_200", "drop_after", "cut"]
)
def test_what_fails_for_a_while_is_asked_again(platform, failing, tmp_path, fault):
    failing({"fault": fault, "method": "GET", "requests": [2, 5]})
    ids = [f"M{n:03}" for n in range(12)]
    with reading(platform.base_url, tmp_path, words(tmp_path, ids)) as (proof, rows):
        assert proof.complete
        assert rows["_id"].to_list() == ids


def test_errors_tell_nobody(platform, failing, tmp_path):
    failing({"fault": "error_500", "method": "GET"})
    phone = {"endpoint": "GET /customers"}
    said = words(tmp_path, ["+4790000001"]) | phone
    with pytest.raises(Unclear) as caught, reading(platform.base_url, tmp_path, said):
        pass
    assert str(caught.value).startswith("GET /customers: 500")
    assert "4790000001" not in repr(caught.value)
    with (
        pytest.raises(Forbidden, match="check TRIGG_API_KEY"),
        reading(platform.base_url, tmp_path, said, key="other"),
    ):
        pass


def test_a_refusal_that_repeats_the_request_tells_nobody(platform, failing, tmp_path):
    failing({"fault": "echo", "method": "GET", "requests": [2]})
    said = words(tmp_path, ["M001", "M002", "M003"], in_flight=1)
    with reading(platform.base_url, tmp_path, said) as (proof, _):
        assert proof.asked["refused"] == 1
        assert "400" in proof.doubts[0]
        assert "M002" not in proof.doubts[0]


def test_what_was_read_too_long_ago_is_asked_for_again(platform, tmp_path, monkeypatch):
    said = words(tmp_path, ["M001"])
    monkeypatch.setattr(each, "_STALE", -1)
    for _ in range(2):
        with reading(platform.base_url, tmp_path, said) as (proof, rows):
            assert (proof.units, rows.height) == (1, 1)


CHILD = """
import sys
from pathlib import Path
from pipelines.exports.reading import each
from tests.pipelines.exports.reading.test_every_read import reading
each.GROUP = 4
words = {"endpoint": sys.argv[3], "over": {"file": sys.argv[4], "column": "who"}, "in_flight": 3}
with reading(sys.argv[1], Path(sys.argv[2]), words) as (proof, rows):
    print(rows.write_json())
"""


@pytest.mark.slow
def test_a_killed_one_goes_on_where_it_was(make_folder, tmp_path):
    ids = [f"M{n:03}" for n in range(600)]
    with sandbox.running(make_folder("platform"), KEY) as api, ExitStack() as stack:
        http = httpx.Client(base_url=api.base_url, headers={"x-api-key": KEY}, trust_env=False)
        stack.enter_context(http)
        body = {"members": [{"externalId": one} for one in ids]}
        http.post("import", json=body).raise_for_status()
        seen = lambda: http.get(api.facts_url).json()["seen"].get(BY_ID, 0)  # noqa: E731
        file = write_list(tmp_path, ids)["file"]
        line = [sys.executable, "-c", CHILD, api.base_url, str(tmp_path), BY_ID, file]
        root = Path(__file__).resolve().parents[4]
        child = subprocess.Popen(line, cwd=root, stdout=subprocess.DEVNULL)
        while seen() < 150:
            time.sleep(0.01)
            assert child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
        before = seen()
        done = subprocess.run(line, cwd=root, stdout=subprocess.PIPE, check=True, timeout=60)
        assert [row["_id"] for row in json.loads(done.stdout)] == ids
        # At most what was in flight, and what of it shared a group.
        assert seen() <= len(ids) + 3 + 3 * 4, (before, seen())
