"""What an undo proposes: whom a run created, and nobody who may have been there before."""

import stat
from pathlib import Path

import httpx
import polars as pl
import pytest

from pipelines.migration.keeping import write_table, write_text
from tests.conftest import KEY

pytestmark = pytest.mark.usefixtures("dagster_forgets")
CREATE = """\
type: pipelines.components.LoadFeedComponent
attributes:
  source:
    path: {path}
  target:
    endpoint: {endpoint}
{mode}  mapping:
    externalId: no
    mobilePhone: phone
    firstName: name
"""
MEMBERS = "no,phone,name\n1,+4712000001,Kari\n2,+4712000002,Ola\n3,+4712000003,Liv\n"


@pytest.fixture
def known(api) -> str:
    """One who is there already."""
    body = {"data": {"mobilePhone": "+4712000002", "externalId": "2"}}
    url, headers = f"{api.base_url}/customers", {"x-api-key": KEY}
    told = httpx.post(url, json=body, headers=headers, trust_env=False).raise_for_status().json()
    return told["data"]["id"]


@pytest.fixture
def load(tmp_path: Path, write_feed, run):
    """Load the three members by a method; give the run's id."""

    def load_them(endpoint: str, mode: str = "") -> str:
        path = tmp_path / "members.csv"
        path.write_text(MEMBERS)
        mode = f"    mode: {mode}\n" if mode else ""
        text = CREATE.format(path=path, endpoint=endpoint, mode=mode)
        summary = run(write_feed("three", text=text), feed_path=tmp_path / "feeds" / "three")
        assert summary.accepted_records == 3, summary
        return summary.run_id

    return load_them


def test_an_upsert_created_those_that_were_answered_with_201(
    known: str, load, tmp_path: Path, cli_here
) -> None:
    run_id = load("POST /customers", "upsert")
    ran = cli_here("undo", run_id[:8], "-o", tmp_path / "undo_it", "--json")
    assert ran.code == 0, ran.err
    told = ran.json()
    assert (told["members"], told["unsure"], told["there_before"]) == (2, 0, 1)
    file = Path(told["feed"]) / "members.csv"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    rows = pl.read_csv(file)
    assert rows["member"].to_list() == ["externalId 1", "externalId 3"]
    assert known not in rows["id"].to_list()
    again = cli_here("undo", run_id, "-o", tmp_path / "undo_it")
    assert (again.code, "is there already" in again.err) == (1, True)


@pytest.mark.usefixtures("known")
def test_of_an_import_nobody_is_sure(load, tmp_path: Path, cli_here) -> None:
    run_id = load("POST /import")
    ran = cli_here("undo", run_id, "-o", tmp_path / "undo_it")
    assert ran.code == 0, ran.err
    assert "created   0 members" in ran.out
    assert "unsure    3 members may have been there before" in ran.out
    looked = pl.read_csv(tmp_path / "undo_it" / "look_at.csv")
    assert looked["member"].to_list() == [f"externalId {n}" for n in (1, 2, 3)]
    assert looked["created"].is_not_null().all()
    written = (tmp_path / "undo_it" / "undo_it" / "members.csv").read_text()
    assert written == "id,member,created\n"


def test_there_is_no_such_run(cli_here) -> None:
    ran = cli_here("undo", "nothing")
    assert ran.code == 1
    assert "no load begins with nothing" in ran.err


@pytest.mark.usefixtures("api")
def test_who_is_forgotten_is_forgotten_in_a_migration(state: Path, cli_here) -> None:
    folder = state / "migrations" / "club"
    rows = {
        "key": ["externalId\x1fG-7001", "externalId\x1fG-7002"],
        "question": ["G-7001", "G-7002"],
    }
    write_table(folder / "before.parquet", pl.DataFrame(rows))
    write_text(folder / "reconciliation.html", "<td>externalId G-7001</td>")
    ran = cli_here("forget", "--key", "G-7001", "--yes")
    assert ran.code == 0, ran.err
    assert pl.read_parquet(folder / "before.parquet")["question"].to_list() == ["G-7002"]
    assert not (folder / "reconciliation.html").exists()
