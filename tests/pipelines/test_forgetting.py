"""A person is gone from every file that is kept, nobody else is, and the counts stay."""

import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.hashing import KEY_FILE

PHONE, EMAIL, ID = "+4791234567", "kari.glemt@example.no", "G-7001"
HEADER = (
    "member_no,first_name,last_name,mobile_phone,email,birth_date,gender,address,zip,city,"
    "country,accepts_terms,accepts_email,accepts_sms"
)
REST = "1990-01-31,Female,Glemselsgata 1,0553,Oslo,NO,true,true,true"
ELSE = REST.replace("Glemselsgata", "Storgata")
HERS = [
    f"{ID},Kari,Glemt,{PHONE},{EMAIL},{REST}",
    f"G-7002,Kari,Glemt,91 23 45 67,Kari.Glemt@Example.NO,{REST}".replace("1990-01", "1990-13"),
    f"G-7003,Kari,Glemt,0047 91234567,,{REST}".replace("true,true,true", "x,y,z"),
    f"G-7004,Kari,{PHONE}",
]
OTHERS = [f"{n},Ola,Norli,+479999{n},ola{n}@example.no,{ELSE}" for n in range(1000, 1041)]
OTHERS[-1] = OTHERS[-1].replace("1990-01", "1990-13")
PERSONAL = (PHONE[3:], "91 23 45 67", EMAIL, "Glemt@Example", ID, "G-7002", "Glemselsgata")


@pytest.fixture
def members(tmp_path: Path) -> Path:
    file = tmp_path / "members.csv"
    file.write_text("\n".join([HEADER, *OTHERS[:20], *HERS, *OTHERS[20:]]) + "\n")
    return file


@pytest.fixture
def lenient(write_feed) -> Path:
    words = '  rejects: {max_percent: 90}\n  values: {region: "NO"}\n  mapping:'
    return write_feed("lenient", ("  mapping:", words), like="members_csv")


@pytest.fixture
def receipts(write_feed, tmp_path: Path) -> Path:
    feed = write_feed("tills", ("  mapping:", "  rejects: {max_percent: 90}\n  mapping:"))
    words = (feed / "defs.yaml").read_text()
    source = tmp_path / "receipts.csv"
    mapping = {
        "Header.StoreId": "store", "Header.ReceiptId": "receipt", "Header.ConsumerId": "customer",
        "Header.TimeStamp": "time", "Items.LineNo": "line", "Items.Quantity": "quantity",
        "Items.ProductId": "product", "Items.GrossAmount": "gross",
    }  # fmt: skip
    head, _, _ = words.partition("  mapping:")
    text = head + "  mapping:\n" + "".join(f"    {k}: {v}\n" for k, v in mapping.items())
    lines = [x for x in text.splitlines() if not x.startswith("  receipts:")]
    lines.append("  receipts: {vat_percent: 25}")
    path = next(x for x in lines if x.startswith("    path:"))
    lines[lines.index(path)] = f"    path: {source}"
    (feed / "defs.yaml").write_text("\n".join(lines) + "\n")
    rows = ["store,receipt,customer,time,line,quantity,product,gross"]
    rows += [f"7,R{n},{ID if n < 3 else n},2024-01-31T14:50:05,1,1,P,{n}.50" for n in range(20)]
    rows += [f"7,B1,{ID},2024-01-31T14:50:05,1,1,P,x", "7,B2,8,2024-01-31T14:50:05,1,1,P,x"]
    source.write_text("\n".join(rows) + "\n")
    return feed


def holding(root: Path, *texts: str) -> dict[str, list[str]]:
    """Tell which files hold which texts, in their bytes or in the cells of a Parquet file."""
    found = {}
    for path in root.rglob("*"):
        if not path.is_file() or path.is_symlink() or "sandbox" in path.parts:
            continue
        held = path.read_bytes()
        if path.suffix == ".parquet":
            held += pl.read_parquet(path).cast(pl.String, strict=False).write_csv().encode()
        if there := [text for text in texts if text.encode() in held]:
            found[str(path.relative_to(root))] = there
    return found


def run_folder_of(state: Path, run_id: str) -> Path:
    (folder,) = (state / "runs" / run_id).iterdir()
    return folder


def as_text(path: Path) -> list[str]:
    return path.read_text().splitlines()


