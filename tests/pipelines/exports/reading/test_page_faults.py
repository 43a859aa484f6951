"""Each fault of a page ends in a complete export that is proven, or in a clear refusal."""

import gzip
import json
import re
from collections.abc import Iterator
from itertools import count

import pytest

from connectors.trigg.account import Timeout
from connectors.trigg.errors import ApiError, Forbidden
from connectors.trigg.reports import BadReport
from pipelines.exports.exporting import ExportIncomplete
from tests.pipelines.exports.paged import KEY, Reply, Reports, customer, read, run, serve_reports


@pytest.fixture
def reports() -> Iterator[Reports]:
    with serve_reports() as one:
        one.rows = [customer(i) for i in range(45)]
        yield one


def expect(reports, out, **how):
    """Export, and see that the newest version holds each row there is once."""
    made = run(reports, out, **how)
    ids = [row["id"] for row in reports.rows]
    assert sorted(read(out)["id"].to_list()) == sorted(ids)
    assert made.proof.complete
    assert made.proof.rows == made.rows == len(ids)
    assert made.proof.doubts == ()
    return made


def refuse(reports, out, kind, words, **how):
    """Export, and see that it is refused in one line, with nothing published."""
    with pytest.raises(kind, match=words) as caught:
        run(reports, out, **how)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 500
    assert KEY not in line
    assert not list(out.glob("*/manifest.json"))
    return caught.value


def keyed(key):
    """Give what a run with or without a key is told."""
    return {"key": ("id",) if key else ()}


BOTH = pytest.mark.parametrize("key", [True, False], ids=["keyed", "keyless"])


@BOTH
def test_nothing_wrong(reports, tmp_path, key):
    made = expect(reports, tmp_path, **keyed(key))
    assert made.proof.declared == 45
    assert made.proof.distinct_keys == (45 if key else None)
    assert (made.proof.units, made.proof.rechecked, made.proof.reread) == (5, 3, 0)
    assert reports.times == {1: 2, 2: 1, 3: 2, 4: 1, 5: 2}  # three of them to see they stay


@BOTH
def test_page_size_is_capped(reports, tmp_path, key):
    reports.cap = 4
    assert expect(reports, tmp_path, **keyed(key)).proof.units == 12


@BOTH
def test_page_size_is_capped_and_pages_are_counted_as_if_it_were_not(reports, tmp_path, key):
    def spoil(_n, _, page):
        page["metaData"]["totalPages"] = 5
        return page

    reports.cap, reports.spoil = 4, spoil
    assert expect(reports, tmp_path, **keyed(key)).proof.units == 12


@BOTH
@pytest.mark.parametrize("bare", [True, False])
def test_no_meta_data_and_pages_all_the_same(reports, tmp_path, key, bare):
    def spoil(_n, _, page):
        return page["data"] if bare else {"data": page["data"]}

    reports.spoil = spoil
    made = expect(reports, tmp_path, **keyed(key))
    assert (made.proof.declared, made.proof.units) == (None, 5)


@BOTH
def test_no_meta_data_and_no_pages(reports, tmp_path, key):
    reports.spoil = lambda *_: reports.rows
    assert expect(reports, tmp_path, **keyed(key)).proof.units == 1
    assert len(reports.asked) <= 3


def test_no_meta_data_and_a_refusal_past_the_end(reports, tmp_path):
    reports.spoil = lambda n, _, page: page["data"] if n < 6 else Reply(404)
    assert expect(reports, tmp_path).proof.units == 5


def test_no_meta_data_no_pages_and_rows_that_move(reports, tmp_path):
    """Asked for page 2, it gives all there is again, with one row more."""

    def spoil(_n, _t, _p):
        reports.rows.append(customer(len(reports.rows)))
        return [*reports.rows]

    reports.spoil = spoil
    refuse(reports, tmp_path, (ExportIncomplete, BadReport), ".", key=(), care={"max_pages": 50})


def test_an_empty_page_in_the_middle_without_meta_data(reports, tmp_path):
    reports.spoil = lambda n, t, page: page["data"] if (n, t) != (3, 1) else []
    expect(reports, tmp_path)
    reports.asked.clear()
    reports.spoil = lambda n, _t, page: page["data"] if n != 3 else []
    refuse(reports, tmp_path / "b", ExportIncomplete, "page 3 is empty, and others follow")


@BOTH
def test_no_meta_data_on_one_page(reports, tmp_path, key):
    reports.spoil = lambda n, _, page: page if n != 3 else {"data": page["data"]}
    expect(reports, tmp_path, **keyed(key))
    reports.asked.clear()
    reports.spoil = lambda n, _, page: page if n != 1 else {"data": page["data"]}
    expect(reports, tmp_path / "b", **keyed(key))


