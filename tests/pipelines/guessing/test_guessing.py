"""What `guess` does with single questions: headers, dates, numbers, hostile files, the command."""

import gzip
import io
import json
import random
import subprocess
import sys
import zipfile

import polars as pl
import pytest
from click.testing import CliRunner

from pipelines import ROOT
from pipelines.cli import cli
from pipelines.feeds.reading import read_yaml
from pipelines.guessing import GuessError, guess_file, write_yaml
from pipelines.guessing.dates import find_dates
from pipelines.guessing.edges import tell_trailer
from pipelines.guessing.kinds import mask
from pipelines.guessing.numbers import find_style
from pipelines.guessing.synonyms import concepts_of
from pipelines.guessing.writing import quote, write
from tests.pipelines.guessing.making import workbook


@pytest.mark.parametrize(
    ("values", "word", "proof"),
    [
        (["31.01.1980", "01.02.1999"], "%d.%m.%Y", True),
        (["12/31/1980", "01/02/1999"], "%m/%d/%Y", True),
        (["11/10/1980", "01/02/1999"], "%d/%m/%Y", False),
        (["19801231", "19990102"], "%Y%m%d", False),
        (["1980-12-31"], "iso", False),
        (["2024-03-01T10:00:00+01:00"], "iso", False),
        (["2024-03-01 10:00:00 +0100"], "%Y-%m-%d %H:%M:%S %z", False),
        (["20240301101500", "20241231235959"], "%Y%m%d%H%M%S", False),
    ],
)
def test_dates_are_told_apart(values, word, proof) -> None:
    found = find_dates(values)
    assert found is not None
    assert found.word == word
    assert bool(found.proof) is proof


@pytest.mark.parametrize("values", [["hei"], ["31.02.1980"], ["12.50", "99.90"], []])
def test_what_is_no_date_is_none(values) -> None:
    assert find_dates(values) is None


@pytest.mark.parametrize(
    ("values", "decimal", "thousands", "sure"),
    [
        (["1 234,50", "12,00"], ",", " ", True),
        (["1.234,50", "12,00"], ",", ".", True),
        (["1,234.50", "12.00"], ".", ",", True),
        (["1'234.50", "12.00"], ".", "'", True),
        (["12,5"], ",", "", True),
        (["1\u202f234,50"], ",", " ", True),
        (["1.234"], ".", "", False),
    ],
)
def test_number_styles_are_told_apart(values, decimal, thousands, sure) -> None:
    found = find_style({"a": values})
    assert (found.decimal, found.thousands, found.sure) == (decimal, thousands, sure)


@pytest.mark.parametrize(
    ("name", "target", "field"),
    [
        ("Fødselsdato", "members", "birthDate"),
        ("FOEDSELSDATO", "members", "birthDate"),
        ("födelsedatum", "members", "birthDate"),
        ("fnavn", "members", "firstName"),
        ("custMobileNumber", "members", "mobilePhone"),
        ("Kunde-Nr.", "members", "externalId"),
        ("kvittnr", "receipts", "Header.ReceiptId"),
        ("Bel. inkl. mva", "receipts", "Items.GrossAmount"),
        ("SumEksMva", "receipts", "Items.NetAmount"),
        ("MwSt-Betrag", "receipts", "Items.Vat"),
        ("store.id", "receipts", "Header.StoreId"),
    ],
)
def test_names_are_known_however_written(name, target, field) -> None:
    found = concepts_of(name, target)
    assert max(found, key=lambda concept: found[concept]) == field


def test_a_date_that_nothing_decides_is_asked(guessed) -> None:
    rows = "".join(f"{n};kari{n}@x.no;0{n % 9 + 1}/0{n % 7 + 1}/1980\n" for n in range(100, 130))
    found = guessed("Kundenr;Epost;Fødselsdato\n" + rows)
    assert found.values["date"] == "%d/%m/%Y"
    assert any("%m/%d/%Y" in question for question in found.questions)
    assert "# QUESTION:" in write_yaml(found)


def test_phones_without_a_code_are_asked(guessed) -> None:
    rows = "".join(f"{n};9{n}9988;kari{n}@x.no\n" for n in range(100, 130))
    found = guessed("Kundenr;Mobil;Epost\n" + rows)
    assert any("+47" in question for question in found.questions)
    assert found.values["region"] == "NO"
    assert 'region: "NO"' in write_yaml(found)


