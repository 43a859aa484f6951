"""A small programme moved as a whole: to the point, once, and told where it is not."""

import json
import stat
from pathlib import Path

import httpx
import polars as pl
import pytest

import sandbox
from sample_data.legacy import make_programme, tell_facts
from sample_data.legacy_files import write_programme
from tests.conftest import KEY

HEADERS = {"x-api-key": KEY}
pytestmark = pytest.mark.usefixtures("dagster_forgets", "programme")


@pytest.fixture
def programme(tmp_path: Path):
    made = make_programme(60, seed=20)
    write_programme(made, tmp_path / "programme")
    return made


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programme):  # noqa: ARG001  (it writes the offers)
    offers = tmp_path / "programme" / "offers.yaml"
    with sandbox.running(tmp_path / "sandbox", api_key=KEY, offers=offers) as running:
        monkeypatch.setenv("TRIGG_BASE_URL", running.base_url)
        yield running


def call(platform, method: str, path: str, body: object = None) -> object:
    url = f"{platform.base_url}{path}"
    answer = httpx.request(method, url, json=body, headers=HEADERS, trust_env=False)
    return answer.raise_for_status().json()


def facts(platform) -> dict:
    return httpx.get(platform.facts_url, trust_env=False).json()


def writes(platform) -> int:
    seen = facts(platform)["seen"]
    return sum(n for name, n in seen.items() if name.startswith(("POST", "PUT", "DELETE")))


@pytest.mark.slow
def test_a_programme_is_moved_to_the_point(
    programme, platform, tmp_path: Path, state: Path, cli_here
) -> None:
    plan, folder = tmp_path / "programme" / "old_club.yaml", state / "migrations" / "old_club"
    # One member is there already, with points of their own.
    old = next(m for m in programme.members if not m.fault and not m.same_as and m.part == "web")
    body = {"data": {"mobilePhone": old.phone, "externalId": old.number}}
    known = call(platform, "POST", "/customers", body)["data"]["id"]
    call(platform, "POST", f"/loyalty/bonus/addRewardPoints?customerId={known}", {"points": 11})
    begun = writes(platform)

    looked = cli_here("migrate", plan, "--dry-run", "--json")
    assert looked.code == 4, looked.err
    assert writes(platform) == begun
    steps = looked.json()["steps"]
    assert steps["stores"]["line"].endswith("0 unknown")
    assert steps["balances"]["to_send"] > 0

    ran = cli_here("migrate", plan, "--json")
    assert ran.code == 4, ran.err
    told = ran.json()
    expected = tell_facts(programme)
    held = facts(platform)
    assert held["customers"] == expected["members"]
    assert held["points"] == expected["points"] + 11
    assert held["clips"] == expected["stamps"]
    for name in ("vehicles", "payment_cards", "receipts"):
        assert held[name] == expected[name], name
    _check_report(told["reconciliation"], folder, tmp_path)

    sent = writes(platform)
    assert cli_here("migrate", plan).code == 4
    again = cli_here("migrate", plan, "--from", "stores", "--json")
    assert (again.code, writes(platform)) == (4, sent)
    assert again.json()["reconciliation"]["differences"] == 0

    _change_behind_its_back(programme, platform, old)
    ended = cli_here("migrate", plan, "--from", "reconcile")
    assert ended.code == 3
    assert "does not balance: 3 differences" in ended.err
    found = pl.read_parquet(folder / "differences.parquet").select("kind", "what", "sent", "held")
    assert {row[:2] for row in found.rows()} == {
        ("points", "another amount"),
        ("vehicles", "more than was sent"),
        ("payment cards", "missing"),
    }
    off = found.filter(pl.col("kind") == "points").row(0, named=True)
    assert int(off["sent"]) - int(off["held"]) == 3

    undone = cli_here("undo", plan, "-o", tmp_path / "undo_club", "--json")
    assert undone.code == 0, undone.err
    _check_undo(undone.json(), expected["members"], known)
    feed, wanted = undone.json()["feed"], tmp_path / "delete.json"
    assert cli_here("run", feed).code == 1
    assert cli_here("plan", feed, "-o", wanted).code == 0
    deleted = cli_here("run", feed, "--plan", wanted, "--delete", expected["members"] - 1)
    assert deleted.code == 0, deleted.err
    assert facts(platform)["customers"] == 1