@BOTH
def test_an_empty_last_page(reports, tmp_path, key):
    reports.spoil = lambda _n, _, page: page["metaData"].update(totalPages=6) or page
    made = expect(reports, tmp_path, **keyed(key))
    assert made.proof.declared == 45


@BOTH
@pytest.mark.parametrize("answer", ["404", "the last page again"])
def test_pages_past_the_end(reports, tmp_path, key, answer):
    """The page count is too high, and what lies past the end is no page."""

    def spoil(number, _, page):
        page["metaData"]["totalPages"] = 6
        if number < 6:
            return page
        page["data"] = reports.rows[40:]
        return Reply(404) if answer == "404" else page

    reports.spoil = spoil
    if answer == "404":
        refuse(reports, tmp_path, ApiError, "404", **keyed(key))
    elif key:
        assert expect(reports, tmp_path).proof.repeated == 5
    else:
        refuse(reports, tmp_path, ExportIncomplete, "50 rows came, where 45 are announced", key=())


@BOTH
@pytest.mark.parametrize("lasting", [False, True])
def test_an_empty_page_in_the_middle(reports, tmp_path, key, lasting):
    def spoil(number, times, page):
        if number == 3 and (lasting or times == 1):
            page["data"] = []
        return page

    reports.spoil = spoil
    if lasting:
        refuse(reports, tmp_path, ExportIncomplete, "35 rows came, where 45", **keyed(key))
    else:
        assert expect(reports, tmp_path, **keyed(key)).proof.reread == 1


@BOTH
@pytest.mark.parametrize("lasting", [False, True])
def test_a_page_that_repeats_another(reports, tmp_path, key, lasting):
    def spoil(number, times, page):
        if number == 3 and (lasting or times == 1):
            page["data"] = reports.rows[10:20]
        return page

    reports.spoil = spoil
    if lasting:
        words = "35 rows came, and 10 that repeat" if key else "pages 2 and 3 are the same"
        error = refuse(reports, tmp_path, ExportIncomplete, words, **keyed(key))
        assert error.proof.restarts == 2
    else:
        assert expect(reports, tmp_path, **keyed(key)).proof.restarts <= 1


@BOTH
def test_a_page_cut_short_of_rows(reports, tmp_path, key):
    reports.spoil = lambda n, t, page: {
        **page,
        "data": page["data"][: 9 if (n, t) == (2, 1) else 99],
    }
    assert expect(reports, tmp_path, **keyed(key)).proof.reread == 1


@BOTH
@pytest.mark.parametrize("what", ["empty", "repeated", "made up"])
def test_pages_counted_for_ever(reports, tmp_path, key, what):
    def spoil(number, _, page):
        page["metaData"]["totalPages"] = number + 1
        if number > 5 and what == "repeated":
            page["data"] = reports.rows[40:]
        elif number > 5 and what == "made up":
            page["data"] = [customer(number * 100 + i) for i in range(10)]
            page["metaData"]["totalRecords"] = number * 10
        return page

    reports.spoil = spoil
    if what == "made up":
        words = "became 105 while they were read|3 pages became|2 pages became"
        refuse(reports, tmp_path, (BadReport, ExportIncomplete), words, **keyed(key))
        assert len(reports.asked) < 200
    else:
        expect(reports, tmp_path, **keyed(key))
        assert len(reports.asked) < 30


def test_more_pages_than_allowed(reports, tmp_path):
    refuse(reports, tmp_path, BadReport, "5 pages; raise rows_page", care={"max_pages": 4})
    assert len(reports.asked) == 1


@pytest.mark.parametrize("lasting", [False, True])
def test_a_page_that_calls_itself_another(reports, tmp_path, lasting):
    def spoil(number, times, page):
        if number == 3 and (lasting or times == 1):
            page["metaData"]["activePage"] = 2
        return page

    reports.spoil = spoil
    if lasting:
        refuse(reports, tmp_path, BadReport, "page 3: it calls itself page 2")
    else:
        expect(reports, tmp_path)


def test_totals_as_text(reports, tmp_path):
    def spoil(_n, _, page):
        page["metaData"] = {name: str(value) for name, value in page["metaData"].items()}
        return page

    reports.spoil = spoil
    assert expect(reports, tmp_path).proof.declared == 45


def move(reports, at, change):
    """Have rows change when page 3 is asked for the so-manyeth time."""
    calls = count(1)

    def spoil(_n, _, page):
        if next(calls) in at:
            change(reports.rows)
        return page

    reports.spoil = spoil