def test_phones_with_blanks_only_need_no_words(guessed) -> None:
    rows = "".join(f"{n};+47 9{n} 99 88;kari{n}@x.no\n" for n in range(100, 130))
    found = guessed("Kundenr;Mobil;Epost\n" + rows)
    assert "region" not in found.values
    assert not any("Mobil" in question for question in found.questions)


def test_national_numbers_are_never_sent(guessed) -> None:
    rows = "".join(f"{n};0101{n % 90:02}-1234;k{n}@x.se\n" for n in range(10, 90))
    found = guessed("Medlemsnr;Personnummer;Epost\n" + rows)
    match = next(m for m in found.matches if m.column == "Personnummer")
    assert (match.fields, bool(match.left_out)) == ((), True)


def test_without_a_key_the_feed_loads_and_lets_nothing_through(guessed, tmp_path) -> None:
    found = guessed("Fornavn;Etternavn\nKari;Hansen\nOla;Moen\n", target="members")
    assert found.added == {"externalId": '{constant: ""}'}
    file = tmp_path / "guessed" / "defs.yaml"
    file.parent.mkdir()
    file.write_text(write_yaml(found), encoding="utf-8")
    read_yaml(file)


@pytest.mark.parametrize("target", ["members", "receipts"])
def test_whatever_the_names_are_the_yaml_loads(guessed, tmp_path, target) -> None:
    names = ["a: b # c", '"q"', "null", "yes", "-", "{x}", "[1]", "æ\u2028ø", "*a", "&b", "%c", "1"]
    header = ";".join('"' + name.replace('"', '""') + '"' for name in names)
    found = guessed(f"{header}\n" + "1;2;3;4;5;6;7;8;9;10;11;12\n" * 9, target=target)
    file = tmp_path / "guessed" / "defs.yaml"
    file.parent.mkdir()
    file.write_text(write_yaml(found), encoding="utf-8")
    read_yaml(file)


def test_text_is_quoted_where_yaml_would_read_something_else() -> None:
    assert quote("Kundenr") == "Kundenr"
    assert quote("no") == '"no"'
    assert quote("a: b") == '"a: b"'
    assert quote('5"') == '"5\\""'
    assert quote("\u2028") == '"\\u2028"'
    assert write({"a": ["x", 1], "b": None}) == "{a: [x, 1], b: null}"


def test_values_are_shown_as_shapes() -> None:
    assert mask("+47 99 88 77 66") == "+99 99 99 99 99"
    assert mask("Åse Øst") == "Aaa Aaa"


def test_a_trailer_keeps_its_words_and_no_value() -> None:
    assert tell_trailer(["T", "12", "9,50"], ";", {"rows": 12}, money=True) == "T;{rows};{amount}"
    assert tell_trailer(["Kari Hansen", "7"], ";", {"rows": 12}, money=True) == "{skip};{skip}"


def archive(name: str, data: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, data)
    return whole.getvalue()


