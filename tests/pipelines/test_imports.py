"""Members by every import: a body in JSON, XML or CSV, a form, a file; into the sandbox."""

import csv
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from pipelines.feeds import FeedError, find_feed
from pipelines.previewing import preview
from tests.pipelines.conftest import KEY, NO_WAITS

BODY, FORM, FILE = "POST /import", "POST /import/form", "POST /import/file"
pytestmark = pytest.mark.usefixtures("dagster_forgets")
MAPPING = {
    "externalId": "no",
    "mobilePhone": "phone",
    "firstName": "name",
    "zip": {"column": "zip", "type": "text"},
    "shoe": "shoe",
    "consents.acceptsSms": "sms",
    "interests": {"list": ["likes"], "at": "/"},
}
HEADER = ["no", "phone", "name", "zip", "shoe", "sms", "likes"]
HOSTILE = ["]]>", "Kari & <Co>", 'Ola "O"', "a,b;c", "two\nlines", "smile 😀", "=1+1", "<!--x-->"]


def source(folder: Path, rows: list[list[str]]) -> Path:
    path = folder / "members.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def many(count: int) -> list[list[str]]:
    return [
        [
            f"00{n}",
            f"+47900000{n:02}",
            HOSTILE[n % len(HOSTILE)],
            f"0{n % 10}53",
            "43",
            "true",
            "a/b",
        ]
        for n in range(count)
    ]