CHANGES = {
    "appended": lambda rows: rows.append(customer(500 + len(rows))),
    "put first": lambda rows: rows.insert(0, customer(500 + len(rows))),
    "taken out": lambda rows: rows.pop(7),
    "one out, one in": lambda rows: (rows.pop(7), rows.append(customer(500 + len(rows)))),
    "many taken out": lambda rows: [rows.pop() for _ in range(20)],
    "many appended": lambda rows: rows.extend([customer(600 + i) for i in range(30)]),
}


@BOTH
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("when", [1, 3, 5, 8])
def test_rows_that_move_once(reports, tmp_path, key, change, when):
    move(reports, {when}, change)
    expect(reports, tmp_path, care={"recheck": None}, **keyed(key))


@BOTH
def test_what_was_read_under_another_total_is_read_again_and_no_more(reports, tmp_path, key):
    reports.rows = [customer(i) for i in range(100)]
    move(reports, {4}, CHANGES["taken out"])
    made = expect(reports, tmp_path, policy={"in_flight": 1}, care={"recheck": 0}, **keyed(key))
    assert (made.proof.restarts, made.proof.reread) == (0, 4)
    assert reports.asked == [*range(1, 11), 4, 3, 2, 1]


@BOTH
def test_rows_that_never_stay(reports, tmp_path, key):
    move(reports, range(10**6), CHANGES["put first"])
    error = refuse(reports, tmp_path, ExportIncomplete, "its total moved", **keyed(key))
    assert error.proof.restarts == 2
    assert len(reports.asked) < 150


@BOTH
def test_what_cannot_be_proven_is_published_where_the_feed_says_so(reports, tmp_path, key):
    def spoil(number, _, page):
        if number == 3:
            page["data"] = []
        return page

    reports.spoil = spoil
    made = run(reports, tmp_path, on_incomplete="publish", care={"restarts": 0}, **keyed(key))
    assert not made.proof.complete
    assert made.proof.doubts == ("35 rows came, where 45 are announced",)
    assert read(tmp_path).height == made.rows == 35


def test_an_id_on_two_pages_is_kept_once(reports, tmp_path):
    """The one that was read last stays."""

    def spoil(_n, _, page):
        page["metaData"]["totalRecords"] = 45
        return page

    reports.rows.insert(20, customer(7, late=1))
    reports.spoil = spoil
    made = run(reports, tmp_path, policy={"in_flight": 1})
    assert (made.rows, made.proof.repeated) == (45, 1)
    kept = read(tmp_path)
    assert kept["id"].n_unique() == 45
    assert kept.filter(id="c0007")["late"].to_list() == [1]


def test_new_values_of_the_same_rows_are_news(reports, tmp_path):
    """Points change all day long; that is no sign of a row that was missed."""

    def spoil(_n, times, page):
        page["data"] = [row | {"points": row["points"] + 1000 * times} for row in page["data"]]
        return page

    reports.spoil = spoil
    expect(reports, tmp_path, care={"recheck": None})
    assert read(tmp_path)["points"].min() >= 2000


BROKEN = {
    "cut": lambda body: Reply(body=body, cut=30),
    "cut and not told": lambda body: Reply(body=body[:-30]),
    "cut and of no type": lambda body: Reply(body=body[:-30], content_type="text/plain"),
    "empty": lambda _: Reply(body=b"", content_type="text/plain"),
    "HTML": lambda _: Reply(body=b"<html><body>Welcome</body></html>", content_type="text/html"),
    "429": lambda _: Reply(429),
    "429, in a second": lambda _: Reply(429, headers={"retry-after": "1"}),
    "500": lambda _: Reply(500),
    "502": lambda _: Reply(502),
    "503": lambda _: Reply(503, b"<html>Down</html>", content_type="text/html"),
    "a timeout": lambda body: Reply(body=body, wait=0.7),
    "compressed": lambda b: Reply(body=gzip.compress(b), headers={"content-encoding": "gzip"}),
    "not a number": lambda body: Reply(body=body.replace(b'"points": 25', b'"points": NaN')),
    "a name twice": lambda body: Reply(
        body=body.replace(b'"points": 25', b'"points": 1, "points": 25')
    ),
    "too deep": lambda body: Reply(
        body=body.replace(b": 25}", b": " + b"[" * 40 + b"]" * 40 + b"}")
    ),
    "far too deep": lambda b: Reply(
        body=b.replace(b": 25}", b": " + b"[" * 9999 + b"]" * 9999 + b"}")
    ),
}
WORDS = {
    "cut": "no whole answer",
    "cut and not told": "cut off",
    "cut and of no type": "cut off or broken",
    "empty": "an empty answer",
    "HTML": "HTML page",
    "429": "429 Too Many Requests",
    "429, in a second": "429",
    "500": "500 Internal Server Error",
    "502": "502 Bad Gateway",
    "503": "503 Service Unavailable: a page: Down",
    "a timeout": "timed out",
    "compressed": "compressed answer",
    "not a number": "cut off or broken",
    "a name twice": "names 'points' twice",
    "too deep": "nested deeper than 32",
    "far too deep": "nested deeper than 32",
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "for ever"])
def test_a_page_that_is_none(reports, tmp_path, fault, lasting):
    def spoil(number, times, page):
        if number == 3 and (lasting or times <= 2):
            return BROKEN[fault](json.dumps(page).encode())
        return page

    reports.spoil = spoil
    how = {"timeout": Timeout(read=0.4), "policy": {"attempts": 3, "longest_asked_wait": 0.3}}
    if lasting:
        refuse(reports, tmp_path, (ApiError, BadReport), WORDS[fault], **how)
        assert reports.times[3] == 3
        # Whoever asks again when it is mended asks for no page twice.
        reports.asked.clear()
        reports.spoil = lambda *told: told[2]
        made = expect(reports, tmp_path, run_id="run2", care={"recheck": 0}, **how)
        assert made.proof.resumed == 4
        assert reports.asked == [3]
    else:
        assert expect(reports, tmp_path, care={"recheck": 0}, **how).proof.reread == 0
        assert reports.times == {1: 1, 2: 1, 3: 3, 4: 1, 5: 1}


