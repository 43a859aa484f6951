"""Members that stand more than once in a source, made ready: who is sent, and what is told."""

import csv
import json
import re
import stat

import polars as pl
import pytest

from delivery.outcomes import TURNED_AWAY
from delivery.records import read_records
from pipelines import ROOT
from pipelines.cli.reasons import bare_reasons
from pipelines.feeds import LoadFeed, find_feed
from pipelines.loading import RECORDS, prepare, read_refused
from pipelines.merging import MANY, MERGED, TRACES
from pipelines.shaping import source_columns

COLUMNS = {
    "externalId": "no",
    "mobilePhone": {"function": "norwegian_phone", "columns": ["phone"]},
    "email": "mail",
    "birthDate": {"column": "born", "date": "%d.%m.%Y"},
    "consents.acceptsSms": "sms",
}
HEADER = "no,phone,mail,born,sms,changed"
MATCH = [["mobilePhone"], ["email", "birthDate"]]


def feed(path="m.csv", mapping=COLUMNS, source=None, values=None, **duplicates):
    return LoadFeed.model_validate(
        {
            "source": {"path": path, **(source or {})},
            "target": {"endpoint": "POST /import"},
            "values": values or {},
            "mapping": mapping,
            "duplicates": {"match": MATCH, **duplicates},
            "rejects": {"max_percent": 100},
        }
    )


@pytest.fixture
def merge(tmp_path):
    """Prepare a CSV of these members; give what is told, who is sent, and who was merged how."""

    def prepare_lines(*lines, words=None, **duplicates):
        source = tmp_path / "m.csv"
        source.write_text("".join(f"{line}\n" for line in (HEADER, *lines)), encoding="utf-8")
        done = prepare(words or feed(**duplicates), source, tmp_path, "run")
        return done, sent(tmp_path), merged(tmp_path)

    return prepare_lines


def sent(folder):
    frames = list(read_records(folder / RECORDS))
    return [json.loads(text) for frame in frames for text in frame["json"]]


def merged(folder):
    told = read_refused(folder)
    assert told.schema == TURNED_AWAY
    told = told.filter(pl.col("merged_into").is_not_null())
    return dict(told.select("row", "reasons").iter_rows())


def rows_of(folder):
    if not (folder / MERGED).exists():
        return []
    with (folder / MERGED).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def ids(members):
    return [member["externalId"] for member in members]


def test_members_are_one_by_key_or_by_all_values_of_a_rule(merge, tmp_path):
    done, members, told = merge(
        "1,90000001,a@example.com,31.01.1980,,",
        "2,90000002,a@example.com,31.01.1981,,",  # same mail, born on another day
        "3,+47 900 00 001,b@example.com,,,",  # the same phone, written another way
        "4,,a@example.com,31.01.1980,,",
        "2,90000009,,,,",
        "5,,,,,",  # what has no value shares none
        "6,,,,,",
    )
    assert ids(members) == ["1", "2", "5", "6"]
    assert told == {
        4: "merged into externalId 1 by mobilePhone",
        5: "merged into externalId 1 by email + birthDate",
        6: "merged into externalId 2 by its key",
    }
    assert (done.records, done.merged_records, done.rejected_records) == (7, 3, 0)
    assert done.merged_by == {"email + birthDate": 1, "its key": 1, "mobilePhone": 1}
    assert (done.rejected_rows, done.reasons, done.warnings) == (0, {}, [])
    assert stat.S_IMODE((tmp_path / MERGED).stat().st_mode) == 0o600
    assert not (tmp_path / TRACES).exists()
    assert [(r["no"], r["phone"], r["_source_row"], r["_run"]) for r in rows_of(tmp_path)] == [
        ("3", "'+47 900 00 001", "4", "run"),
        ("4", "", "5", "run"),
        ("2", "90000009", "6", "run"),
    ]
    assert rows_of(tmp_path)[0]["_error"] == (
        "merged into externalId 1 by mobilePhone; that one stands at line 2"
    )


