"""Whatever is sent and whatever is answered: nothing of a person leaves the files that may hold it.

Sources of every kind of target are full of canaries. They are loaded, rejected, refused by answers
that repeat the request, and left in doubt; then every byte that was written or printed is searched.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import sandbox

pytestmark = pytest.mark.slow  # whole runs

KEY = "canary-key-3e77b0"
PHONE, EMAIL, NAME, STREET = "479177732", "kanari.fugl", "Kanarsen", "Kanarigata"
BORN, TOKEN, CAR = "1987-03-09", "tok-kanari-5513", "KN 55131"
CANARIES = (KEY, PHONE, PHONE[2:], EMAIL, NAME, STREET, BORN, TOKEN, CAR)
PRIVATE = {
    *("rejects.csv", "merged.csv", "unsent.csv", "quarantined.csv", "plan.json"),
    *("outcomes.parquet", "accepted.parquet", "records.arrow", "refused.arrow"),
}
"""The files of a run that docs/privacy.md names."""
MEMBER = {
    "externalId": "no",
    "mobilePhone": "phone",
    "email": "email",
    "firstName": "first",
    "lastName": "last",
    "birthDate": "born",
    "address": "street",
}
PERSON = {
    "no": "E1",
    "phone": f"+{PHONE}0",
    "email": f"{EMAIL}0@example.no",
    "first": "Kari",
    "last": NAME,
    "born": BORN,
    "street": f"{STREET} 7",
    "id": "C1",
}
RECEIPT = {
    "Header.StoreId": "store",
    "Header.ReceiptId": "receipt",
    "Header.ConsumerId": "phone",
    "Header.PaymentString": "last",
    "Header.TimeStamp": "time",
    "Items.LineNo": "line",
    "Items.Quantity": "line",
    "Items.ProductId": "product",
    "Items.GrossAmount": "gross",
}
SALE = {"store": "1", "receipt": "R1", "time": "2024-01-31T14:50:05", "line": "1"}
SALE |= {"product": "P", "gross": "12.50"}
KINDS: dict[str, tuple[dict[str, Any], dict[str, str], dict[str, str]]] = {
    "import": ({"endpoint": "POST /import"}, MEMBER, {"born": f"{BORN}-{NAME}"}),
    "xml": ({"endpoint": "POST /import", "format": "xml"}, MEMBER, {"born": f"{BORN}-{NAME}"}),
    "csv": ({"endpoint": "POST /import", "format": "csv"}, MEMBER, {"phone": f"{PHONE} {NAME}"}),
    "form": ({"endpoint": "POST /import/form"}, MEMBER, {"born": f"{BORN}-{NAME}"}),
    "create": ({"endpoint": "POST /customers"}, MEMBER, {"phone": f"+{PHONE} {NAME}"}),
    "upsert": ({"endpoint": "POST /customers", "mode": "upsert"}, MEMBER, {"phone": NAME}),
    "update": ({"endpoint": "PUT /customers/externalId"}, MEMBER, {"email": f"{EMAIL}@{NAME}@x"}),
    "receipts": ({"endpoint": "POST /transactions"}, RECEIPT, {"gross": f"{NAME} {PHONE}"}),
    "points": (
        {"endpoint": "POST /loyalty/bonus/addRewardPoints"},
        {"customerId": "phone", "points": "line", "description": "last"},
        {"line": f"{NAME}"},
    ),
    "cards": (
        {"endpoint": "POST /payment-cards"},
        {"memberId": "phone", "token": "token"},
        {"token": ""},
    ),
    "vehicles": (
        {"endpoint": "POST /modules/vehicles/customerId/{customerId}"},
        {"customerId": "email", "owner": "last", "regNo": "car"},
        {"email": ""},
    ),
}
ROW = {**PERSON, **SALE, "token": TOKEN, "car": CAR}


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("TRIGG_API_KEY", KEY)
    with sandbox.running(tmp_path / "api", api_key=KEY) as api:
        monkeypatch.setenv("TRIGG_BASE_URL", api.base_url)
        yield api


def write_source(path: Path, faulty: dict[str, str]) -> Path:
    """Write five good rows, a faulty one, and one that is too short."""
    rows = [
        ROW
        | {"no": f"E{n}", "receipt": f"R{n}", "line": str(n), "token": f"{TOKEN}-{n}"}
        | {"phone": f"+{PHONE}{n}", "email": f"{EMAIL}{n}@example.no"}
        for n in range(1, 6)
    ]
    rows.append(ROW | {"no": "E6", "receipt": "R6"} | faulty)
    lines = [",".join(row.values()) for row in rows]
    short = f"E7,+{PHONE},{NAME},{BORN}"
    path.write_text("\n".join([",".join(ROW), *lines, short]) + "\n")
    return path


def write_feed(folder: Path, kind: str, source: Path) -> Path:
    target, mapping, _ = KINDS[kind]
    attributes: dict[str, Any] = {
        "source": {"path": str(source)},
        "target": target,
        "mapping": mapping,
        "rejects": {"max_percent": 90},
        "delivery": {
            "settle": 0,
            "breaker": {"rest": 0},
            "retries": {"first_wait": 0, "longest_wait": 0, "deadline": 2},
        },
    }
    if kind == "receipts":
        attributes["receipts"] = {"vat_percent": 25}
    feed = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
    path = folder / f"feed_{kind}"
    path.mkdir(parents=True)
    (path / "defs.yaml").write_text(yaml.safe_dump(feed))
    return path


def leaks(root: Path, *texts: str) -> list[tuple[str, str]]:
    found = [("printed", canary) for canary in CANARIES for text in texts if canary in text]
    for path in root.rglob("*"):
        if path.is_file() and path.name not in PRIVATE:
            held = path.read_bytes()
            found += [(str(path), canary) for canary in CANARIES if canary.encode() in held]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_no_canary_flies_away(
    kind: str, platform: Any, tmp_path: Path, *, state: Path, cli_here, set_faults
) -> None:  # fmt: skip
    source = write_source(tmp_path / "source.csv", KINDS[kind][2])
    feed = write_feed(tmp_path / "feeds", kind, source)
    printed = []

    def say(*words: object) -> Any:
        ran = cli_here(*words)
        printed.append(ran.out + ran.err)
        return ran

    assert say("plan", feed).code == 4
    for number, fault in enumerate(
        (
            {"fault": "echo", "status": 403},
            {"fault": "echo", "status": 500},
            {"fault": "echo"},
            None,
        )
    ):
        set_faults(platform, *([{**fault, "method": m} for m in ("POST", "PUT")] if fault else []))
        ran = say("run", feed, "--json")
        run_id = ran.json()["run_id"]
        for words in (
            ["status"],
            ["runs", "show", run_id],
            ["results", run_id],
            ["resolve", run_id],
            ["report", run_id],
        ):
            say(*words)
        say("results", run_id, "--outcome", "rejected")
        assert leaks(state, *printed) == [], number
        if number == 1:
            say("resolve", run_id, "--not-landed", "--yes")
        say("resolve", run_id, "--abandon", "--yes")
    assert (state / "ledger" / "ledger.sqlite").exists()
    assert ran.code == 4, ran.err
    assert NAME in (Path(ran.json()["folder"]) / "rejects.csv").read_text()


@pytest.fixture
def set_faults() -> Any:
    import httpx

    def put(api: Any, *rules: dict[str, Any]) -> None:
        url = api.facts_url.replace("/facts", "/faults")
        httpx.put(url, json={"rules": rules}, trust_env=False).raise_for_status()

    return put


def test_a_file_without_a_header_is_not_quoted(
    platform: Any, tmp_path: Path, *, state: Path, cli_here
) -> None:  # fmt: skip
    source = write_source(tmp_path / "source.csv", {})
    feed = write_feed(tmp_path / "feeds", "import", source)
    source.write_text("\n".join(source.read_text().splitlines()[1:]) + "\n")
    ran = cli_here("run", feed)
    assert ran.code == 3
    assert platform.base_url
    assert leaks(state, ran.out, ran.err) == []


def test_all_is_private_whatever_the_umask(
    platform: Any, tmp_path: Path, *, state: Path, cli_here, monkeypatch
) -> None:  # fmt: skip
    before = os.umask(0)
    try:
        own = tmp_path / "a" / "b" / "state"
        monkeypatch.setenv("LOYALTY_ETL_STATE", str(own))
        source = write_source(tmp_path / "source.csv", KINDS["import"][2])
        feed = write_feed(tmp_path / "feeds", "import", source)
        plan, out, judged = (
            tmp_path / "plan.json",
            tmp_path / "out" / "x",
            tmp_path / "judged" / "x",
        )
        assert cli_here("plan", feed, "-o", plan).code == 4
        assert cli_here("run", feed).code == 4
        assert cli_here("export", "customers_report", "-o", out).code == 0
        assert cli_here("export", "customers_report").code == 0
        assert cli_here("validate", feed, "-o", judged).code == 4
        assert cli_here("forget", "--key", f"+{PHONE}1", "--yes").code == 0
    finally:
        os.umask(before)
    assert platform.base_url
    for root in (own.parents[1], out.parent, judged.parent):
        for path in (root, *root.rglob("*")):
            if "dagster" in path.parts or path.is_symlink():
                continue
            mode = path.stat().st_mode & 0o777
            assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))
    assert plan.stat().st_mode & 0o777 == 0o600
    assert (own / "dagster").stat().st_mode & 0o777 == 0o700
    assert not state.joinpath("runs").exists()