def test_an_answer_above_the_limit(reports, tmp_path):
    def spoil(number, _, page):
        return (
            Reply(body=json.dumps(page | {"more": "x" * 10_000}).encode()) if number == 3 else page
        )

    reports.spoil = spoil
    refuse(
        reports,
        tmp_path,
        ApiError,
        "above 5,000 bytes; ask for less at a time .rows_page.",
        max_answer=5000,
    )


def test_a_bomb_is_never_unfolded(reports, tmp_path):
    bomb = gzip.compress(bytes(5_000_000))
    reports.spoil = lambda *_: Reply(body=bomb, headers={"content-encoding": "gzip"})
    refuse(reports, tmp_path, ApiError, "a compressed answer that was not asked for")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_never_takes_the_key_along(reports, tmp_path, status):
    with serve_reports() as other:
        other.rows = reports.rows
        there = f"{other.url}/reports/customers?page=3&rowsPage=10"
        reports.spoil = lambda n, _, page: (
            Reply(status, headers={"location": there}) if n == 3 else page
        )
        refuse(reports, tmp_path, ApiError, "redirects are never followed")
        assert other.asked == []
        assert reports.times[3] == 1


@pytest.mark.parametrize("status", [401, 403])
def test_no_is_no(reports, tmp_path, status):
    reports.spoil = lambda n, _, page: Reply(status) if n == 3 else page
    refuse(reports, tmp_path, Forbidden, str(status))
    assert reports.times[3] == 1


@pytest.mark.parametrize(
    "meta", [{}, {"totalRecords": -1}, {"totalRecords": 1.5}, "page 1 of 1", []]
)
def test_broken_meta_data(reports, tmp_path, meta):
    broken = {"totalPages": 1, "activePage": 1, **meta} if isinstance(meta, dict) else meta
    reports.spoil = lambda _n, _t, page: {**page, "metaData": broken}
    refuse(reports, tmp_path, BadReport, "metaData has no whole number totalRecords")


def test_a_burst_of_429_slows_all_down(reports, tmp_path):
    """While the platform asks to wait, no other page is asked for either."""
    calls = count(1)
    reports.spoil = lambda _n, _t, page: page if next(calls) % 5 else Reply(429)
    reports.rows = [customer(i) for i in range(400)]
    expect(reports, tmp_path, care={"recheck": 0})
    assert len(reports.asked) < 60


def test_types_drift_from_page_to_page(reports, tmp_path):
    for row in reports.rows[10:20]:
        row["points"] = str(row["points"])
    for row in reports.rows[20:30]:
        row["points"] = None
    for row in reports.rows[30:]:
        row["tags"] = [{"name": "a"}]
    run(reports, tmp_path)
    kept = read(tmp_path).sort("id")
    assert kept["points"].to_list() == [*range(20), *[None] * 10, *range(30, 45)]
    assert kept["tags"].null_count() == 30


def test_the_first_line_of_a_page_is_told(reports, tmp_path):
    said = b"Dear kari@example.no,\nwe are closed"
    reports.spoil = lambda n, _, page: (
        Reply(body=said, content_type="text/plain") if n == 2 else page
    )
    error = refuse(reports, tmp_path, BadReport, re.escape('no JSON but "Dear <e-mail>,"'))
    assert "closed" not in str(error)
