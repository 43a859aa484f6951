"""The id map, from members in a file to receipts and points that name them by their old number."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import polars as pl
import pytest
import yaml

from connectors.trigg.errors import ApiError
from connectors.trigg.questions import Patience
from pipelines.assets import load_assets
from pipelines.feeds import FeedError, find_feed
from pipelines.id_learning import FEW
from pipelines.id_map import learn_ids, read_ids
from pipelines.id_store import hold_ids, ids_file
from pipelines.progress import Reporter
from pipelines.settings import trigg_account
from pipelines.validating import validate
from tests.pipelines.conftest import COLUMNS, KEY, NO_WAITS

MEMBERS = {"externalId": "no", "mobilePhone": "phone"}
POINTS = "POST /loyalty/bonus/addRewardPoints"

pytestmark = pytest.mark.usefixtures("dagster_forgets")


def write_feed(folder: Path, name: str, **attributes: Any) -> Path:
    place = folder / "feeds" / name
    place.mkdir(parents=True, exist_ok=True)
    words = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
    (place / "defs.yaml").write_text(yaml.safe_dump(words, sort_keys=False), encoding="utf-8")
    return place


@pytest.fixture
def club(shop) -> Callable[..., Path]:
    """Return what writes members by number, with a feed that imports them; gives the feed."""

    def write(numbers: Any, name: str = "club", **words: Any) -> Path:
        rows = [f"{n:04},+47{90000000 + n},C{n}" for n in numbers]
        file = shop.folder / f"{name}.csv"
        file.write_text("\n".join(["no,phone,card", *rows]) + "\n", encoding="utf-8")
        attributes = {
            "source": {"path": str(file)},
            "target": {"endpoint": "POST /import"},
            "mapping": MEMBERS,
            "delivery": NO_WAITS,
        }
        return write_feed(shop.folder, name, **attributes | words)

    return write


def learn(feed: Path, **words: Any) -> Any:
    return learn_ids(*find_feed(str(feed)), **words)


def kept() -> dict[str, str]:
    ids = read_ids(trigg_account())
    return dict(ids.select("legacy_id", "customer_id").iter_rows())


def tills(shop, receipts: dict[str, str], **customer: Any) -> Path:
    """Write receipts by id, each of the member who is named, and the feed that loads them."""
    rows = [
        f"1,{number},{member},2024-01-31T14:50:05,1,1,P,10.50"
        for number, member in receipts.items()
    ]
    header = "store,receipt,customer,time,line,quantity,product,gross"
    (shop.folder / "till.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    of = {"customer_of": "customer"} | customer
    return shop.feed(mapping=COLUMNS | {"Header.ConsumerId": of})


def receipts_of(platform, customer: str) -> list[str]:
    answer = httpx.get(
        f"{platform.base_url}/transactions/customerId/{customer}",
        headers={"x-api-key": KEY},
        trust_env=False,
    )
    if answer.status_code == 404:
        return []
    return sorted(row["receiptId"] for row in answer.raise_for_status().json())


def asked(platform) -> int:
    """Count the questions about customers."""
    return platform.seen("GET")


def test_many_are_learned_by_one_question_and_then_by_none(shop, club):
    platform = shop.serve()
    feed = club(range(FEW + 50))
    shop.run(feed)
    told = learn(feed)
    assert (told.members, told.new, told.unknown, told.looked_up) == (FEW + 50, FEW + 50, 0, 0)
    assert asked(platform) == 1
    before = ids_file(trigg_account()).stat()
    again = learn(feed)
    assert (again.known, again.new, again.exit_code) == (FEW + 50, 0, 0)
    assert asked(platform) == 1
    after = ids_file(trigg_account()).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert before.st_mode & 0o777 == 0o600


def test_few_are_looked_up_and_who_is_not_there_is_told(shop, club):
    platform = shop.serve()
    shop.run(club(range(3)))
    told = learn(club(range(5)))
    assert (told.looked_up, told.new, told.unknown, told.exit_code) == (5, 3, 2, 4)
    assert asked(platform) == 5
    assert sorted(kept()) == ["0000", "0001", "0002"]


def test_who_is_not_in_the_list_is_looked_up(shop, club):
    platform = shop.serve()
    feed = club(range(FEW + 10))
    shop.run(feed)
    told = learn(feed, since=datetime.now(UTC) + timedelta(days=1))
    assert (told.listed, told.looked_up, told.unknown) == (0, FEW + 10, 0)
    assert asked(platform) == FEW + 11


def test_a_platform_that_lists_nothing_is_asked_one_by_one(shop, club):
    platform = shop.serve()
    feed = club(range(FEW + 1))
    shop.run(feed)
    platform.fail({"method": "GET", "path": "/customers/changed/*", "fault": "forbidden"})
    told = learn(feed)
    assert (told.looked_up, told.unknown, told.since) == (FEW + 1, 0, "")
    assert "lists no changed customers" in told.warnings[0]


@pytest.mark.parametrize("fault", ["busy", "drop_before", "cut", "error_500", "html_200"])
def test_a_question_that_fails_is_put_again(shop, club, fault):
    platform = shop.serve()
    feed = club(range(FEW + 1))
    shop.run(feed)
    platform.fail({"method": "GET", "path": "/customers/*", "fault": fault, "first": 1})
    assert learn(feed).new == FEW + 1


def test_what_was_learned_before_it_breaks_off_is_kept(shop, club, monkeypatch):
    monkeypatch.setattr("pipelines.id_learning.ROUND", 10)
    monkeypatch.setattr("pipelines.id_learning.Patience", partial(Patience, tries=1))
    platform = shop.serve()
    feed = club(range(60))
    shop.run(feed)
    platform.fail({"method": "GET", "path": "/customers/*", "fault": "error_500", "after": 30})
    with pytest.raises(ApiError):
        learn(feed)
    some = len(kept())
    assert 0 < some <= 30
    platform.fail()
    told = learn(feed)
    assert (told.known, told.looked_up, told.unknown) == (some, 60 - some, 0)


def test_members_keyed_by_phone_and_by_card(shop, club):
    shop.serve()
    feed = club(range(3), mapping={"mobilePhone": "phone"}, ids={"columns": ["card"]})
    shop.run(feed)
    told = learn(feed)
    assert (told.members, told.unknown, told.ids) == (3, 0, 6)
    ids = read_ids(trigg_account())
    assert {*ids["name"]} == {"mobilePhone", "card"}
    by_name = ids.group_by("name").agg(pl.col("customer_id").sort()).to_dicts()
    assert by_name[0]["customer_id"] == by_name[1]["customer_id"]


def test_a_merged_member_is_the_customer_it_was_merged_into(shop, club):
    shop.serve()
    feed = club([], mapping=MEMBERS, duplicates={"match": [["mobilePhone"]]})
    (shop.folder / "club.csv").write_text("no,phone\n1,+4790000001\n2,+4790000001\n")
    shop.run(feed)
    told = learn(feed)
    assert (told.members, told.unknown, told.looked_up) == (2, 0, 1)
    ids = kept()
    assert ids["1"] == ids["2"]


def test_another_customer_is_a_conflict_until_it_is_replaced(shop, club, cli_here):
    platform = shop.serve()
    feed = club(range(2))
    shop.run(feed)
    learn(feed)
    first = kept()
    with httpx.Client(
        base_url=platform.base_url, headers={"x-api-key": KEY}, trust_env=False
    ) as http:
        path = "customers/externalId/0001/source/test"
        http.delete(path).raise_for_status()
        data = {"externalId": "0001", "mobilePhone": "+4790000001"}
        http.post("customers", json={"data": data}).raise_for_status()
    told = learn(feed, since=datetime.now(UTC) - timedelta(hours=1))
    assert (told.conflicts, told.exit_code, kept()) == (1, 4, first)
    listed = json.loads(cli_here("ids", "list", "--conflicts", "--json").out)
    assert (listed["legacy_id"], listed["customer_id"]) == ("0001", first["0001"])
    # Nobody knows whose receipts these are, so they wait.
    summary = shop.run(tills(shop, {"R1": "0001", "R2": "0000"}))
    assert (summary.accepted_records, summary.waiting_records) == (1, 1)
    (row,) = shop.rows(summary, "unsent.csv")
    assert "two customers are known by it" in row["_error"]
    told = learn(feed, replace=True)
    assert (told.conflicts, told.exit_code) == (0, 0)
    assert kept()["0001"] == listed["conflict"] != first["0001"]


def test_receipts_wait_until_their_members_are_known(shop, club):
    platform = shop.serve()
    shop.run(club(range(2)))
    learn(club(range(2)))
    feed = tills(shop, {"R1": "0000", "R2": "0007", "R3": "", "R4": " 0001 "})
    summary = shop.run(feed)
    assert shop.told(summary) == {"accepted": {"R1", "R3", "R4"}, "unsent": {"R2"}}
    assert (summary.waiting_records, summary.exit_code) == (1, 4)
    (row,) = shop.rows(summary, "unsent.csv")
    assert row["receipt"] == "R2"
    assert "Header.ConsumerId (customer) '0007': no member is known by it" in row["_error"]
    assert shop.rows(summary, "rejects.csv") == []
    ids = kept()
    assert receipts_of(platform, ids["0000"]) == ["R1"]
    assert receipts_of(platform, ids["0001"]) == ["R4"]
    # It waits on, changes nothing, and comes when the member is there.
    again = shop.run(feed)
    assert (again.unchanged_records, again.waiting_records) == (3, 1)
    shop.run(club([7]))
    learn(club([7]))
    unsent = Path(again.folder) / "unsent.csv"
    retried = shop.run(feed, unsent, retry_of=again.run_id)
    assert retried.accepted_records == 1
    assert receipts_of(platform, kept()["0007"]) == ["R2"]
    whole = shop.run(feed)
    assert (whole.unchanged_records, whole.exit_code) == (4, 0)


def test_results_tell_who_waits_without_their_numbers(shop, cli_here):
    shop.serve()
    summary = shop.run(tills(shop, {"R1": "+4790000001", "R2": "kari@example.com"}))
    told = cli_here("results", summary.run_id).out
    assert re.search("unsent +2  its member is not known, so it waits; at row 2, 3", told)
    assert "+479" not in told
    assert "kari" not in told


def test_receipts_of_the_unknown_may_be_rejected(shop, club):
    shop.serve()
    shop.run(club([0]))
    learn(club([0]))
    feed = tills(shop, {"R1": "0000", "R2": "0007"}, unknown="reject")
    summary = shop.run(feed)
    assert summary.state == "failed"  # more than 5 % are rejects
    assert summary.reasons == {"Header.ConsumerId: unknown-member": 1}
    assert summary.waiting_records == 0


def test_receipts_of_the_unknown_may_be_anonymous(shop, club):
    platform = shop.serve()
    shop.run(club([0]))
    learn(club([0]))
    feed = tills(shop, {"R1": "0000", "R2": "0007"}, unknown="anonymous")
    summary = shop.run(feed)
    assert summary.accepted_records == 2
    assert summary.warnings == [
        "1 records are sent without their member, whom nobody knows",
    ]
    # Known later, it has another content: it is held, for the platform may count it twice.
    shop.run(club([7]))
    learn(club([7]))
    later = shop.run(feed)
    assert (later.unchanged_records, later.held_records, later.exit_code) == (1, 1, 5)
    assert receipts_of(platform, kept()["0007"]) == []


def points(shop, *rows: str, **customer: Any) -> Path:
    (shop.folder / "points.csv").write_text("\n".join(["member,points", *rows]) + "\n")
    return write_feed(
        shop.folder,
        "points",
        source={"path": str(shop.folder / "points.csv")},
        target={"endpoint": POINTS},
        mapping={"customerId": {"customer_of": "member"} | customer, "points": "points"},
        rejects={"max_percent": 90},
        delivery=NO_WAITS,
    )


def test_points_by_legacy_number_once(shop, club):
    platform = shop.serve()
    shop.run(club(range(3)))
    learn(club(range(3)))
    feed = points(shop, "0000,100", "0001,50", "0009,7")
    summary = shop.run(feed)
    assert (summary.accepted_records, summary.rejected_records) == (2, 1)
    (row,) = shop.rows(summary, "rejects.csv")
    assert "customerId (member) '0009': no member is known by it" in row["_error"]
    again = shop.run(feed)
    assert (again.unchanged_records, again.rejected_records, again.requests) == (2, 1, 0)
    customer = httpx.get(
        f"{platform.base_url}/customers/id/{kept()['0000']}",
        headers={"x-api-key": KEY},
        trust_env=False,
    ).json()
    assert customer["data"]["loyalty"]["points"] == 100


def test_points_by_phone_as_the_source_writes_it(shop, club):
    shop.serve()
    members = club(range(3), mapping={"mobilePhone": "phone"})
    shop.run(members)
    learn(members)
    feed = points(shop, "900 00 001,100", "nobody,5", by="mobilePhone", unknown="wait")
    words = yaml.safe_load((feed / "defs.yaml").read_text())
    words["attributes"]["values"] = {"region": "NO"}
    (feed / "defs.yaml").write_text(yaml.safe_dump(words))
    summary = shop.run(feed)
    assert (summary.accepted_records, summary.waiting_records) == (1, 1)
    (row,) = shop.rows(summary, "unsent.csv")
    assert "customerId (member) 'nobody': no member is known by it, so it waits" in row["_error"]


def test_totals_count_what_waits_as_read_and_not_as_taken(shop, club):
    shop.serve()
    shop.run(club([0]))
    learn(club([0]))
    feed = tills(shop, {"R1": "0000", "R2": "0007"})
    file = shop.folder / "till.csv"
    file.write_text(file.read_text() + "T;2;21.00\n")
    words = yaml.safe_load((feed / "defs.yaml").read_text())
    words["attributes"]["control"] = {"trailer": "T;{receipts};{amount}"}
    (feed / "defs.yaml").write_text(yaml.safe_dump(words))
    summary = shop.run(feed)
    assert summary.declared == {"receipts": "2", "amount": "21.00"}
    assert summary.taken == {"receipts": "1", "amount": "10.50"}


def test_a_look_tells_who_is_unknown_and_what_to_do(shop, cli_here):
    shop.serve()
    feed = tills(shop, {"R1": "0000"})
    (cause,) = validate(find_feed(str(feed))[1]).causes
    assert (cause.code, cause.samples[0].value) == ("unknown-member", "0000")
    assert "loyalty-etl ids learn" in cause.fix
    told = cli_here("validate", str(feed))
    assert told.code == 4
    assert "1 = 0 good + 1 waiting + 0 rejected" in told.out
    seen = cli_here("preview", str(feed))
    assert seen.code == 4
    assert "WAITS" in seen.out
    planned = cli_here("plan", str(feed))
    assert "+ 1 waiting" in planned.out
    ran = cli_here("run", str(feed))
    assert ran.code == 4
    assert (
        "Next: loyalty-etl ids learn FEED, that of the members; then loyalty-etl retry" in ran.out
    )


def test_a_plan_keeps_who_waits_out(shop, club):
    shop.serve()
    shop.run(club([0]))
    learn(club([0]))
    feed = tills(shop, {"R1": "0000", "R2": "0007"})
    summary = shop.run(feed, dry_run=True)
    plan = json.loads((Path(summary.folder) / "plan.json").read_text())
    assert (plan["to_send"], plan["waiting"], plan["records"]) == (1, 1, 2)
    done = shop.run(feed, plan=plan["digest"])
    assert done.accepted_records == 1


def test_who_is_forgotten_is_there_by_no_name(shop, club, cli_here):
    shop.serve()
    feed = club(range(3), ids={"columns": ["card"]})
    shop.run(feed)
    learn(feed)
    path = ids_file(trigg_account())
    with hold_ids(path):
        assert "being learned" in cli_here("forget", "--key", "0001", "--yes").errors[0]
    assert cli_here("forget", "--key", "0001", "--yes").code == 0
    assert sorted(kept()) == ["0000", "0002", "C0", "C2"]
    assert cli_here("forget", "--key", kept()["0002"], "--yes").code == 0
    assert sorted(kept()) == ["0000", "C0"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_brands_have_ids_of_their_own(shop, club, brand):
    platform = shop.serve()
    brand("b", BASE_URL=platform.base_url, API_KEY=KEY)
    feed = club([0], profile="b")
    shop.run(feed)
    learn(feed)
    assert kept() == {}
    assert read_ids(trigg_account("b")).height == 1


def test_the_command_learns_lists_shows_and_exports(shop, club, cli_here, tmp_path):
    shop.serve()
    feed = club(range(3))
    assert cli_here("ids", "show", "0000").code == 1
    assert cli_here("ids", "learn", str(feed)).code == 4  # nobody is there yet
    shop.run(feed)
    told = cli_here("ids", "learn", str(feed), "--json").json()
    assert (told["new"], told["unknown"], told["exit_code"]) == (3, 0, 0)
    assert "Next: " in cli_here("ids", "learn", str(feed)).out
    assert cli_here("ids", "list", "--limit", "2").out.count("externalId") == 2
    shown = json.loads(cli_here("ids", "show", "0000", "--json").out)
    assert json.loads(cli_here("ids", "show", shown["customer_id"], "--json").out) == shown
    for name in ("ids.csv", "ids.parquet"):
        assert cli_here("ids", "export", "-o", str(tmp_path / name)).code == 0
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert pl.read_parquet(tmp_path / "ids.parquet").height == 3
    assert pl.read_csv(tmp_path / "ids.csv", infer_schema=False)["legacy_id"][0] == "0000"


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["learn", "receipts_csv"], "loads no members"),
        (["learn", "members_csv", "--since", "soon"], "write a time such as"),
        (["list", "--profile", "A B"], "small letters"),
    ],
)
def test_a_wrong_word_is_one_line(shop, cli_here, args, told):
    shop.serve()
    ran = cli_here("ids", *args)
    assert ran.code == 1
    (line,) = ran.errors
    assert told in line


def test_a_damaged_file_is_one_line(shop, cli_here):
    shop.serve()
    path = ids_file(trigg_account())
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 no")
    ran = cli_here("ids", "list")
    assert ran.code == 1
    assert "is damaged" in ran.errors[0]


@pytest.mark.parametrize(
    ("mapping", "target", "told"),
    [
        (
            {"customerId": {"customer_of": "a", "unknown": "anonymous"}, "points": "b"},
            POINTS,
            "no record can do without it",
        ),
        (
            {"customerId": {"customer_of": "a", "unknown": "hold"}, "points": "b"},
            POINTS,
            "'wait', 'reject' or 'anonymous'",
        ),
        ({"customerId": {"customer_off": "a"}, "points": "b"}, POINTS, "did you mean customer_of"),
    ],
)
def test_a_feed_that_cannot_be_is_refused(tmp_path, mapping, target, told):
    feed = write_feed(
        tmp_path, "wrong", source={"path": "a.csv"}, target={"endpoint": target}, mapping=mapping
    )
    with pytest.raises(FeedError, match=told):
        find_feed(str(feed))


def test_dagster_learns_after_a_load(shop, club):
    shop.serve()
    name, feed = find_feed(str(club(range(3), ids={"learn": True})))
    with dg.DagsterInstance.ephemeral() as instance:
        assets, resources = load_assets(name, feed), {"reporter": Reporter()}
        done = dg.materialize(assets, instance=instance, resources=resources)
    assert done.success
    (learned,) = done.asset_materializations_for_node("club__ids")
    assert (learned.metadata["new"].value, learned.metadata["unknown"].value) == (3, 0)
    (check,) = (c for c in done.get_asset_check_evaluations() if c.check_name == "members_known")
    assert check.passed
    assert len(kept()) == 3


@pytest.mark.slow
def test_a_hundred_thousand_are_learned_by_one_question(shop, club):
    platform = shop.serve()
    feed = club(range(100_000))
    shop.run(feed)
    told = learn(feed)
    assert (told.new, told.listed, told.looked_up, told.unknown) == (100_000, 100_000, 0, 0)
    assert asked(platform) == 1


def test_carts_wait_whole_until_their_members_are_known(shop, club):
    shop.serve()
    shop.run(club(range(2)))
    learn(club(range(2)))
    rows = ["A,0000,1001", "A,0000,1002", "B,0007,1001", "B,0007,1002", "C,0001,1001", "C,0001,"]
    (shop.folder / "carts.csv").write_text("\n".join(["cart,member,item", *rows]) + "\n")
    feed = write_feed(
        shop.folder,
        "carts",
        source={"path": str(shop.folder / "carts.csv")},
        target={"endpoint": "POST /abandonedCarts"},
        mapping={
            "cartId": "cart",
            "contactId": {"customer_of": "member", "unknown": "wait"},
            "items.itemId": "item",
            "items.quantity": {"constant": "1"},
        },
        rejects={"max_percent": 90},
        delivery=NO_WAITS,
    )
    summary = shop.run(feed)
    assert (summary.accepted_records, summary.waiting_records, summary.rejected_records) == (
        1,
        1,
        1,
    )
    waiting = shop.rows(summary, "unsent.csv")
    assert [row["item"] for row in waiting] == ["1001", "1002"]
    assert (
        "contactId (member) '0007': no member is known by it, so it waits" in waiting[0]["_error"]
    )
    assert {row["cart"] for row in shop.rows(summary, "rejects.csv")} == {"C"}
