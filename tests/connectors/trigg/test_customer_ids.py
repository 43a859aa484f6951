"""The list of changed customers, in every shape that the documents leave open (T07, T29)."""

import json
from typing import Any

import polars as pl
import pytest

from connectors.trigg.customer_ids import read_changed
from connectors.trigg.errors import Unclear

KARI = {"id": "A", "externalId": "0017", "mobilePhone": "+4790000001", "firstName": "Kari"}
OLA = {
    "id": "B",
    "email": "ola@example.com",
    "loyalty": {"points": 1, "loyaltyCards": [{"id": "4"}]},
}
ROWS = [("A", "0017", "+4790000001", None), ("B", None, None, "ola@example.com")]


def read(tmp_path, text: str) -> list[tuple[Any, ...]]:
    file = tmp_path / "changed.json"
    file.write_text(text, encoding="utf-8")
    return [row for frame in read_changed(file) for row in frame.iter_rows()]


@pytest.mark.parametrize(
    "body",
    [
        [KARI, OLA],
        [{"data": KARI, "metaData": {"CreatedAt": "x"}}, {"data": OLA}],
        {"data": [KARI, OLA]},
        {"data": [{"data": KARI}, {"data": OLA}]},
        {"metaData": {"total": 2}, "data": [KARI, OLA]},
    ],
)
def test_every_list_is_read(tmp_path, body):
    assert read(tmp_path, json.dumps(body)) == ROWS
    assert read(tmp_path, json.dumps(body, indent=2)) == ROWS


@pytest.mark.parametrize("body", [KARI, {"data": KARI, "metaData": {}}])
def test_one_customer_alone_is_read(tmp_path, body):
    assert read(tmp_path, json.dumps(body)) == ROWS[:1]


@pytest.mark.parametrize("text", ["", " \n", "[]", '{"data": []}'])
def test_nobody_is_read(tmp_path, text):
    assert read(tmp_path, text) == []


@pytest.mark.parametrize(
    "text", ["{", '[{"id": "A"}', "<html>", '"no"', '{"customers": [{"id": 1}]}']
)
def test_what_is_no_list_of_customers_is_refused(tmp_path, text):
    with pytest.raises(Unclear, match="an answer that is no"):
        read(tmp_path, text)


def test_a_large_list_is_read_in_parts(tmp_path):
    many = [{"data": KARI | {"id": f"{n}", "address": "x" * 200}} for n in range(40_000)]
    file = tmp_path / "changed.json"
    for body in (many, {"data": many}):
        file.write_text(json.dumps(body), encoding="utf-8")
        frames = list(read_changed(file))
        assert len(frames) > 1
        assert pl.concat(frames)["id"].to_list() == [str(n) for n in range(40_000)]