@pytest.mark.slow
@pytest.mark.usefixtures("api")
def test_a_person_is_gone_from_every_file(
    members: Path, lenient: Path, receipts: Path, *, cli_here, state: Path, tmp_path: Path
) -> None:  # fmt: skip
    assert cli_here("plan", lenient, "--source", members).code == 4
    loaded = cli_here("run", lenient, "--source", members, "--json").json()
    assert cli_here("run", receipts).code == 4
    for words in (["customers_report"], ["customers_report", "-o", tmp_path / "out"]):
        assert cli_here("export", *words).code == 0
    (state / "error.log").write_text(f"ValueError: {EMAIL}\n")
    folder = Path(loaded["folder"])
    before = pl.read_parquet(folder / "outcomes.parquet")
    rejects = as_text(folder / "rejects.csv")
    summary = json.loads((folder / "summary.json").read_text())
    there = holding(state, *PERSONAL)
    assert {Path(name).name for name in there} == {
        *("plan.json", "rejects.csv", "outcomes.parquet", "accepted.parquet", "error.log"),
        "part-00001.parquet",
    }

    words = ["forget", "--key", PHONE, "--key", EMAIL, "--key", ID]

    looked = cli_here(*words, "--dry-run", "--json").json()
    assert looked["rows"] > 5
    assert holding(state, *PERSONAL) == there
    done = cli_here(*words, "--yes")
    assert done.code == 0, done.err
    assert holding(state, *PERSONAL) == {}
    assert holding(tmp_path / "out", *PERSONAL) == {}
    assert all(text not in done.out for text in PERSONAL)

    after = pl.read_parquet(folder / "outcomes.parquet")
    hers = before["row"].is_in([22, 23, 24, 25])
    assert after.filter(~hers).equals(before.filter(~hers))
    assert after["outcome"].equals(before["outcome"])
    assert after.filter(hers)["key"].to_list().count("forgotten") == 4
    assert as_text(folder / "rejects.csv") == [rejects[0], *(x for x in rejects if "1040" in x)]
    assert json.loads((folder / "summary.json").read_text()) == summary
    shown = cli_here("results", loaded["run_id"])
    assert (shown.code, "forgotten" in shown.out) == (0, True)
    _check_manifests(state / "exports" / "customers_report", tmp_path / "out")
    _check_private(state)
    again = cli_here(*words, "--yes", "--json").json()
    assert (again["rows"], again["files"]) == (0, [])


def _check_manifests(*outs: Path) -> None:
    for out in outs:
        told = json.loads((out / "latest" / "manifest.json").read_text())
        (file,) = told["files"]
        data = (out / "latest" / file["path"]).read_bytes()
        rows = pl.read_parquet(out / "latest" / "data")
        assert told["rows"] == rows.height == told["proof"]["declared"] - 1 == 40
        assert (told["forgotten"], file["rows"], file["bytes"]) == (1, 40, len(data))
        assert told["forgotten_at"]
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
        assert [*told["columns"]["data"]] == rows.columns


def _check_private(state: Path) -> None:
    line = json.loads((state / "forgotten.log").read_text().splitlines()[-1])
    assert (len(line["keys"]), line["ledger"]) == (3, 0)
    for name in (
        "forgotten.log",
        KEY_FILE,
        "part-00001.parquet",
        "rejects.csv",
        "outcomes.parquet",
    ):
        for path in state.rglob(name):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


