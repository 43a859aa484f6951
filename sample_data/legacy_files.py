"""The files of an old programme, each in the format and the spelling of its own system."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from sample_data.legacy import STORES, Member, Programme, tell_facts
from sample_data.legacy_feeds import FEEDS, PLAN, PLAN_NAME

ROOT = Path(__file__).resolve().parent.parent
_SHOP = ("Kundenr", "Fornavn", "Etternavn", "Mobil", "Epost", "Født", "Postnr", "Sted", "Land")
_MORE = ("Nyhetsbrev", "Endret")
_NEVER = {"birth": "31.02.1980"}


def write_programme(made: Programme, folder: Path) -> None:
    """Write all files, the feeds and the plan below a folder.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = folder.resolve()
    (folder / "members_shop").mkdir(parents=True, exist_ok=True)
    for part in ("north", "south"):
        members = [m for m in made.members if m.part == f"shop-{part}"]
        _write_csv(folder / "members_shop" / f"{part}.csv", [*_SHOP, *_MORE], map(_shop, members))
    _write_xml(folder / "members_web.xml", [m for m in made.members if m.part == "web"])
    app = "".join(_app(m) + "\n" for m in made.members if m.part == "app")
    (folder / "members_app.ndjson").write_text(app, encoding="utf-8", newline="\n")
    _write_things(made, folder)
    _write_receipts(made, folder / "receipts.csv")
    _write_words(folder)
    facts = json.dumps(tell_facts(made), indent=2)
    (folder / "facts.json").write_text(facts + "\n", encoding="utf-8", newline="\n")


def _write_things(made: Programme, folder: Path) -> None:
    _write_csv(
        folder / "balances.csv",
        ("Kundenr", "Poeng"),
        ((m, _thousands(points) if good else "tusen") for m, points, good in made.balances),
    )
    _write_csv(
        folder / "stamps.csv",
        ("Kundenr", "Kort", "Klipp"),
        ((m, card, str(count) if good else "x") for m, card, count, good in made.stamps),
    )
    _write_csv(
        folder / "vehicles.csv",
        ("Kundenr", "Skilt", "Årsmodell", "Motor"),
        (
            (m, plate, str(year) if good else "ny", f"{year % 10},{year % 7}")
            for m, plate, year, good in made.vehicles
        ),
    )
    _write_csv(
        folder / "payment_cards.csv",
        ("Kundenr", "Token"),
        ((m, token if good else "") for m, token, good in made.cards),
    )


def _write_receipts(made: Programme, path: Path) -> None:
    """A row a line, decimal commas; a receipt at fault has a quantity that is none."""
    rows = (
        (
            receipt.store,
            receipt.number,
            f"{receipt.time:%d.%m.%Y %H:%M}",
            receipt.member,
            str(place),
            line.product,
            line.name,
            str(line.quantity) if receipt.good else "?",
            f"{line.gross // 100},{line.gross % 100:02d}",
        )
        for receipt in made.receipts
        for place, line in enumerate(receipt.lines, start=1)
    )
    names = ("Butikk", "Bong", "Tid", "Kundenr", "Linje", "Vare", "Varenavn", "Antall", "Beløp")
    _write_csv(path, names, rows)


def _write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows(rows)
    path.write_bytes(out.getvalue().encode("cp1252"))


def _thousands(points: int) -> str:
    return f"{points:,}".replace(",", " ")


def _shop(m: Member) -> Sequence[str]:
    local = m.phone.removeprefix("+47")
    phone = " ".join(local[i : i + 2] for i in range(0, len(local), 2))
    born = f"{m.born:%d.%m.%Y}" if m.born else ""
    email, number = m.email, m.number
    if m.fault == "phone":
        phone = "ukjent"
    elif m.fault == "email":
        email = f"{m.first}@"
    elif m.fault == "nameless":
        number = phone = email = ""
    born = _NEVER.get(m.fault, born)
    news, updated = "Ja" if m.news else "Nei", f"{m.updated:%d.%m.%Y %H:%M}"
    return (number, m.first, m.last, phone, email, born, m.zip, m.city, m.country, news, updated)


def _write_xml(path: Path, members: Iterable[Member]) -> None:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<w:Export xmlns:w="urn:example:webshop">\n'
    rows = "".join(map(_web, members))
    path.write_text(
        f"{head}<w:Members>\n{rows}</w:Members>\n</w:Export>\n", encoding="utf-8", newline="\n"
    )


def _web(m: Member) -> str:
    number, phone, email = m.number, m.phone, m.email
    born = m.born.isoformat() if m.born else ""
    if m.fault == "birth":
        born = "1980-02-31"
    elif m.fault == "phone":
        phone = "ukjent"
    elif m.fault == "email":
        email = f"{m.first}@"
    elif m.fault == "nameless":
        number = phone = email = ""
    values = {"FirstName": m.first, "LastName": m.last, "Born": born, "Mobile": phone}
    values |= {"Email": email, "Zip": m.zip, "City": m.city, "Country": m.country}
    values |= {"News": "true" if m.news else "false", "Changed": f"{m.updated:%Y-%m-%dT%H:%M:%S}"}
    inner = "".join(f"<w:{k}>{escape(v)}</w:{k}>" for k, v in values.items() if v)
    return f"<w:Member no={quoteattr(number)}>{inner}</w:Member>\n"


def _app(m: Member) -> str:
    number, phone, email = m.number, m.phone.replace("+", "00"), m.email
    born = m.born.isoformat() if m.born else None
    if m.fault == "birth":
        born = "1980-02-31"
    elif m.fault == "phone":
        phone = "ukjent"
    elif m.fault == "email":
        email = f"{m.first}@"
    elif m.fault == "nameless":
        number = phone = email = ""
    name = {"first": m.first, "last": m.last}
    contact = {"mobile": phone or None, "email": email or None}
    home = {"zip": m.zip, "city": m.city, "country": m.country}
    told: dict[str, object] = {
        "member": number or None,
        "name": name,
        "contact": contact,
        "born": born,
        "home": home,
    }
    told |= {"news": m.news, "changed": f"{m.updated:%Y-%m-%dT%H:%M:%S}"}
    return json.dumps(told, ensure_ascii=False)


def _write_words(folder: Path) -> None:
    """Write the feeds, the plan, and what the sandbox must offer: the stores."""
    where = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    for name, text in FEEDS.items():
        feed = folder / "feeds" / name
        feed.mkdir(parents=True, exist_ok=True)
        words = text.replace("FOLDER", str(where))
        (feed / "defs.yaml").write_text(words, encoding="utf-8", newline="\n")
    (folder / f"{PLAN_NAME}.yaml").write_text(PLAN, encoding="utf-8", newline="\n")
    stores = "".join(f'  - {{id: "{store}", name: Butikk {store}}}\n' for store in STORES)
    text = f"# What the sandbox offers: loyalty-etl sandbox --offers {where}/offers.yaml\n"
    text += f"stores:\n{stores}"
    (folder / "offers.yaml").write_text(text, encoding="utf-8", newline="\n")
