"""Control totals: what a source tells of itself, held against what is read and what is taken."""

import json
from pathlib import Path

import pytest
import xlsxwriter

from pipelines.controlling import Found, compare_totals
from pipelines.feeds import FeedError, LoadFeed, find_feed
from pipelines.loading import prepare
from pipelines.runs import read_summary

pytestmark = pytest.mark.slow

TRAILER = {"trailer": "T;{receipts};{rows};{amount};{skip}"}


def end(file: Path, line: str) -> Path:
    file.write_text(f"{file.read_text()}{line}\n")
    return file


@pytest.fixture
def till(shop):
    """Write three receipts of two lines, 15.00 in all, with a trailer; give feed and platform."""

    def write(trailer: str, **words):
        platform = shop.serve()
        end(shop.write(range(3)), trailer)
        return shop.feed(control=TRAILER, rejects={"max_percent": 90}, **words), platform

    return write


def test_what_a_trailer_tells_is_checked_and_told(till, cli_here) -> None:
    feed, platform = till("T;3;6;15.00;2024-01-31")
    ran = cli_here("run", feed)
    assert ran.code == 0
    told = "accepted 6 of 6 rows, 3 of 3 receipts, 15.00 of 15.00 amount declared"
    assert f"  declared  {told}" in ran.out.splitlines()
    assert len(platform.held()) == 3
    again = cli_here("run", feed)  # what it has already counts as well
    assert again.code == 0
    assert f"  declared  {told} (3 before)" in again.out.splitlines()
    dry = cli_here("run", feed, "--dry-run")
    assert "  declared  6 rows, 3 receipts, 15.00 amount: as read" in dry.out.splitlines()


WRONG = {
    "T;4;6;15.00;": "receipts: declared 4, found 3 (1 fewer)",
    "T;3;5;15.00;": "rows: declared 5, found 6 (1 more)",
    "T;3;6;1015.01;": "amount: declared 1,015.01, found 15.00 (1,000.01 less)",
    "T;3;6;14.9999;": "amount: declared 14.9999, found 15.00 (0.0001 more)",
    "T;three;6;15.00;": "receipts: the source tells 'three', which is no number",
    "T;3.5;6;15.00;": "receipts: the source tells '3.5', which is no whole number",
    "T;3;6;15,00;": "amount: the source tells '15,00', which is no number",
    "T;3;6;1e99;": "amount: the source tells '1e99', which is no number",
}


@pytest.mark.parametrize("trailer", WRONG)
def test_a_total_that_is_wrong_stops_the_load(trailer, till, cli_here) -> None:
    feed, platform = till(trailer)
    ran = cli_here("run", feed)
    assert (ran.code, ran.out, len(ran.errors)) == (3, "", 1)
    assert WRONG[trailer] in ran.errors[0]
    assert "nothing was sent" in ran.errors[0]
    assert platform.facts()["requests"] == 0
    judged = cli_here("validate", feed)
    assert judged.code == 3
    assert f"  MISMATCH  {WRONG[trailer]}" in judged.out.splitlines()


def test_a_trailer_that_is_not_there_stops_the_load(till, cli_here) -> None:
    feed, platform = till("1,R4,,2024-01-31T14:50:05,1,1,P,1.00")
    ran = cli_here("run", feed)
    assert (ran.code, len(ran.errors)) == (3, 1)
    assert "T;{receipts};{rows};{amount};{skip}" in ran.errors[0]
    assert platform.facts()["requests"] == 0


def test_what_is_rejected_is_read_but_not_accepted(shop, cli_here) -> None:
    shop.serve()
    file = shop.write(range(3))
    file.write_text(file.read_text().replace("1,R1,C1,2024", "1,R1,C1,2O24"))
    end(file, "T;3;6;15.00;")
    feed = shop.feed(control=TRAILER, rejects={"max_percent": 90})
    ran = cli_here("run", feed)
    assert ran.code == 4
    told = "accepted 4 of 6 rows, 2 of 3 receipts, 10.00 of 15.00 amount declared"
    assert f"  declared  {told}" in ran.out.splitlines()
    told_by_id = cli_here("runs", "list", "--json").json()
    summary = read_summary(told_by_id["run_id"], "till")
    assert summary is not None
    assert (summary.as_declared, summary.exit_code) == (False, 4)
    assert summary.declared == {"rows": "6", "receipts": "3", "amount": "15.00"}
    assert summary.taken == {"rows": "4", "receipts": "2", "amount": "10.00"}

    rejects = Path(summary.folder) / "rejects.csv"
    rejects.write_text(rejects.read_text().replace("2O24", "2024"))
    retried = cli_here("retry", rejects)  # a part of the source tells no totals
    assert retried.code == 0
    assert "declared" not in retried.out