def test_a_chain_over_different_rules_is_one_member(merge):
    _, members, told = merge(
        "1,90000001,,,,",
        "2,90000001,b@example.com,31.01.1980,,",
        "3,,b@example.com,31.01.1980,,",
        "3,90000004,,,,",
        "4,90000004,,,,",
    )
    assert ids(members) == ["1"]
    assert told == {
        3: "merged into externalId 1 by mobilePhone",
        4: "merged into externalId 1 by its key and email + birthDate, through others",
        5: "merged into externalId 1 by its key and mobilePhone, through others",
        6: "merged into externalId 1 by mobilePhone, through others",
    }


KEEP = [
    ("first", {}, "1"),
    ("most_complete", {}, "3"),
    ("newest", {"newest_by": "changed"}, "2"),
]


@pytest.mark.parametrize(("keep", "more", "stays"), KEEP)
def test_who_stays(merge, keep, more, stays):
    lines = (
        "1,90000001,,,,",
        "2,90000001,,,,2024-03-01",
        "3,90000001,a@example.com,31.01.1980,true,2024-02-28T23:59:59",
        "4,90000001,b@example.com,,,never",
    )
    done, members, _ = merge(*lines, keep=keep, **more)
    assert ids(members) == [stays]
    odd = "2 members that stand more than once have no time in changed, so they count as the oldest"
    assert done.warnings == ([odd] if more else [])


def test_the_newest_is_told_by_times_as_the_source_writes_them(merge):
    words = feed(keep="newest", newest_by="changed", values={"time": "%d.%m.%Y %H:%M"})
    _, members, _ = merge("1,,,,,31.01.2024 10:00", "1,90000001,,,,01.02.2024 09:00", words=words)
    assert members == [{"externalId": "1", "mobilePhone": "+4790000001"}]


def test_of_equal_ones_the_most_complete_stays_and_then_the_first(merge):
    lines = ("1,,,,,2024-01-01", "1,,a@example.com,,,2024-01-01", "1,,b@example.com,,,2024-01-01")
    _, members, _ = merge(*lines, keep="newest", newest_by="changed")
    assert [m["email"] for m in members] == ["a@example.com"]


def test_who_is_rejected_takes_no_part(merge):
    done, members, told = merge(
        "1,90000001,no mail,,,",
        "1,90000001,,,,",
        "2,90000001,,,,",
    )
    assert (ids(members), done.rejected_records) == (["1"], 1)
    assert told == {4: "merged into externalId 1 by mobilePhone"}


def test_without_the_word_they_are_rejected_as_ever(merge, tmp_path):
    words = feed().model_copy(update={"duplicates": None})
    done, members, told = merge("1,90000001,,,,", "1,90000002,,,,", "2,90000001,,,,", words=words)
    assert (ids(members), told) == (["2"], {})
    assert done.reasons == {"member: repeats": 2}
    assert rows_of(tmp_path) == []


def test_with_no_rule_the_key_alone_counts(merge):
    _, members, told = merge("1,90000001,,,,", "2,90000001,,,,", "1,,,,,", match=[])
    assert (ids(members), [*told]) == (["1", "2"], [4])


