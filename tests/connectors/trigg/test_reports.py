import json

import polars as pl
import pytest

from connectors.trigg.errors import Forbidden, Unclear
from connectors.trigg.reports import BadReport, ask_page


def ask(client, number=1, **more):
    return ask_page(client.get, "customers", number, **{"rows_page": 10, **more})


def test_what_is_asked_for(server, client):
    server.reply(200, [])
    ask_page(client.get, "a b/c", 3, rows_page=10, parameters={"from": "2026-03-01"})
    first = server.seen[0]
    assert first.raw_path.startswith("/v4/reports/a%20b%2Fc?")
    assert first.query == {"page": "3", "rowsPage": "10", "from": "2026-03-01"}


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ([{"id": 1}, {"id": 2}], 2),
        ([], 0),
        ({"data": [{"id": 1}]}, 1),
        ({"customers": [{"id": 1}], "generated": "today"}, 1),
        ({"data": [], "metaData": None}, 0),
    ],
)
def test_a_page_may_have_no_meta_data(server, client, body, rows):
    server.reply(200, body)
    page = ask(client)
    assert (page.rows.height, page.total_records, page.total_pages) == (rows, None, None)


def test_zero_records_need_no_list(server, client):
    meta = {"totalRecords": 0, "totalPages": 0, "activePage": 1}
    for body in ({"metaData": meta}, {"metaData": meta, "data": None}):
        server.reply(200, body)
        assert ask(client).rows.height == 0


def test_counts_may_be_text(server, client):
    meta = {"totalRecords": "1", "totalPages": "1", "activePage": "1"}
    server.reply(200, {"metaData": meta, "data": [{"id": 1}]})
    assert ask(client).total_records == 1


def test_the_rows_property_can_be_named(server, client):
    server.reply(200, {"rows": [{"id": 1}], "warnings": [{"id": 2}]})
    with pytest.raises(BadReport, match=r"rows, warnings.*set rows_property"):
        ask(client)
    assert ask(client, rows_property="rows").rows.to_dicts() == [{"id": 1}]
    with pytest.raises(BadReport, match="no property 'data'"):
        ask(client, rows_property="data")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'[{"a": 1, "a": 2}]', "a"),
        (b'[{"a": null, "a": 2}]', "a"),
        (b'[{"a": 1, "a": null}]', "a"),
        (b'[{"a":1,"b":{"c":1,"c":2}}]', "c"),
        (b'[{"b":[{"c":1},{"c":1,"c":2}]}]', "c"),
        (b'[{"a" : 1}, {"a" : 1, "a" : 1}]', "a"),
        (b'{"data": [{"a": 1}], "data": []}', "data"),
    ],
)
def test_a_name_that_stands_twice_is_found_out(server, client, body, name):
    server.reply(200, body)
    with pytest.raises(BadReport, match=f"names '{name}' twice"):
        ask(client)


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 'say "x": 1', "b": '"y":null'}, {"a": ":null", "b": None}],
        [{"a": None}, {}, {"a": {"b": None}}, {"a": {"b": [None, {"c": None}, {"d": "e"}]}}],
        [{"a": []}, {"a": [[]]}, {"a": None}, {"a": [[{"b": 1}], [None]]}],
        [{"": 1, 'q"': {"x": {}}}],
        [{"a": [{}, {"b": {}}]}],
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_names_that_do_not_stand_twice_are_fine(server, client, rows, indent):
    server.reply(200, json.dumps(rows, indent=indent).encode())
    assert ask(client).rows.height == len(rows)


@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"totalRecords": 1},
        {"totalRecords": -1, "totalPages": 1, "activePage": 1},
        {"totalRecords": 1.5, "totalPages": 1, "activePage": 1},
        {"totalRecords": True, "totalPages": 1, "activePage": 1},
        {"totalRecords": "many", "totalPages": 1, "activePage": 1},
        "page 1 of 1",
        [],
    ],
)
def test_broken_meta_data_is_named(server, client, meta):
    server.reply(200, {"metaData": meta, "data": [{"id": 1}]})
    with pytest.raises(BadReport, match="metaData"):
        ask(client)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty answer"),
        (b"not JSON for kari@example.no\nsecond line", 'no JSON but "not JSON for <e-mail>"'),
        (b'{"data": [{"name": "Kari"}, {"na]}', "cut off or broken"),
        (b'{"data": [{"name": NaN}]}', "cut off or broken"),
        (b"[" * 50_000 + b"]", "nested deeper than 32"),
        (b'[{"a": ' + b"[" * 40 + b"]" * 40 + b"}]", "nested deeper than 32"),
        (b'[{"a": ' + b"[" * 40 + b"]" * 40 + b'}, {"a": "b"}]', "nested deeper than 32"),
        (b'{"data": [{"name": "Kari \xff"}]}', "cut off or broken"),
        (b'{"data": [1, 2]}', "not all objects"),
        (b'{"data": [{"id": 1}, null]}', "not all objects"),
        (b'{"data": [{"id": 1}, "x", {}]}', "not all objects"),
        (b'{"message": "no such report"}', "set rows_property"),
        (b"5", "set rows_property"),
        (b'"text"', "set rows_property"),
    ],
)
def test_a_page_that_is_no_report_is_described_without_rows(server, client, body, words):
    server.reply(200, body, content_type="text/plain")
    with pytest.raises(BadReport, match=words) as caught:
        ask(client)
    assert "Kari" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_errors_of_the_client_come_through(server, client):
    server.reply(403)
    with pytest.raises(Forbidden, match="GET /reports/customers: 403 Forbidden"):
        ask(client)
    server.reply(200, b"<html>", content_type="text/html")
    with pytest.raises(Unclear, match=r"HTML.*ask again"):
        ask(client)


def test_a_byte_order_mark_is_no_matter(server, client):
    server.reply(200, b'\xef\xbb\xbf\n {"data": [{"id": 1}]}\n')
    assert ask(client).rows.to_dicts() == [{"id": 1}]


def test_no_property_is_lost_and_mixed_kinds_become_text(server, client):
    server.reply(200, [{"a": 1}] * 2000 + [{"a": 2, "late": "x"}])
    assert ask(client).rows.columns == ["a", "late"]

    rows = [
        {"a": 1, "b": {"x": 1.5}, "c": True},
        {"a": {"x": "Å"}, "b": None},
        {"a": "t", "b": "t", "c": 1.0, "d": 12345678901234567890},
    ]
    server.reply(200, rows)
    frame = ask(client).rows
    assert frame.to_dict(as_series=False) == {
        "a": ["1", '{"x":"Å"}', '"t"'],
        "b": ['{"x":1.5}', None, '"t"'],
        "c": ["true", None, "1.0"],
        "d": [None, None, "12345678901234567890"],
    }


def test_long_whole_numbers_stay_exact(server, client):
    server.reply(200, [{"id": 9007199254740993}, {"id": 2**64 + 1}])
    ids = ask(client).rows["id"].cast(pl.String).to_list()
    assert ids == ["9007199254740993", str(2**64 + 1)]
