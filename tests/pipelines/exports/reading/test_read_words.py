"""The words of an export that reads a method without pages, and what is said of wrong ones."""

from datetime import datetime

import pytest

from pipelines.feeds import ExportFeed, FeedError
from pipelines.feeds.reading import read_yaml

EACH = "{endpoint: 'GET /customers/id/{id}', over: {file: members.csv, column: id}}"
CHANGED = "{endpoint: 'GET /customers/changed/{timestamp}', since: {first: 2026-01-01T00:00:00}}"


@pytest.fixture
def feed(tmp_path):
    """Return what reads a feed with these words behind `attributes`."""

    def make(words):
        folder = tmp_path / "some_feed"
        folder.mkdir(exist_ok=True)
        text = f"type: pipelines.components.ExportFeedComponent\nattributes:\n  {words}\n"
        (folder / "defs.yaml").write_text(text, encoding="utf-8")
        read = read_yaml(folder / "defs.yaml")
        assert isinstance(read, ExportFeed)
        return read

    return make


def test_what_can_be_read(feed):
    assert feed("read: {endpoint: GET /stores}").reads == "GET /stores"
    each = feed(f"read: {EACH}").read
    assert (each.over.file.path, each.over.file.kind, each.in_flight) == ("members.csv", "csv", 8)
    block = EACH.replace("members.csv", "{path: a.txt, delimiter: ';'}")
    assert feed(f"read: {block}").read.over.file.delimiter == ";"
    named = EACH.replace("file: members.csv", "export: customers_report")
    assert feed(f"read: {named}\n  after: [members_csv]").behind == [
        "members_csv",
        "customers_report",
    ]
    assert feed("read: {endpoint: 'GET /loyalty/bonus/campaigns/{id}'}").read.over is None
    for first in ("2026-01-01T00:00:00", "2026-01-01", "'2026-01-01'"):
        read = feed(f"read: {CHANGED.replace('2026-01-01T00:00:00', first)}").read
        assert read.since.first == datetime(2026, 1, 1)  # noqa: DTZ001  (local in its zone)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("description: x", "`attributes`: needs `report`, or `read` for a method without pages"),
        (
            "{report: {type: a}, read: {endpoint: GET /stores}}",
            "`read`: an export has one of `report` and `read`, not both",
        ),
        ("read: {endpoint: GET /store}", "the API has no method GET /store; did you mean GET"),
        ("read: {endpoint: POST /customers}", "POST /customers is sent to, by a load feed"),
        ("read: {endpoint: GET /health/ping}", "GET /health/ping answers with no records"),
        (
            "read: {endpoint: 'GET /reports/{reportType}'}",
            "`read.endpoint`: GET /reports/{reportType} has pages: read it by `report`",
        ),
        (
            "read: {endpoint: 'GET /data-enrichment/ssn/{ssn}'}",
            "is not offered for files: it carries national identity numbers",
        ),
        ("read: {}", "`read.endpoint` is missing"),
        (
            "read: {endpoint: 'GET /customers/id/{id}'}",
            "`read.over`: GET /customers/id/{id} needs it: whose id to ask for, such as {file:",
        ),
        (
            "read: {endpoint: GET /stores, over: {file: a.csv, column: id}}",
            "`read.over`: GET /stores is not asked one by one, leave it out",
        ),
        (
            "read: {endpoint: GET /stores, since: {first: 2026-01-01}}",
            "`read.since`: GET /stores takes no time, leave it out",
        ),
        (
            "read: {endpoint: 'GET /customers/changed/{timestamp}'}",
            "`read.since`: GET /customers/changed/{timestamp} needs it, such as {first: 2024-",
        ),
        (
            f"read: {EACH.replace('over', 'ovr')}",
            "unknown word `ovr` under read; did you mean over? allowed: endpoint, over, since,",
        ),
        (
            f"read: {EACH.replace('column: id', 'column: id, export: x')}",
            "`read.over`: needs one of `export`, a feed, and `file`",
        ),
        (f"read: {EACH.replace(', column: id', '')}", "`read.over.column` is missing"),
        (
            f"read: {EACH.replace('members.csv', 'members.pdf')}",
            "`read.over`: `format` is needed: the path ends in none of .csv",
        ),
        (
            f"read: {EACH.replace('members.csv', '{pth: a.csv}')}",
            "unknown word `pth` under read.over; did you mean path?",
        ),
        (
            f"read: {EACH.replace('file: members.csv', 'export: customer_report')}",
            "`read.over.export`: no feed is called customer_report; did you mean customers_report?",
        ),
        (
            f"read: {EACH.replace('file: members.csv', 'export: members_csv')}",
            "`read.over.export`: members_csv is a load, not an export",
        ),
        (
            f"read: {EACH[:-1]}, parameter: phone}}",
            "`read.parameter`: GET /customers/id/{id} takes no parameter whose name is a guess",
        ),
        (
            f"read: {CHANGED.replace('2026-01-01T00:00:00', 'soon')}",
            "`read.since.first`: must be a time such as 2024-01-01T00:00:00, or a day",
        ),
        (
            f"read: {CHANGED.replace('first:', 'zone: Oslo, first:')}",
            "`read.since.zone`: not a time zone such as Europe/Oslo",
        ),
        (
            f"read: {CHANGED.replace('first:', 'format: Ad, first:')}",
            "`read.since.format`: epoch, epoch_ms, or a pattern with day and minute",
        ),
        (
            f"layout: {{mode: append}}\n  read: {CHANGED}",
            "`layout`: mode append would keep what comes again: take merge, with a `key`",
        ),
    ],
)
def test_what_cannot_is_told_in_one_line(feed, words, said):
    with pytest.raises(FeedError) as caught:
        feed(words if not words.startswith("{") else words[1:-1].replace("}, read", "}\n  read"))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.line >= 2