def test_over_blocks_and_files(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    count = 45_000
    for part in range(2):
        lines = [HEADER]
        lines += [f"{part}-{n},{90_000_000 + n},,,," for n in range(count)]
        (folder / f"{part}.csv").write_text("\n".join(lines) + "\n")
    words = feed(str(folder), source={"format": "csv"})
    done = prepare(words, folder, tmp_path)
    assert (done.records, done.merged_records) == (2 * count, count)
    assert ids(sent(tmp_path)) == [f"0-{n}" for n in range(count)]
    told = rows_of(tmp_path)
    assert len(told) == count
    assert told[-1]["_source_file"] == str(folder / "1.csv")
    assert told[-1]["_error"] == (
        f"merged into externalId 0-{count - 1} by mobilePhone;"
        f" that one stands at line {count + 1} of {folder / '0.csv'}"
    )


def test_many_that_are_one_are_told(merge):
    done, members, _ = merge(*(f"{n},99999999,,,," for n in range(MANY + 5)))
    assert ids(members) == ["0"]
    assert done.warnings == [
        "25 members are taken for one: is a value they share a stand-in for none? see merged.csv"
    ]


def test_what_the_one_that_stays_lacks_is_filled_in(merge):
    sex = {"column": "changed", "extract": "(M|F)"}
    mapping = {**COLUMNS, "metaData.sex": sex, "metaData.level": "changed"}
    done, members, _ = merge(
        "1,90000001,,#N/A,,",
        "1,90000009,æ@example.com,31.01.1980,true,gold M",
        "1,,b@example.com,,false,F",
        "2,90000002,,,,silver",
        words=feed(fill=True, mapping=mapping),
    )
    assert done.merged_records == 2
    assert members == [
        {
            "externalId": "1",
            "mobilePhone": "+4790000001",
            "email": "æ@example.com",
            "birthDate": None,
            "consents": {"acceptsSms": True},
            "metaData": [{"sex": "M"}, {"level": "gold M"}],
        },
        {"externalId": "2", "mobilePhone": "+4790000002", "metaData": [{"level": "silver"}]},
    ]
    assert list(members[0]) == [
        *("externalId", "mobilePhone", "email"),
        *("birthDate", "consents", "metaData"),
    ]


def test_nobody_is_given_another_name(merge, tmp_path):
    lines = (",90000001,,,,", "7,90000001,a@example.com,,,")
    _, members, told = merge(*lines, fill=True)
    assert members == [{"mobilePhone": "+4790000001", "email": "a@example.com"}]
    assert told == {3: "merged into mobilePhone +4790000001 by mobilePhone"}
    (frame,) = read_records(tmp_path / RECORDS)
    assert frame["key"].to_list() == ["mobilePhone\x1f+4790000001"]


def test_a_filled_record_is_hashed_as_it_is_sent(merge, tmp_path):
    merge("1,,,,,", "1,,a@example.com,,,", fill=True)
    (filled,) = read_records(tmp_path / RECORDS)
    merge("1,,a@example.com,,,")
    (plain,) = read_records(tmp_path / RECORDS)
    assert filled["json"].to_list() == plain["json"].to_list()
    assert filled["content_hash"].to_list() == plain["content_hash"].to_list()


def test_the_column_that_tells_the_newest_is_read(tmp_path):
    words = feed("m.json", keep="newest", newest_by="meta.changed", mapping={"externalId": "no"},
                 match=[])  # fmt: skip
    assert source_columns(words) == ("no", "meta.changed")
    source = tmp_path / "m.json"
    source.write_text(json.dumps([
        {"no": "1", "meta": {"changed": "2024-01-01"}},
        {"no": "1", "meta": {"changed": "2024-01-02"}},
    ]))  # fmt: skip
    done = prepare(words, source, tmp_path)
    assert done.merged_records == 1
    assert rows_of(tmp_path)[0]["_source_place"] == "/0"


def test_what_is_sent_alike_matches_however_it_is_written(merge):
    mapping = {"externalId": "no", "zip": "phone", "points": {"column": "mail", "type": "number"},
               "consents.acceptsSms": "sms"}  # fmt: skip
    match = [["zip", "points", "consents.acceptsSms"]]
    words = feed(mapping=mapping, match=match)
    _, members, _ = merge("1,0553,1.50,,1,", "2,553,1.5,,true,", "3,553,1.5,,0,", words=words)
    assert ids(members) == ["1", "3"]


def test_the_example_of_the_docs_does_what_it_says(tmp_path):
    page = (ROOT / "docs" / "duplicates.md").read_text(encoding="utf-8")
    texts, words = (
        re.findall(rf"^```{kind}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
        for kind in ("text", "yaml")
    )
    (rows, said, *_), words = texts, words[0]
    source = tmp_path / "members.csv"
    source.write_text(rows, encoding="utf-8")
    (tmp_path / "defs.yaml").write_text(words, encoding="utf-8")
    prepare(find_feed(str(tmp_path))[1], source, tmp_path)
    told = [f"line {row}: {reasons}" for row, reasons in merged(tmp_path).items()]
    assert "\n".join(told) == said.strip()


KEYS = ["+4790000001", "by its key", "7 by email + birthDate", "x by a and y", "it's by b, through"]
WAYS = ["its key", "mobilePhone", "its key and email + birthDate, through others", "a and b.c"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", KEYS)
def test_a_reason_is_told_without_the_key_that_it_quotes(key, way):
    reasons = [f"merged into mobilePhone {key} by {way}"]
    told = pl.LazyFrame({"outcome": ["merged"], "batch": [None], "reasons": reasons})
    assert bare_reasons(told, None).collect()["why"].to_list() == [[f"merged by {way}"]]
