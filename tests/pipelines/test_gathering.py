"""Rows that stand together into one record with a list of objects: carts, into the sandbox."""

import csv
import json
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.feeds import FeedError, LoadFeed, find_feed
from pipelines.loading import prepare
from pipelines.shaping import make_shaper, whole_records
from pipelines.validating import validate
from tests.pipelines.conftest import NO_WAITS

pytestmark = pytest.mark.usefixtures("dagster_forgets")

MAPPING = {
    "cartId": "cart",
    "contactId": "contact",
    "items.itemId": "item",
    "items.quantity": "n",
    "items.price": "price",
    "items.currency": {"constant": "NOK"},
}
HEADER = "cart,contact,item,n,price\n"


def write(folder: Path, *rows: str, mapping=MAPPING, name="carts.csv", **words) -> Path:
    source = folder / name
    source.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return feed(folder, mapping=mapping, source={"path": str(source)}, **words)


def feed(folder: Path, *, mapping=MAPPING, **words) -> Path:
    attributes = {
        "target": {"endpoint": "POST /abandonedCarts"},
        "mapping": mapping,
        "delivery": NO_WAITS,
        "rejects": {"max_percent": 100},
        **words,
    }
    place = folder / "feeds" / "carts"
    place.mkdir(parents=True, exist_ok=True)
    told = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
    (place / "defs.yaml").write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    return place


def bodies(place: Path, folder: Path) -> list[dict]:
    _, words = find_feed(str(place))
    prepare(words, Path(words.source.path), folder)
    texts = pl.read_ipc((folder / "records.arrow").read_bytes())["json"]
    return [json.loads(text.partition("\n")[2], parse_float=str) for text in texts]


def rejected(folder: Path) -> dict[int, str]:
    with (folder / "rejects.csv").open(newline="", encoding="utf-8") as file:
        return {int(row["_source_row"]): row["_error"] for row in csv.DictReader(file)}


def test_neighbouring_rows_of_one_cart_are_one_request(tmp_path):
    place = write(tmp_path, "A,C1,1001,2,799.9", "A,C1,1002,0.5,10", "B,C2,1001,1,")
    first, second = bodies(place, tmp_path)
    assert first == {
        "cartId": "A",
        "contactId": "C1",
        "items": [
            {"itemId": "1001", "quantity": 2, "price": "799.9", "currency": "NOK"},
            {"itemId": "1002", "quantity": "0.5", "price": 10, "currency": "NOK"},
        ],
    }
    assert second["items"] == [{"itemId": "1001", "quantity": 1, "currency": "NOK"}]


def test_a_text_that_looks_like_a_number_of_a_body_stays_as_it_is(tmp_path):
    mapping = MAPPING | {"items.name": "price", "items.price": {"constant": "1"}}
    place = write(tmp_path, 'A,C1,"quantity"":2.0,",1,"""quantity"":2.0,x"', mapping=mapping)
    ((item,),) = (body["items"] for body in bodies(place, tmp_path))
    assert item["itemId"] == 'quantity":2.0,'
    assert item["name"] == '"quantity":2.0,x'


def test_a_nested_source_has_one_cart_a_record(tmp_path):
    source = tmp_path / "carts.json"
    carts = [
        {"id": "A", "items": [{"sku": "1", "n": 1}, {"sku": "2", "n": 2.25}]},
        {"id": "B", "items": [{"sku": "1", "n": 3}]},
    ]
    source.write_text(json.dumps(carts), encoding="utf-8")
    mapping = {"cartId": "id", "items.itemId": "items.sku", "items.quantity": "items.n"}
    place = feed(tmp_path, mapping=mapping, source={"path": str(source), "items": "items"})
    first, second = bodies(place, tmp_path)
    assert [item["quantity"] for item in first["items"]] == [1, "2.25"]
    assert second == {"cartId": "B", "items": [{"itemId": "1", "quantity": 3}]}


def test_a_cart_is_sent_whole_or_not_at_all(tmp_path):
    place = write(
        tmp_path,
        *("A,C1,1,1,1", "A,C1,2,x,1"),
        *("B,C1,1,1,1", "B,C2,2,1,1"),
        *("C,C1,1,1,1", "C,C1,,1,1"),
        "D,C1,1,1,1",
    )
    (sent,) = bodies(place, tmp_path)
    assert sent["cartId"] == "D"
    told = rejected(tmp_path)
    assert [*told] == [2, 3, 4, 5, 6, 7]
    assert "sent whole or not at all" in told[2]
    assert "items.quantity (n) 'x': not a number" in told[3]
    assert "contactId (contact) 'C2': differs between the rows of this record" in told[5]
    assert "items.itemId (item): has no value" in told[7]


def test_a_cart_that_comes_again_later_is_not_sent(tmp_path):
    place = write(tmp_path, "A,C1,1,1,1", "B,C1,1,1,1", "A,C1,2,1,1", "E,C1,1,1,1", "E,C1,1,1,1")
    assert [cart["cartId"] for cart in bodies(place, tmp_path)] == ["B", "E"]
    told = rejected(tmp_path)
    assert [*told] == [2, 4]
    assert "first at row 2; its rows must stand together" in told[4]
    _, words = find_feed(str(place))
    (cause,) = validate(words).causes
    assert cause.fix == "sort the file by cartId, so that the rows of each record stand together"