def test_what_the_platform_refuses_is_not_accepted(shop, cli_here) -> None:
    platform = shop.serve()
    platform.fail({"fault": "poison", "ids": ["R2"]})
    end(shop.write(range(3)), "T;3;6;15.00;")
    ran = cli_here("run", shop.feed(control=TRAILER))
    assert (ran.code, platform.held()) == (4, {"R0": 1, "R1": 1})
    assert "  declared  accepted 4 of 6 rows, 2 of 3 receipts, 8.00 of 15.00 amount" in ran.out


def test_an_amount_that_cannot_be_read_proves_nothing(shop, cli_here) -> None:
    platform = shop.serve()
    file = shop.write(range(3))
    file.write_text(file.read_text().replace(",2.50", ",2.5O", 1))
    end(file, "T;3;6;15.00;")
    feed = shop.feed(control=TRAILER, rejects={"max_percent": 90})
    ran = cli_here("run", feed)
    assert (ran.code, len(ran.errors)) == (3, 1)
    line = "amount: declared 15.00, 10.00 in what can be read; 1 more have an amount that cannot"
    assert line in ran.errors[0]
    assert platform.facts()["requests"] == 0


def test_a_failed_check_is_told_to_dagster_too(till, run) -> None:
    import dagster as dg

    from pipelines.materializing import open_instance

    feed, _ = till("T;3;6;15.00;")
    summary = run(feed)
    assert summary.state == "finished"
    with open_instance() as instance:
        events = instance.all_logs(
            summary.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        )
    found = [e.dagster_event.event_specific_data for e in events]
    judged = {(check.asset_key.path[-1], check.check_name): check.passed for check in found}
    assert judged["prepared", "as_declared"] is judged["delivered", "as_declared"] is True


# --- formats, parts, numbers ----------------------------------------------------------------------

MEMBERS = {"externalId": "no", "name": "name"}


def members(kind: str, mapping=MEMBERS, **words) -> LoadFeed:
    source = {"path": f"a.{kind}", **words.pop("source", {})}
    target = {"endpoint": "POST /import"}
    return LoadFeed.model_validate(
        {"source": source, "target": target, "mapping": mapping, **words}
    )


def test_json_tells_its_count_before_or_behind_its_records(tmp_path) -> None:
    rows = [{"no": str(n), "name": "x"} for n in range(4)]
    words = {"source": {"record": "export.members"}, "control": {"members": "export.count"}}
    for document in ({"count": 4, "members": rows}, {"members": rows, "count": 4}):
        file = tmp_path / "a.json"
        file.write_text(json.dumps({"export": document}))
        done = prepare(members("json", **words), file, tmp_path)
        assert (done.declared, done.mismatches) == ({"members": "4"}, [])
    file.write_text(json.dumps({"export": {"members": rows, "count": 5}}))
    done = prepare(members("json", **words), file, tmp_path)
    assert done.mismatches == ["members: declared 5, found 4 (1 fewer)"]
    file.write_text(json.dumps({"export": {"members": rows}}))
    done = prepare(members("json", **words), file, tmp_path)
    assert done.mismatches == ["members: the source does not tell it"]


@pytest.mark.parametrize("path", ["Export.@count", "Export.Footer.Count"])
def test_xml_tells_its_count_in_an_attribute_or_an_element(path, tmp_path) -> None:
    file = tmp_path / "a.xml"
    rows = "".join(f"<M><no>{n}</no><name>x</name></M>" for n in range(4))
    file.write_text(f'<Export count="4">{rows}<Footer><Count> 4 </Count></Footer></Export>')
    feed = members("xml", source={"record": "M"}, control={"records": path})
    done = prepare(feed, file, tmp_path)
    assert (done.declared, done.mismatches) == ({"records": "4"}, [])