def write(folder: Path, endpoint: str, *, delivery=None, values=None, **target: object) -> Path:
    attributes = {
        "source": {"path": str(folder / "members.csv")},
        "target": {"endpoint": endpoint, **target},
        "mapping": MAPPING,
        "delivery": {**NO_WAITS, **(delivery or {})},
        "rejects": {"max_percent": 100},
        **({"values": values} if values else {}),
    }
    path = folder / "feeds" / "members"
    path.mkdir(parents=True, exist_ok=True)
    feed = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
    (path / "defs.yaml").write_text(yaml.safe_dump(feed, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture
def platform(shop) -> Iterator[httpx.Client]:
    served = shop.serve(import_seconds=0)
    with httpx.Client(
        base_url=served.base_url, headers={"x-api-key": KEY}, trust_env=False
    ) as http:
        http.served = served
        yield http


def held(http, number):
    return http.get(f"customers/externalId/{number}").json()["data"]


def wait_for(condition):
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < 20
        time.sleep(0.02)


def files(served, state):
    return served.facts()["files"][state]


TARGETS = [
    (BODY, {"format": "json", "max_members": 5}),
    (BODY, {"format": "xml", "max_members": 5}),
    (BODY, {"format": "csv", "max_members": 5}),
    (FORM, {}),
    (FILE, {"format": "json"}),
    (FILE, {"format": "xml", "envelope": "people", "element": "person"}),
    (FILE, {"format": "csv"}),
]


@pytest.mark.parametrize(("endpoint", "target"), TARGETS, ids=str)
def test_the_same_members_are_there_by_every_way(shop, platform, endpoint, target):
    rows = many(12)
    source(shop.folder, rows)
    summary = shop.run(write(shop.folder, endpoint, **target))
    assert (summary.accepted_records, summary.exit_code) == (12, 0), summary.error
    wait_for(lambda: platform.served.facts()["customers"] == 12)
    for no, phone, name, code, *_ in rows:
        member = held(platform, no)
        assert (member["externalId"], member["mobilePhone"]) == (no, phone)
        assert (member["firstName"], str(member["zip"])) == (name, code)
        extended = member["extendedProperties"]
        assert extended["shoe"] == "43"
        if target.get("format") == "json":
            assert (member["interests"], member["consents"]["acceptsSms"]) == (["a", "b"], True)
        else:
            assert (extended["interests"], extended["consents"]["acceptsSms"]) == ("a;b", "true")
    again = shop.run(shop.folder / "feeds" / "members")
    assert (again.unchanged_records, again.requests) == (12, 0)


def test_a_file_that_was_taken_in_is_told_as_such(shop, platform):
    source(shop.folder, many(3))
    summary = shop.run(write(shop.folder, FILE, format="csv"))
    (warning,) = summary.warnings
    assert warning.startswith("3 accepted members were taken in (202): not done yet")
    assert {*shop.outcomes(summary)["reasons"]} == {
        "taken in, not done: not seen at the platform yet"
    }
    assert platform.served.facts()["seen"]["POST /import/file"] == 1


def test_with_confirm_what_was_taken_in_is_in_doubt_until_it_is_seen(shop):
    served = shop.serve(import_seconds=1.5)
    source(shop.folder, many(4))
    path = write(shop.folder, FILE, format="xml", confirm=True)
    summary = shop.run(path)
    assert (summary.in_doubt_records, summary.exit_code, summary.resumable) == (4, 5, True)
    assert not summary.warnings
    wait_for(lambda: files(served, "done") == 1)
    summary = shop.resume(path, summary.run_id)
    assert (summary.accepted_records, summary.exit_code) == (4, 0)
    assert {*shop.outcomes(summary)["reasons"]} == {"found by asking"}
    assert served.facts()["seen"]["POST /import/file"] == 1


def test_with_confirm_a_file_that_fails_stays_in_doubt_and_is_not_sent_again(shop):
    served = shop.serve(import_seconds=0, import_envelope="others")
    source(shop.folder, many(4))
    path = write(shop.folder, FILE, format="json", confirm=True)
    summary = shop.run(path)
    wait_for(lambda: files(served, "failed") == 1)
    summary = shop.resume(path, summary.run_id)
    assert (summary.in_doubt_records, summary.exit_code) == (4, 5)
    assert served.facts()["seen"]["POST /import/file"] == 1


def test_a_form_whose_answer_is_lost_is_asked_about(shop):
    served = shop.serve(
        {"fault": "drop_after", "path": "/import/form", "requests": [1, 2]},
        {"fault": "drop_before", "path": "/import/form", "requests": [3, 4]},
    )
    source(shop.folder, many(6))
    summary = shop.run(write(shop.folder, FORM, in_flight=1))
    assert (summary.accepted_records, summary.exit_code) == (6, 0)
    facts = served.facts()
    assert (facts["customers"], facts["imports"], facts["seen"]["POST /import/form"]) == (6, 6, 8)


def test_a_form_that_may_have_changed_something_stays_in_doubt(shop, platform):
    source(shop.folder, many(2))
    path = write(shop.folder, FORM, in_flight=1)
    assert shop.run(path).accepted_records == 2
    rows = many(2)
    rows[0][2] = "Another"
    source(shop.folder, rows)
    platform.served.fail({"fault": "drop_before", "path": "/import/form"})
    summary = shop.run(path)
    assert (summary.in_doubt_records, summary.unchanged_records) == (1, 1)
    platform.served.fail()
    assert shop.resume(path, summary.run_id).in_doubt_records == 1  # nobody can tell
    assert held(platform, "000")["firstName"] == HOSTILE[0]


def test_a_file_whose_answer_is_lost_is_not_sent_again(shop):
    served = shop.serve({"fault": "drop_before", "path": "/import/file", "first": 1})
    source(shop.folder, many(6))
    path = write(shop.folder, FILE, format="csv")
    summary = shop.run(path)
    assert (summary.in_doubt_records, summary.exit_code) == (6, 5)
    assert served.facts()["seen"]["POST /import/file"] == 1


def test_a_changed_member_is_sent_by_form(shop, platform):
    source(shop.folder, many(1))
    path = write(shop.folder, FORM)
    assert shop.run(path).accepted_records == 1
    rows = many(1)
    rows[0][2] = "Another"
    source(shop.folder, rows)
    assert shop.run(path).accepted_records == 1
    assert held(platform, "000")["firstName"] == "Another"


@pytest.mark.parametrize("form", ["xml", "csv"])
def test_a_refused_batch_is_searched_for_the_bad_member(shop, form):
    served = shop.serve({"fault": "poison", "ids": ["005"], "status": 400, "style": "vague"})
    source(shop.folder, many(8))
    summary = shop.run(write(shop.folder, BODY, format=form))
    assert (summary.accepted_records, summary.rejected_records) == (7, 1)
    (row,) = shop.rows(summary, "rejects.csv")
    assert row["no"] == "005"
    assert served.facts()["customers"] == 7


@pytest.mark.parametrize("form", ["json", "xml", "csv"])
def test_what_a_format_cannot_say_is_a_reject(shop, form):
    shop.serve()
    rows = many(5)
    rows[1][2] = "no \ufffe in XML"
    rows[2][6] = "a;b/c"
    rows[3][2] = "bell\x07"
    rows[4][2] = "#N/A"
    source(shop.folder, rows)
    summary = shop.run(write(shop.folder, BODY, format=form))
    told = {row["no"]: row["_error"] for row in shop.rows(summary, "rejects.csv")}
    wanted = {"003": "holds a control character"}
    wanted |= {"001": "holds a character that XML has not"} if form == "xml" else {}
    if form != "json":
        wanted |= {"002": "a text in it holds ;, which stands between two"}
        wanted |= {"004": "only JSON can clear a field"}
    assert told.keys() == wanted.keys()
    assert all(wanted[no] in error for no, error in told.items())


def test_a_body_has_the_type_that_the_feed_says(shop):
    served = shop.serve()
    source(shop.folder, many(2))
    path = write(shop.folder, BODY, format="csv", content_type="text/csv; charset=UTF-8")
    assert shop.run(path).accepted_records == 2
    path = write(shop.folder, BODY, format="xml", content_type="text/x-members")
    summary = shop.run(path, source(shop.folder, many(4)))
    assert (summary.rejected_records, served.facts()["customers"]) == (2, 2)


def test_a_preview_shows_the_bodies(shop):
    source(shop.folder, many(5))
    shown = preview(find_feed(str(write(shop.folder, BODY, format="csv", max_members=3)))[1])
    first, second = shown.bodies
    assert first.startswith(
        "externalId,mobilePhone,firstName,zip,shoe,consents.acceptsSms,interests\r\n"
    )
    assert (shown.lines[0], len(second.split("\r\n"))) == (BODY, 4)
    shown = preview(find_feed(str(write(shop.folder, FORM)))[1])
    assert shown.bodies[0].startswith("externalId=000&mobilePhone=%2B4790000000&")
    assert shown.records[0].sent["interests"] == ["a", "b"]


def test_no_body_is_larger_than_the_feed_says(shop):
    source(shop.folder, many(60))
    feed = find_feed(str(write(shop.folder, BODY, format="xml", max_bytes=2048)))[1]
    bodies = preview(feed, limit=60).bodies
    assert max(len(body.encode()) for body in bodies) <= 2048
    assert min(len(body.encode()) for body in bodies[:-1]) > 1500


@pytest.mark.parametrize(
    ("target", "rest", "why"),
    [
        ({"endpoint": BODY, "element": "m"}, {}, "`target.element`: belongs to format: xml"),
        ({"endpoint": BODY, "format": "xml", "delimiter": ";"}, {}, "belongs to format: csv"),
        (
            {"endpoint": BODY, "format": "csv", "envelope": "x"},
            {},
            "belongs to format: json or xml",
        ),
        ({"endpoint": BODY, "list_separator": "|"}, {}, "JSON has lists"),
        ({"endpoint": BODY, "format": "yaml"}, {}, "'json', 'xml' or 'csv'"),
        ({"endpoint": BODY, "confirm": True}, {}, "belongs to POST /import/file"),
        ({"endpoint": FORM, "format": "csv"}, {}, "format"),
        ({"endpoint": FILE, "format": "csv", "delimiter": "::"}, {}, "one ASCII character"),
        ({"endpoint": BODY, "content_type": "text/csv\r\nx-api-key: no"}, {}, "content_type"),
        (
            {"endpoint": FILE, "confirm": True},
            {"delivery": {"in_doubt": "resend"}},
            "target.confirm asks, so leave in_doubt out",
        ),
        (
            {"endpoint": BODY, "format": "csv", "content_type": "text/csv; charset=latin1"},
            {},
            "what is sent is in UTF-8",
        ),
        ({"endpoint": BODY, "mode": "mirror"}, {}, "mirror is not offered"),
        ({"endpoint": "PUT /customers", "mode": "mirror"}, {}, "mirror is not offered"),
        ({"endpoint": "POST /loyalty/bonus/import", "mode": "mirror"}, {}, "mirror is not offered"),
    ],
)
def test_words_that_do_not_go_together_are_told(tmp_path, target, rest, why):
    path = write(tmp_path, **target, **rest)
    with pytest.raises(FeedError) as told:
        find_feed(str(path))
    assert why in str(told.value)
    assert "defs.yaml" in str(told.value)