def test_what_stands_beside_a_row_without_a_cart_may_lack_it(tmp_path):
    place = write(tmp_path, "A,C1,1,1,1", "B,C1,1,1,1", ",C1,2,1,1", "C,C1,1,1,1", "D,C1,1,1,1")
    assert [cart["cartId"] for cart in bodies(place, tmp_path)] == ["A", "D"]
    told = rejected(tmp_path)
    assert [*told] == [3, 4, 5]
    assert "stands beside a row without it" in told[3]
    assert "cartId (cart): has no value" in told[4]


@pytest.mark.parametrize(
    ("mapping", "words", "told"),
    [
        ({"cartId": "cart"}, {}, r"lacks items.itemId, items.quantity"),
        (MAPPING | {"items.prize": "price"}, {}, r"did you mean items.price\?"),
        (MAPPING | {"items": "price"}, {}, "has no items"),
        (MAPPING, {"delivery": {"key": ["cartId", "items.itemId"]}}, "is of one object in items"),
    ],
)
def test_a_feed_that_cannot_be_is_refused(tmp_path, mapping, words, told):
    with pytest.raises(FeedError, match=told):
        find_feed(str(write(tmp_path, mapping=mapping, **words)))


def test_a_cart_that_changed_takes_the_place_of_the_old_one(shop):
    served = shop.serve()
    place = write(shop.folder, "A,C1,1,1,1", "A,C1,2,1,1", "B,C1,1,1,1")
    assert shop.run(place).accepted_records == 2
    write(shop.folder, "A,C1,1,1,1", "A,C1,2,1,1", "A,C1,3,1,1", "B,C1,1,1,1")
    summary = shop.run(place)
    assert (summary.accepted_records, summary.unchanged_records) == (1, 1)
    assert (summary.rows, summary.records) == (4, 2)
    shop.outcomes(summary)
    facts = served.facts()
    assert (facts["carts"], facts["cart_items"]) == (2, 4)


def test_a_retry_of_mended_rejects_sends_the_whole_cart(shop):
    served = shop.serve()
    place = write(shop.folder, "A,C1,1,1,1", "A,C1,2,x,1", "B,C1,1,1,1")
    summary = shop.run(place)
    assert (summary.accepted_records, summary.rejected_records) == (1, 1)
    rejects = Path(summary.folder) / "rejects.csv"
    rejects.write_text(rejects.read_text("utf-8").replace(",x,", ",5,"), "utf-8")
    assert shop.run(place, rejects).accepted_records == 1
    assert served.facts()["cart_items"] == 3


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "gateway", "poison"])
def test_faults_lose_and_double_no_cart(shop, fault):
    ids = {"ids": ["K3"]} if fault == "poison" else {"every": 3}
    served = shop.serve({"method": "POST", "path": "/abandonedCarts", "fault": fault, **ids})
    place = write(shop.folder, *(f"K{n},C1,{item},1,1" for n in range(9) for item in (1, 2)))
    summary = shop.run(place)
    refused = fault == "poison"
    assert (summary.accepted_records, summary.rejected_records) == (9 - refused, refused)
    assert len(shop.rows(summary, "rejects.csv")) == 2 * refused
    assert served.facts()["cart_items"] == 2 * (9 - refused)


CARTS = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C"]), st.sampled_from(["", "C1", "C2"])), max_size=12
)


@pytest.fixture(scope="module")
def carts_feed(tmp_path_factory) -> LoadFeed:
    return find_feed(str(write(tmp_path_factory.mktemp("carts"))))[1]


@settings(deadline=None, max_examples=30)
@given(rows=CARTS, size=st.integers(1, 5))
def test_wherever_the_stream_is_cut_the_same_comes_of_it(carts_feed, rows, size):
    texts = [
        {"cart": cart, "contact": who, "item": str(n), "n": "1", "price": "2"}
        for n, (cart, who) in enumerate(rows)
    ]
    schema = dict.fromkeys(("cart", "contact", "item", "n", "price"), pl.String)
    frame = pl.DataFrame(texts, schema=schema).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("_row")
    )
    shape = make_shaper(carts_feed)

    def shaped(frames):
        parts = [shape(each) for each in whole_records(frames, carts_feed)]
        good = [row for p in parts for row in p.records.select("key", "row", "json").rows()]
        bad = [row for p in parts for row in p.refused.select("key", "row", "reasons").rows()]
        return good, bad

    whole = shaped([frame] if len(rows) else [])
    assert shaped(frame.slice(n, size) for n in range(0, len(rows), size)) == whole
    items = [len(json.loads(text.partition("\n")[2])["items"]) for *_, text in whole[0]]
    lost = {row for *_, row, _ in whole[1]}
    assert sum(items) <= len(rows)
    assert bool(lost) or sum(items) == len(rows)