def test_fixed_width_has_a_trailer_too(tmp_path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("0001 Kari \n0002 Ola  \nEND0002\n")
    fields = {"format": "fixed", "fields": {"no": [1, 4], "name": [6, 5]}}
    done = prepare(members("txt", source=fields, control={"trailer": "END{rows}"}), file, tmp_path)
    assert (done.rows, done.declared, done.mismatches) == (2, {"rows": "2"}, [])


def test_a_sheet_has_a_trailer_too(tmp_path) -> None:
    file = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(file) as workbook:
        sheet = workbook.add_worksheet()
        for at, row in enumerate((["no", "name"], ["1", "Kari"], ["2", "Ola"], ["Totalt", 2])):
            sheet.write_row(at, 0, row)
    done = prepare(members("xlsx", control={"trailer": "Totalt;{rows}"}), file, tmp_path)
    assert (done.rows, done.declared, done.mismatches) == (2, {"rows": "2"}, [])
    done = prepare(members("xlsx", control={"trailer": "Totalt;{skip}"}), file, tmp_path)
    assert (done.rows, done.declared, done.mismatches) == (2, {}, [])


def test_the_totals_of_several_files_are_added_up(tmp_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for n in (1, 2):
        (folder / f"{n}.csv").write_text(f"no,name\n{n}0,x\n{n}1,y\nT,2\n")
    feed = members("csv", control={"trailer": "T,{members}"})
    done = prepare(feed, folder, tmp_path)
    assert (done.records, done.declared, done.mismatches) == (4, {"members": "4"}, [])
    (folder / "2.csv").write_text("no,name\n20,x\nT,2\n")
    done = prepare(feed, folder, tmp_path)
    assert done.mismatches == ["members: declared 4, found 3 (1 fewer)"]


def test_a_row_that_cannot_be_read_is_a_row_all_the_same(tmp_path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("no,name\n1,x\n2,y,z\n3,x\nT,3\n")
    done = prepare(members("csv", control={"trailer": "T,{rows}"}), file, tmp_path)
    assert (done.rows, done.rejected_rows, done.mismatches) == (3, 1, [])


NUMBERS = [
    ({}, "1234.50", "1234.50"),
    ({}, " 0001234.5 ", "1234.50"),
    ({"decimal": ","}, "1234,50", "1234.50"),
    ({"decimal": ",", "thousands": "."}, "1.234,50", "1234.50"),
    ({"decimal": ",", "thousands": " "}, "1\u00a0234,50", "1234.50"),
    ({"thousands": "'"}, "1'234.5", "1234.50"),
    ({}, "-3", "-3.00"),
]


@pytest.mark.parametrize(("values", "text", "plain"), NUMBERS)
def test_totals_are_written_as_the_sources_numbers_are(values, text, plain, shop) -> None:
    _, feed = find_feed(str(shop.feed(control=TRAILER, values=values)))
    assert isinstance(feed, LoadFeed)
    told = {"amount": [text], "rows": ["1"], "receipts": ["1"]}
    amount = round(float(plain) * 10_000)
    assert compare_totals(feed, told, Found(1, 1, amount)) == (
        {"rows": "1", "receipts": "1", "amount": plain},
        [],
    )


# --- the words ------------------------------------------------------------------------------------

WORDS = {
    "unknown name": ({"trailer": "T;{count}"}, "{count} is none of rows, records, receipts"),
    "twice": ({"trailer": "{rows};{rows}"}, "names {rows} twice"),
    "blank": ({"trailer": "  "}, "a line that is not blank"),
    "path in a CSV": ({"rows": "a.b"}, "a path belongs to json and xml, not to csv: name it in"),
    "members of receipts": ({"trailer": "{members}"}, "members belong to POST /import"),
    "unknown word": ({"row": "a"}, "did you mean rows?"),
}


@pytest.mark.parametrize("case", WORDS)
def test_a_wrong_word_is_told(case, shop) -> None:
    control, said = WORDS[case]
    with pytest.raises(FeedError) as caught:
        find_feed(str(shop.feed(control=control)))
    assert said in str(caught.value)


def test_a_total_belongs_to_its_format_and_its_records() -> None:
    for kind, control, said in (
        ("parquet", {"trailer": "T"}, "belongs to csv, fixed and xlsx, not to parquet"),
        ("parquet", {"rows": "a"}, "a path belongs to json and xml, not to parquet"),
        ("xlsx", {"rows": "a"}, "not to xlsx: name it in `trailer`"),
        ("csv", {"trailer": "T;{amount}"}, "amount belongs to POST /transactions"),
        ("json", {"receipts": "n"}, "receipts belongs to POST /transactions"),
    ):
        with pytest.raises(ValueError, match=said):
            members(kind, control=control)