def _check_report(made: dict, folder: Path, tmp_path: Path) -> None:
    assert made["balances"]
    assert made["differences"] == 0
    by_kind = {row["kind"]: row for row in made["platform"]}
    assert {row["off"] for row in made["platform"]} == {0, "0.00"}
    assert by_kind["points"]["before"] == 11
    assert by_kind["gross amount of receipts"]["unasked"] != "0.00"  # of anonymous ones
    for row in made["sources"]:
        parts = ("delivered", "merged", "rejected", "undelivered", "held", "in_doubt")
        assert sum(float(row[part]) for part in parts) == pytest.approx(float(row["source"]))

    assert all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in folder.iterdir() if f.is_file())
    folders = [folder.parent, folder, *(f for f in folder.iterdir() if f.is_dir())]
    assert all(stat.S_IMODE(f.stat().st_mode) == 0o700 for f in folders)
    page = (folder / "reconciliation.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "//" not in page.replace("://127.0.0.1", "").replace(str(tmp_path), "")
    assert "Approved by" in page
    assert "<dt>platform</dt><dd>127.0.0.1:" in page


def _change_behind_its_back(programme, platform, old) -> None:
    """Take three points from a member, give another a car, and take a third one's card."""
    other = next(m for m in programme.members if not m.fault and not m.same_as and m != old)
    theirs = call(platform, "GET", f"/customers/externalId/{other.number}")["data"]["id"]
    call(platform, "POST", f"/loyalty/bonus/addRewardPoints?customerId={theirs}", {"points": -3})
    with_car = programme.vehicles[0][0]
    call(platform, "POST", f"/modules/vehicles/customerId/{_owner(programme, with_car)}", {"a": 1})
    card = _a_card(programme, platform)
    call(platform, "DELETE", f"/payment-cards/{card['id']}/{card['cardId']}")


def _check_undo(told: dict, members: int, known: str) -> None:
    """Those that it created are proposed, and not the one that was there before."""
    assert (told["members"], told["unsure"]) == (members - 1, 0)
    assert told["left"]["changes of members that were there before"] == 1
    ids = pl.read_csv(Path(told["feed"]) / "members.csv")["id"]
    assert known not in set(ids)


def _owner(programme, number: str) -> str:
    """Give the number under which whoever has this one is known now."""
    member = next(m for m in programme.members if m.number == number)
    return member.same_as or member.number


def _a_card(programme, platform) -> dict:
    there = {m.number for m in programme.members if not m.fault}
    member = next(m for m, _, good in programme.cards if good and m in there)
    path = f"/payment-cards/customerId/{_owner(programme, member)}"
    return call(platform, "GET", path)["data"][0]


def test_a_store_that_nobody_knows_stops_it(
    platform, tmp_path: Path, state: Path, cli_here
) -> None:
    plan = tmp_path / "programme" / "old_club.yaml"
    path = tmp_path / "programme" / "receipts.csv"
    text = path.read_bytes()
    path.write_bytes(text.replace(b"\r\n103;", b"\r\n999;"))
    ran = cli_here("migrate", plan)
    assert ran.code == 3
    assert "does not know 1 stores that the sources name: '999' (history, " in ran.err
    assert "Next: loyalty-etl migrate" in ran.out
    assert facts(platform)["customers"] == 0
    checkpoint = json.loads((state / "migrations/old_club/checkpoint.json").read_text())
    assert checkpoint["done"] == {}
    assert checkpoint["failed"]["step"] == "stores"


@pytest.mark.usefixtures("platform")
def test_a_step_that_is_none_or_comes_too_early(tmp_path: Path, cli_here) -> None:
    plan = tmp_path / "programme" / "old_club.yaml"
    ran = cli_here("migrate", plan, "--from", "point")
    assert ran.code == 1
    assert "--from point: the steps are stores, before, members_shop" in ran.err
    ran = cli_here("migrate", plan, "--from", "balances")
    assert ran.code == 1
    assert "stores comes before it and is not finished" in ran.err