@pytest.mark.usefixtures("dagster_forgets")
def test_who_was_forgotten_is_not_sent_again_but_where_it_is_wished(
    members: Path, lenient: Path, *, cli_here, api
) -> None:  # fmt: skip
    assert cli_here("run", lenient, "--source", members).code == 4
    seen = api.facts()["seen"]["POST /import"]
    assert cli_here("forget", "--key", ID, "--yes").code == 0
    assert cli_here("run", lenient, "--source", members).code == 4
    assert api.facts()["seen"]["POST /import"] == seen
    told = cli_here("forget", "--key", ID, "--ledger", "--yes", "--json").json()
    assert told["ledger"] == 1
    ran = cli_here("run", lenient, "--source", members, "--json").json()
    assert (ran["accepted_records"], ran["unchanged_records"]) == (1, 40)


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_an_unfinished_load_comes_first(
    members: Path, lenient: Path, *, cli_here, state: Path, faults
) -> None:  # fmt: skip
    faults({"fault": "unauthorized"})
    ran = cli_here("run", lenient, "--source", members, "--json")
    assert ran.code == 1
    there = holding(state, *PERSONAL)
    refused = cli_here("forget", "--key", ID, "--yes")
    assert refused.code == 2
    assert refused.errors == [
        f"loyalty-etl: run {ran.json()['run_id']} of lenient is unfinished and holds 3 rows or \
records of this person: nothing was erased; finish it (loyalty-etl resume), or give it up \
(loyalty-etl resolve --abandon)"
    ]
    assert holding(state, *PERSONAL) == there
    assert cli_here("forget", "--key", "+4790000000", "--yes").code == 0
    faults()
    assert cli_here("resume").code == 4
    assert cli_here("forget", "--key", ID, "--key", PHONE, "--key", EMAIL, "--yes").code == 0
    assert holding(state / "runs", *PERSONAL) == {}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "say whom: --key KEY, or --file LIST; see: loyalty-etl forget --help"),
        (["--key", " "], "say whom: --key KEY, or --file LIST; see: loyalty-etl forget --help"),
    ],
)
def test_what_is_asked_wrongly(words: list[str], line: str, cli_here) -> None:
    ran = cli_here("forget", *words)
    assert (ran.code, ran.errors) == (1, [f"loyalty-etl: {line}"])


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_nothing_is_erased_without_a_word(members: Path, lenient: Path, cli_here) -> None:
    ran = cli_here("run", lenient, "--source", members, "--json").json()
    rejects = (Path(ran["folder"]) / "rejects.csv").read_bytes()
    asked = cli_here("forget", "--key", PHONE)
    assert (asked.code, len(asked.errors)) == (1, 1)
    assert "say --yes" in asked.errors[0]
    assert (Path(ran["folder"]) / "rejects.csv").read_bytes() == rejects


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_a_list_of_keys_and_one_feed(
    members: Path, lenient: Path, tmp_path: Path, cli_here
) -> None:
    ran: dict[str, Any] = cli_here("run", lenient, "--source", members, "--json").json()
    keys = tmp_path / "keys.txt"
    keys.write_text(f"\n 0047 91 23 45 67 \n{EMAIL.upper()}\n\n")
    other = cli_here("forget", "--file", keys, "--feed", "members_csv", "--json", "--yes").json()
    assert other["files"] == []
    told = cli_here("forget", "--file", keys, "--feed", lenient, "--json", "--yes").json()
    assert {Path(x["path"]).name: x["rows"] for x in told["files"]} == {
        "outcomes.parquet": 3,
        "rejects.csv": 3,
    }
    assert EMAIL not in (Path(ran["folder"]) / "rejects.csv").read_text().lower()


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_a_file_that_cannot_be_read_stops_it_all(members: Path, lenient: Path, cli_here) -> None:
    ran = cli_here("run", lenient, "--source", members, "--json").json()
    rejects = Path(ran["folder"]) / "rejects.csv"
    other = rejects.with_name("other.csv")
    other.write_text(f"who,n\n{PHONE},1\nnobody,2\n")
    assert cli_here("forget", "--key", PHONE, "--yes").code == 0
    assert other.read_text() == "who,n\nnobody,2\n"
    rejects.write_text(rejects.read_text() + 'a,"b\n')
    asked = cli_here("forget", "--key", PHONE, "--yes")
    assert asked.code == 3
    assert asked.errors == [
        f"loyalty-etl: {rejects} cannot be read: nothing was erased; mend it, or remove it"
    ]


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_what_a_crash_left_of_an_export_is_mended(
    members: Path, lenient: Path, cli_here, state: Path
) -> None:
    from pipelines.forgetting.exports import NEXT

    cli_here("run", lenient, "--source", members)
    assert cli_here("export", "customers_report").code == 0
    latest = (state / "exports" / "customers_report" / "latest").resolve()
    old = (latest / "manifest.json").read_text()
    assert cli_here("forget", "--key", ID, "--yes").code == 0
    (latest / "manifest.json").rename(latest / NEXT)  # killed between data and manifest
    (latest / "manifest.json").write_text(old)
    assert cli_here("forget", "--key", ID, "--yes").code == 0
    _check_manifests(latest.parent)
    assert not (latest / NEXT).exists()
