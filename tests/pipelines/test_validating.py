"""`loyalty-etl validate`, and the causes and fixes it tells."""

import csv
import os
import signal
import stat
from pathlib import Path

import click
import pytest

from pipelines import ROOT
from pipelines.cases import Case
from pipelines.cli.terminal import ending_on_sigterm
from pipelines.feeds import LoadFeed
from pipelines.loading import prepare
from pipelines.noting import DISTINCT
from pipelines.suggesting import suggest
from pipelines.validating import validate

DIRTY = ROOT / "sample_data" / "dirty"
COLUMNS = {
    "externalId": "no",
    "birthDate": "born",
    "mobilePhone": "phone",
    "gender": {"column": "sex", "lookup": {"Kvinne": "Female", "Mann": "Male"}},
}
HEADER = "no,born,phone,sex\n"


def feed(mapping=COLUMNS, **words) -> LoadFeed:
    source, target = {"path": "a.csv"}, {"endpoint": "POST /import"}
    words = {"source": source, "rejects": {"max_percent": 100}, **words}
    return LoadFeed.model_validate({"target": target, "mapping": mapping, **words})


@pytest.fixture
def judge(tmp_path):
    """Return what validates a CSV of these lines."""

    def judge_lines(*lines: str, words=None, **options):
        file = tmp_path / "a.csv"
        file.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
        return validate(words or feed(), str(file), **options)

    return judge_lines


