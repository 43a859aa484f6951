import json
import threading

import polars as pl
import pytest

from connectors.trigg.errors import Forbidden, Unclear
from connectors.trigg.reports import BadReport, read_pages


def rows_of(total):
    return [{"id": f"c{i}", "points": i, "city": None if i % 3 else "Ås"} for i in range(total)]


def paged(server, rows, change=lambda _, page: page, cap=10**6):
    """Serve rows in pages as asked; `change` may spoil a page."""

    def answer(seen):
        number, size = int(seen.query["page"]), min(int(seen.query["rowsPage"]), cap)
        meta = {
            "reportType": "customers",
            "totalRecords": len(rows),
            "totalPages": -(-len(rows) // size),
            "activePage": number,
        }
        page = {"metaData": meta, "data": rows[(number - 1) * size : number * size]}
        changed = change(number, page)
        if isinstance(changed, server.Reply):
            return changed
        return server.Reply(body=json.dumps(changed).encode())

    server.answer = answer


def read(client, **more):
    return list(read_pages(client.get, "customers", **{"rows_page": 10, **more}))


@pytest.mark.parametrize("total", [0, 1, 9, 10, 11, 20, 95])
def test_every_row_comes_in_order(server, client, total):
    paged(server, rows_of(total))
    pages = read(client)
    assert [row["id"] for page in pages for row in page.rows.to_dicts()] == [
        f"c{i}" for i in range(total)
    ]
    assert [page.number for page in pages] == list(range(1, max(1, -(-total // 10)) + 1))
    assert {page.total_records for page in pages} == {total}


def test_what_is_asked_for(server, client):
    paged(server, rows_of(11))
    list(read_pages(client.get, "a b/c", rows_page=10, params={"from": "2026-03-01"}))
    first = server.seen[0]
    assert first.raw_path.startswith("/v4/reports/a%20b%2Fc?")
    assert first.query == {"page": "1", "rowsPage": "10", "from": "2026-03-01"}


def test_pages_are_read_side_by_side_and_not_far_ahead(server, make_client):
    gate = threading.Barrier(4, timeout=5)

    def meet(number, page):
        if number > 1:
            gate.wait()
        return page

    paged(server, rows_of(90), meet)
    assert len(read(make_client(in_flight=4), in_flight=4)) == 9

    paged(server, rows_of(1000))
    server.seen.clear()
    pages = read_pages(make_client().get, "customers", rows_page=10, in_flight=2)
    next(pages)
    next(pages)
    pages.close()
    assert len(server.seen) <= 1 + 4


def test_a_platform_may_give_smaller_pages(server, client):
    paged(server, rows_of(23), cap=5)
    assert sum(page.rows.height for page in read(client)) == 23


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
def test_a_report_without_meta_data_is_complete_in_one_answer(server, client, body, rows):
    server.reply(200, body)
    (page,) = read(client)
    assert (page.rows.height, page.total_records, len(server.seen)) == (rows, None, 1)


def test_zero_records_need_no_list(server, client):
    meta = {"totalRecords": 0, "totalPages": 0, "activePage": 1}
    for body in ({"metaData": meta}, {"metaData": meta, "data": None}):
        server.reply(200, body)
        assert read(client)[0].rows.height == 0


def test_counts_may_be_text(server, client):
    meta = {"totalRecords": "1", "totalPages": "1", "activePage": "1"}
    server.reply(200, {"metaData": meta, "data": [{"id": 1}]})
    assert read(client)[0].total_records == 1


def test_the_rows_property_can_be_named(server, client):
    server.reply(200, {"rows": [{"id": 1}], "warnings": [{"id": 2}]})
    with pytest.raises(BadReport, match=r"rows, warnings.*set rows_property"):
        read(client)
    assert read(client, rows_property="rows")[0].rows.to_dicts() == [{"id": 1}]
    with pytest.raises(BadReport, match="no property 'data'"):
        read(client, rows_property="data")


def moved(number, page):
    if number == 3:
        page["metaData"]["totalRecords"] += 1
    return page


def more_pages(number, page):
    page["metaData"]["totalPages"] += number == 4
    return page


def repeated(number, page):
    if number == 3:
        page["metaData"]["activePage"] = 2
    return page


def short(number, page):
    if number == 3:
        page["data"].pop()
    return page


def short_first(number, page):
    if number == 1:
        page["data"].pop()
    return page


def far_too_short(_, page):
    del page["data"][5:]
    return page


def long_last(number, page):
    if number == 5:
        page["data"].append({"id": "extra"})
    return page


def no_meta(number, page):
    if number == 2:
        del page["metaData"]
    return page


@pytest.mark.parametrize(
    ("change", "page", "words"),
    [
        (moved, 3, "changed while it was read: 45 rows in 5 pages became 46 in 5"),
        (more_pages, 4, "changed while it was read"),
        (repeated, 3, "calls itself page 2"),
        (short, 3, "9 rows do not fit the 45 rows"),
        (short_first, 2, "10 rows do not fit"),
        (far_too_short, 1, "5 rows do not fit"),
        (long_last, 5, "6 rows do not fit"),
        (no_meta, 2, "changed while it was read"),
    ],
)
def test_pages_that_contradict_each_other_are_found_out(server, client, change, page, words):
    paged(server, rows_of(45), change)
    with pytest.raises(BadReport, match=words) as caught:
        read(client)
    assert (caught.value.page, caught.value.report) == (page, "customers")
    assert "\n" not in str(caught.value)


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
        read(client)


def test_absurd_totals_are_refused(server, client):
    meta = {"totalRecords": 10**15, "totalPages": 10**12, "activePage": 1}
    server.reply(200, {"metaData": meta, "data": [{"id": 1}]})
    with pytest.raises(BadReport, match="max_pages"):
        read(client)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty answer"),
        (b"not JSON for kari@example.no\nsecond line", 'no JSON but "not JSON for <e-mail>"'),
        (b'{"data": [{"name": "Kari"}, {"na]}', "cut off or broken"),
        (b'{"data": [{"name": NaN}]}', "cut off or broken"),
        (b"[" * 50_000 + b"]", "cut off or broken"),
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
        read(client)
    assert "Kari" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_errors_of_the_client_come_through(server, client):
    paged(server, rows_of(45), lambda n, page: server.Reply(403) if n == 4 else page)
    with pytest.raises(Forbidden, match="GET /reports/customers: 403 Forbidden"):
        read(client)
    server.reply(200, b"<html>", content_type="text/html")
    with pytest.raises(Unclear, match=r"HTML.*ask again"):
        read(client)


def test_a_byte_order_mark_is_no_matter(server, client):
    server.reply(200, b'\xef\xbb\xbf\n {"data": [{"id": 1}]}\n')
    assert read(client)[0].rows.to_dicts() == [{"id": 1}]


def test_no_property_is_lost_and_mixed_kinds_become_text(server, client):
    server.reply(200, [{"a": 1}] * 2000 + [{"a": 2, "late": "x"}])
    assert read(client)[0].rows.columns == ["a", "late"]

    rows = [
        {"a": 1, "b": {"x": 1.5}, "c": True},
        {"a": {"x": "Å"}, "b": None},
        {"a": "t", "b": "t", "c": 1.0, "d": 12345678901234567890},
    ]
    server.reply(200, rows)
    frame = read(client)[0].rows
    assert frame.to_dict(as_series=False) == {
        "a": ["1", '{"x":"Å"}', '"t"'],
        "b": ['{"x":1.5}', None, '"t"'],
        "c": ["true", None, "1.0"],
        "d": [None, None, "12345678901234567890"],
    }


def test_long_whole_numbers_stay_exact(server, client):
    server.reply(200, [{"id": 9007199254740993}, {"id": 2**64 + 1}])
    ids = read(client)[0].rows["id"].cast(pl.String).to_list()
    assert ids == ["9007199254740993", str(2**64 + 1)]