HOSTILE = {
    "empty.csv": b"",
    "blank.csv": b"\n\n  \n",
    "binary.csv": random.Random(1).randbytes(50_000),
    "line.csv": b"a" * 3_000_000,
    "deep.json": b"[" * 200_000,
    "deeper.json": b'{"a":' * 200_000,
    "deep.xml": b"<a>" * 100_000,
    "entity.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b"<a><b><c>&x;</c></b><b><c>1</c></b></a>",
    "cut.csv.gz": gzip.compress(b"a;b;c\n" * 100_000)[:60],
    "outside.zip": archive("../../evil.csv", b"a;b\n1;2\n"),
    "nested.zip": archive("inner.zip", archive("a.csv", b"a;b\n1;2\n")),
    "bomb.zip": archive("a.csv", b"0" * 100_000_000),
    "bad.xlsx": b"PK\x03\x04 and nothing else",
    "bad.parquet": b"PAR1 and nothing else PAR1",
    "old.xls": b"\xd0\xcf\x11\xe0" + b"0" * 1_000,
    "object.json": b'{"a": {"b": 1}}',
    "numbers.json": b"[1, 2, 3]",
    "wide.csv": (";".join(f"c{n}" for n in range(5_000)) + "\n").encode() * 2,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_of_which_nothing_can_be_made_is_one_line(guessed, name) -> None:
    with pytest.raises(GuessError) as caught:
        guessed(HOSTILE[name], name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


ODD = {
    "twice.json": b'[{"a":1,"a":2,"b":NaN,"c":1e999},{"a":1}]',
    "digits.json": b'[{"a":' + b"9" * 4_000 + b"}]",
    "lone.json": b'[{"a":"\\ud800"},{"a":"x"}]',
    "cut.json": b'[{"a":1,"b":2},{"a":1,"b":',
    "unclosed.csv": b'a;b\n"1;2\n3;4\n',
    "own.csv": b"_row,_fault,a\n1,2,3\n4,5,6\n",
    "header.csv": b"Kundenr;Navn;Epost\n",
    "one.csv": b"email\na@example.no\nb@example.no\n",
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_still_makes_a_feed_that_loads(guessed, tmp_path, name) -> None:
    file = tmp_path / "guessed" / "defs.yaml"
    file.parent.mkdir()
    file.write_text(write_yaml(guessed(ODD[name], name)), encoding="utf-8")
    read_yaml(file)


def test_the_command_writes_a_feed_once(tmp_path) -> None:
    source, out = str(ROOT / "sample_data" / "members.csv"), tmp_path / "mine" / "defs.yaml"
    done = CliRunner().invoke(cli, ["guess", source, "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert done.output.endswith(f"Next: loyalty-etl preview {out.parent}\n")
    assert "path: sample_data/members.csv" in out.read_text()
    again = CliRunner().invoke(cli, ["guess", source, "-o", str(out)])
    assert again.exit_code != 0
    assert "--force" in again.output
    assert CliRunner().invoke(cli, ["guess", source, "-o", str(out), "--force"]).exit_code == 0


def test_the_command_prints_what_it_is_not_told_to_write(tmp_path) -> None:
    source = str(ROOT / "sample_data" / "receipts.csv")
    done = CliRunner().invoke(cli, ["guess", source])
    assert done.exit_code == 0
    assert "endpoint: POST /transactions" in done.stdout
    told = json.loads(CliRunner().invoke(cli, ["guess", source, "--json"]).stdout)
    assert told["target"] == "receipts"
    assert {column["column"]: column["fields"] for column in told["columns"]}["vat"] == [
        "Items.Vat"
    ]
    missing = CliRunner().invoke(cli, ["guess", str(tmp_path / "no.csv")])
    assert missing.exit_code == 1


def test_guessing_loads_neither_dagster_nor_http() -> None:
    code = "import sys, pipelines.guessing; print({'dagster', 'httpx'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_of_a_folder_the_first_file_of_a_known_kind_is_judged(tmp_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "A_README.md").write_text("Read me first.")
    for name in ("b.csv", "c.csv"):
        (folder / name).write_text("Kundenr;Epost\n1;a@example.no\n2;b@example.no\n")
    found = guess_file(folder)
    assert found.path == str(folder)
    assert found.layout.words["member"] == "*.csv"
    assert found.layout.words["format"] == "csv"


def test_a_packed_workbook_is_read_like_any(guessed) -> None:
    cells = [["Kundenr", "Epost"], *([n, f"k{n}@example.no"] for n in range(30))]
    for data, name in (
        (archive("kunder.xlsx", workbook(cells)), "a.zip"),
        (gzip.compress(workbook(cells)), "a.xlsx.gz"),
    ):
        found = guessed(data, name)
        assert found.layout.format == "xlsx"
        assert [match.fields for match in found.matches] == [("externalId",), ("email",)]


def test_of_a_nested_parquet_only_what_can_be_read_is_told(guessed, tmp_path) -> None:
    lines = [{"sku": f"{n}", "qty": n, "sum": n * 2.5} for n in range(1, 4)]
    row = {"store": {"id": 7}, "tags": ["x"], "lines": lines, "paid": [{"by": "card"}]}
    rows = [{"receipt_no": n, **row} for n in range(9)]
    pl.DataFrame(rows).write_parquet(tmp_path / "a.parquet")
    found = guessed((tmp_path / "a.parquet").read_bytes(), "a.parquet", "receipts")
    assert found.layout.words == {"items": "lines"}
    assert any("left out: paid" in question for question in found.questions)
    names = ["receipt_no", "store.id", "lines.sku", "lines.qty", "lines.sum"]
    assert [match.column for match in found.matches] == names


def test_an_archive_beside_the_first_file_of_a_folder_is_left_alone(tmp_path) -> None:
    (tmp_path / "a.csv").write_text("Kundenr;Epost\n1;a@example.no\n2;b@example.no\n")
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04 and nothing else")
    assert guess_file(tmp_path).layout.words["member"] == "*.csv"