def test_what_is_wrong_is_grouped_counted_placed_and_explained(judge) -> None:
    report = judge(
        "1,31.12.1980,,Kvinne",
        "2,31.02.1980,,Mann",
        "3,31.02.1980,,Kvine",
        "4,1980-01-31,,Kvine",
        "5,1.1.1980,,Hund",
    )
    assert (report.rows, report.rejected_rows, report.exit_code) == (5, 5, 4)
    day, word = report.causes
    assert (day.field, day.columns, day.code, day.rows, day.percent, day.distinct) == (
        *("birthDate", ("born",), "not-a-date"),
        *(4, 80.0, 3),
    )
    assert day.message == "not a date such as 2024-01-31"
    told = [(sample.value, sample.rows, sample.place) for sample in day.samples]
    assert told[0] == ("31.02.1980", 2, "line 3")
    assert ("1.1.1980", 1, "line 6") in told
    assert day.fix == "looks like dd.mm.yyyy: set values.date: '%d.%m.%Y'"
    assert (word.field, word.rows, word.samples[0].place) == ("gender", 3, "line 4")
    assert word.fix.startswith("add to the lookup: Kvine (2 rows, near Kvinne); Hund (1 row)")


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("json", '[{"no": "1", "born": null}, {"no": "2", "sex": "Female"}]'),
        ("ndjson", '{"no": "1", "born": null}\n{"no": "2", "sex": "Female"}\n'),
        ("xml", "<All><M><no>1</no><born/></M><M><no>2</no><sex>Female</sex></M></All>"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(tmp_path, suffix: str, text: str) -> None:
    file = tmp_path / f"a.{suffix}"
    file.write_text(text, encoding="utf-8")
    source = {"path": str(file), "record": "All/M" if suffix == "xml" else ""}
    report = validate(feed(source={k: v for k, v in source.items() if v}))
    assert [line for line in report.warnings if line.startswith("no row")] == [
        "no row has born: is its path right?",
        "no row has phone: is its path right?",
    ]


def test_an_empty_column_of_a_table_is_no_wrong_path(judge) -> None:
    assert judge("1,,,Kvinne").warnings == []


def test_what_the_fix_says_mends_it(judge) -> None:
    lines = ["1,31.12.1980,,Kvinne", "2,31.02.1980,,Mann"]
    words = feed(values={"date": "%d.%m.%Y"})
    report = judge(*lines, words=words)
    (day,) = report.causes
    assert (day.rows, day.samples[0].value) == (1, "31.02.1980")
    assert "there is no such day" in day.fix


def test_a_member_that_comes_twice_is_a_cause(judge) -> None:
    report = judge("1,,,", "2,,,", "1,,,Mann")
    (cause,) = report.causes
    assert (cause.field, cause.code, cause.rows) == ("member", "repeats", 2)
    assert [(s.value, s.place) for s in cause.samples] == [("1", "line 2")]
    assert "keep one row" in cause.fix


def test_rows_that_cannot_be_read_are_grouped_by_why(judge) -> None:
    report = judge("1,,,", "2,,", "3,,,,,", "4,,")
    assert sum(cause.rows for cause in report.causes) == 3
    assert {cause.code for cause in report.causes} == {"not-readable"}
    assert all("source.delimiter" in cause.fix for cause in report.causes)
    assert {s.place for c in report.causes for s in c.samples} == {"line 3", "line 4", "line 5"}
    assert {c.message for c in report.causes} == {"expected N fields, found N"}
    assert judge("1,,,", "2,,").causes[0].message == "expected 4 fields, found 3"


def test_values_are_bounded_however_many_are_wrong(judge) -> None:
    report = judge(*(f"{n},{n},," for n in range(DISTINCT + 50)), samples=2)
    (cause,) = report.causes
    assert (cause.rows, cause.distinct, len(cause.samples)) == (DISTINCT + 50, DISTINCT, 2)


@pytest.mark.parametrize("name", ["receipts", "members"])
def test_it_finds_what_a_load_finds(name, tmp_path) -> None:
    from pipelines.feeds import read_feed

    words, file = read_feed(f"{name}_csv"), DIRTY / f"{name}.csv"
    done = prepare(words, file, tmp_path)
    report = validate(words, str(file), samples=100, folder=tmp_path / "out")
    assert (report.rows, report.records) == (done.rows, done.records)
    assert report.rejected_rows == done.rejected_rows
    assert report.rejected_records == done.rejected_records
    counts: dict[str, int] = {}
    for cause in report.causes:
        code = f"{cause.field}: {cause.code}"
        counts[code] = counts.get(code, 0) + cause.rows
    assert counts == done.reasons
    assert all(cause.fix for cause in report.causes), [c.code for c in report.causes if not c.fix]
    written = Path(report.rejects)
    assert (written.parent, stat.S_IMODE(written.stat().st_mode)) == (tmp_path / "out", 0o600)
    with written.open(newline="") as mine, (tmp_path / "rejects.csv").open(newline="") as other:
        assert [*csv.reader(mine)] == [*csv.reader(other)]


def test_nothing_is_left_behind(judge, tmp_path, monkeypatch, state) -> None:
    import tempfile

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    judge("1,31.02.1980,,")
    assert not [*(tmp_path / "tmp").iterdir()]
    assert not (state / "runs").exists()
    assert not (state / "ledger").exists()


def test_sigterm_ends_a_look_so_that_it_can_clean_up() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(click.Abort), ending_on_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


# --- the command ----------------------------------------------------------------------------------


def test_the_command_tells_causes_and_ends_with_4(cli_here, write_feed, monkeypatch) -> None:
    monkeypatch.delenv("TRIGG_API_KEY")
    words = ("  mapping:", "  rejects: {max_percent: 90}\n  mapping:")
    lenient = write_feed("lenient", words, like="members_csv")
    ran = cli_here("validate", lenient, "--source", DIRTY / "members.csv")
    assert (ran.code, ran.err) == (4, "")
    lines = ran.out.splitlines()
    assert "  rows      24 read, 12 rejected" in lines
    assert "  records   24 = 12 good + 12 rejected (50 %, allowed 90 %)" in lines
    assert "    1985-02-30 (1 row)  line 17" in lines
    assert lines[-1].startswith("Next: change the feed's words, then loyalty-etl validate ")
    told = cli_here("validate", lenient, "--source", DIRTY / "members.csv", "--json").json()
    assert (told["exit_code"], told["rejected_records"]) == (4, 12)
    assert told["causes"][0]["samples"][0]["place"] == "line 3"


def test_shares_are_told_in_plain_numbers(cli_here, tmp_path) -> None:
    source = tmp_path / "members.csv"
    header = (ROOT / "sample_data" / "members.csv").read_text("utf-8").splitlines()[0]
    source.write_text(f"{header}\n" + "1\n" * 3, "utf-8")
    ran = cli_here("validate", "members_csv", "--source", source)
    assert "(100 %, allowed 5 %)" in ran.out
    assert ": 3 rows, 100 %" in ran.out


def test_the_command_ends_with_0_1_and_3(cli_here, tmp_path) -> None:
    clean = cli_here("validate", "members_csv")
    assert (clean.code, clean.err) == (0, "")
    assert clean.out.endswith("Next: loyalty-etl plan members_csv -o plan.json\n")
    out = tmp_path / "out"
    ran = cli_here("validate", "members_csv", "--source", DIRTY / "members.csv", "-o", out)
    assert (ran.code, ran.err) == (3, "")
    assert f"  rejects   {out}/rejects.csv" in ran.out.splitlines()
    assert cli_here("validate", "members_csv", "-o", out).code == 0
    assert not (out / "rejects.csv").exists()  # it would be taken for those of this look
    assert cli_here("validate", "members").code == 1
    assert cli_here("validate", "customers_report").code == 1
    cut = ROOT / "sample_data" / "hostile" / "truncated.xml"
    broken = cli_here("validate", "receipts_xml", "--source", cut)
    assert (broken.code, broken.out, len(broken.errors)) == (3, "", 1)


def test_nothing_in_a_value_moves_the_cursor(cli_here, write_feed, tmp_path) -> None:
    words = ("  mapping:", "  rejects: {max_percent: 100}\n  mapping:")
    lenient = write_feed("lenient", words, like="members_csv")
    file = tmp_path / "a.csv"
    header = (ROOT / "sample_data" / "members.csv").read_text().splitlines()[0]
    count = header.count(",")
    file.write_text(f"{header}\n7,\x1b[2J\u202e,{',' * (count - 2)}\x1b[1mx\n8{',' * count}\n")
    for command in ("validate", "preview"):
        ran = cli_here(command, lenient, "--source", file)
        assert "\x1b" not in ran.out + ran.err
        assert "\u202e" not in ran.out


# --- fixes ----------------------------------------------------------------------------------------

FIXES = [
    # code, values, what is said
    ("not-a-date", ["31.12.1980", "01.02.1990"], "dd.mm.yyyy: set values.date: '%d.%m.%Y'"),
    ("not-a-date", ["31/12/1980", "01/02/1990"], "set values.date: '%d/%m/%Y'"),
    ("not-a-date", ["12/31/1980", "01/02/1990"], "mm/dd/yyyy: set values.date: '%m/%d/%Y'"),
    ("not-a-date", ["02/01/1980", "01/02/1990"], "do not tell day from month"),
    ("not-a-date", ["19801231", "19900201"], "set values.date: '%Y%m%d'"),
    ("not-a-date", ["31.12.80"], "dd.mm.yy: set values.date: '%d.%m.%y'"),
    ("not-a-date", ["31.02.1980"], "dd.mm.yyyy: set values.date: '%d.%m.%Y'; but there is no such"),
    ("not-a-date", ["29586", "30001"], "looks like excel: set values.date: excel"),
    ("not-a-date", ["1706712605"], "set values.date: epoch"),
    ("not-a-date", ["1706712605000"], "set values.date: epoch_ms"),
    ("not-a-date", ["1980-02-31"], "there is no such day"),
    ("not-a-date", ["soon"], "mended at the source"),
    ("not-a-time", ["31.01.2024 14:50"], "set values.time: '%d.%m.%Y %H:%M'"),
    ("not-a-number", ["12,50", "1,5"], 'set values.decimal: ","'),
    ("not-a-number", ["1.234,50"], 'set values.decimal: ",", values.thousands: "."'),
    ("not-a-number", ["1 234,50"], 'set values.decimal: ",", values.thousands: " "'),
    ("not-a-number", ["1\u00a0234"], 'values.thousands: " "'),
    ("not-a-number", ["1,234.50"], 'set values.thousands: ","'),
    ("not-a-number", ["1'234.50"], 'set values.thousands: "\'"'),
    ("not-a-number", ["kr 12.50"], "take the number out: {column: raw, extract:"),
    ("not-a-number", ["12.50 NOK"], "take the number out"),
    ("not-a-number", ["12.50-"], "the minus stands behind"),
    ("not-a-number", ["1.2E+12"], "a spreadsheet has rounded it"),
    ("not-a-number", ["1.23456"], "more than 4 decimals"),
    ("not-a-number", ["much"], "mended at the source"),
    ("not-an-integer", ["N-0553"], "{column: raw, type: text}"),
    ("not-a-boolean", ["Ja", "Nei"], "set values.true: [Ja], values.false: [Nei]"),
    ("not-a-boolean", ["maybe"], "what maybe is"),
    ("not-allowed", ["K", "M"], "lookup: {K: Female, M: Male}"),
    ("not-allowed", ["Femal"], "lookup: {Femal: Female}"),
    ("not-allowed", ["Q", "K"], "{K: Female}}; and say what Q is"),
    ("not-allowed", ["Q"], "say what each is"),
    ("not-a-phone", ["91234567"], "has no country code: set values.region: NO"),
    ("not-a-phone", ["912 34 567", "4791234567"], "has no country code: set values.region: NO"),
    ("not-a-phone", ["0701740605"], "set values.region: SE"),
    ("not-a-phone", ["1111111111111111"], "set values.region if these are phones"),
    ("not-a-phone", ["+47 12"], "is too short, too long"),
    ("not-a-phone", ["4.79E+09"], "a spreadsheet has rounded it"),
    ("not-a-phone", ["call me"], "is no phone number"),
    ("not-a-phone", ["123", "45 67"], "is not complete"),
    ("not-an-email", ["kari.example.no"], "has no @"),
    ("not-an-email", ["kari@gmail"], "lacks the end of the domain"),
    ("not-an-email", ["kari@example,no"], "a comma where a dot belongs"),
    ("not-an-email", ["kari @example.no"], "holds a blank"),
    ("not-an-email", ["a@b@example.no"], "more than one @"),
    ("not-an-email", ["kari@example..no"], "a dot too many"),
    ("not-an-email", ["kari@shop.local"], "a special-use or reserved name"),
    ("not-a-country", ["Norgge"], "lookup: {Norgge: …}, otherwise: keep"),
    ("missing", [], "{first_of: [raw, OTHER]}"),
    ("not-the-sum-of-lines", ["12.50"], "receipts.amount_tolerance"),
    ("sign-of-amount", ["-1"], "receipts.return_amounts_in: signed"),
    ("line-number-repeats", ["1"], "receipts.key: Header.StoreId"),
    ("differs-in-receipt", ["7"], "receipts.key"),
    ("no-such-code", ["7"], ""),
]


@pytest.mark.parametrize(("code", "values", "said"), FIXES)
def test_a_fix_follows_from_the_values(code, values, said) -> None:
    name = {"not-an-integer": "zip", "not-allowed": "gender"}.get(code, "birthDate")
    case = Case(feed(), name, ("raw",), code, "", dict.fromkeys(values, 1), 50.0)
    fix = suggest(case)
    assert said in fix
    assert "\n" not in fix


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("12000141", "of a range that is not in use"),
        ("0701740605", "looks like SE"),
        ("+461", "is too short, too long"),
    ],
)
def test_a_phone_that_is_none_of_the_region_is_explained(value, said) -> None:
    words = feed(values={"region": "NO"})
    fix = suggest(Case(words, "mobilePhone", ("raw",), "not-a-phone", "", {value: 1}, 50.0))
    assert said in fix
    assert value not in fix


def test_words_for_few_rows_are_said_with_care() -> None:
    case = Case(feed(), "age", ("raw",), "not-a-number", "", {"12,5": 1}, 0.1)
    assert suggest(case).endswith("few rows are written so: perhaps it is these that are wrong")


def test_another_encoding_is_told_from_a_delimiter_that_is_wrong() -> None:
    why = "holds a byte that is not UTF-8 (character N of line N)"
    case = Case(feed(), "row", (), "not-readable", why, {"Bj\ufffdrn": 1}, 1)
    assert "source.encoding, cp1252" in suggest(case)
