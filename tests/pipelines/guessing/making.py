"""Made-up people and receipts, always the same, and the ways partners write them."""

import gzip
import io
import random
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

NOT = None  # a column that no field takes: it is left out, or sent beside the fields
Answer = dict[str, str | tuple[str, ...] | None]

FIRST = {
    "no": ["Kari", "Ola", "Bjørn", "Åse", "Ingrid", "Per", "Solveig", "Øyvind", "Randi", "Sindre"],
    "se": ["Göran", "Anna", "Åsa", "Lars", "Märta", "Björn", "Elsa", "Ulf", "Karin", "Sven"],
    "dk": ["Søren", "Mette", "Jens", "Kirsten", "Bjørn", "Pia", "Lærke", "Mads", "Hanne", "Åge"],
    "de": ["Jürgen", "Ursula", "Klaus", "Käthe", "Sabine", "Wolfgang", "Björn", "Monika", "Lukas"],
    "en": ["James", "Mary", "Robert", "Patricia", "Zoë", "David", "Jennifer", "Lisa", "Paul"],
}
LAST = {
    "no": ["Hansen", "Nygård", "Bjørnstad", "Ødegård", "Strøm", "Bakke", "Moen", "Sæther", "Vik"],
    "se": ["Andersson", "Åkesson", "Sjöström", "Lindqvist", "Öberg", "Ström", "Hägg", "Nilsson"],
    "dk": ["Jensen", "Sørensen", "Kjær", "Nørgaard", "Møller", "Østergaard", "Lund", "Aagaard"],
    "de": ["Müller", "Groß", "Schäfer", "König", "Weiß", "Jäger", "Schmidt", "Fischer"],
    "en": ["Smith", "O'Brien", "Taylor", "Brontë", "Johnson", "Walker", "Hughes", "Wright"],
}
CITY = {
    "no": [("0153", "Oslo"), ("5003", "Bergen"), ("9008", "Tromsø"), ("6002", "Ålesund")],
    "se": [("11122", "Stockholm"), ("41103", "Göteborg"), ("21119", "Malmö"), ("90325", "Umeå")],
    "dk": [("1050", "København"), ("8000", "Aarhus"), ("5000", "Odense"), ("7100", "Vejle")],
    "de": [("01067", "Dresden"), ("80331", "München"), ("50667", "Köln"), ("20095", "Hamburg")],
    "en": [("10001", "New York"), ("60601", "Chicago"), ("94103", "San Francisco")],
}
STREET = {
    "no": ["Storgata", "Bjørkelia", "Åsveien", "Kirkegata"],
    "se": ["Storgatan", "Björkvägen", "Åkergatan", "Kungsgatan"],
    "dk": ["Nørregade", "Østergade", "Skovvej", "Møllevej"],
    "de": ["Hauptstraße", "Gartenweg", "Königsallee", "Mühlenweg"],
    "en": ["Main Street", "Elm Avenue", "Oak Road"],
}
DIAL = {"no": "47", "se": "46", "dk": "45", "de": "49", "en": "1"}
GOODS = {
    "no": ["Brød grovt", "Smør 500 g", "Kjøttdeig", "Øl 0,5 l", "Melk lett", "Påskeegg"],
    "se": ["Bröd", "Smör 500 g", "Köttfärs", "Öl", "Mjölk", "Påskägg"],
    "dk": ["Rugbrød", "Smør", "Hakket kød", "Øl", "Mælk", "Påskeæg"],
    "de": ["Brötchen", "Butter", "Käse", "Würstchen", "Milch", "Süßigkeiten"],
    "en": ["Bread", "Butter 1 lb", "Minced meat", "Beer", "Milk", "Easter egg"],
}
GROUP = ["Brod", "Meieri", "Kjott", "Drikke", "Meieri", "Sesong"]


@dataclass(frozen=True)
class Person:
    number: int
    first: str
    last: str
    phone: str  # national
    dial: str
    email: str
    born: date
    female: bool
    street: str
    zip: str
    city: str
    country: str
    terms: bool
    mail: bool
    sms: bool
    joined: datetime
    points: int

    @property
    def e164(self) -> str:
        return f"+{self.dial}{self.phone}"


def people(language: str, many: int = 60) -> list[Person]:
    pick = random.Random(f"people {language}")
    found = []
    for at in range(many):
        first, last = pick.choice(FIRST[language]), pick.choice(LAST[language])
        place = pick.choice(CITY[language])
        phone = f"{pick.choice('49')}{pick.randrange(10**7):07}"
        if language == "se":
            phone = f"70{pick.randrange(10**7):07}"
        if language == "de":
            phone = f"151{pick.randrange(10**7):07}"
        if language == "en":
            phone = f"212{pick.randrange(2 * 10**6, 9 * 10**6):07}"
        born = date(1940, 1, 1) + timedelta(days=pick.randrange(23_000))
        found.append(
            Person(
                100_200 + at * 7, first, last, phone, DIAL[language],
                f"kunde{at}@example.{'com' if language == 'en' else language}", born,
                pick.random() < 0.5, f"{pick.choice(STREET[language])} {pick.randrange(1, 140)}",
                *place, {"en": "US"}.get(language, language.upper()),
                pick.random() < 0.9, pick.random() < 0.6, pick.random() < 0.5,
                datetime(2018, 1, 1) + timedelta(minutes=pick.randrange(2_000_000)),  # noqa: DTZ001  (as partners write it)
                pick.randrange(5_000),
            )
        )  # fmt: skip
    return found


@dataclass(frozen=True)
class Line:
    store: str
    till: str
    receipt: int
    time: datetime
    customer: str
    number: int
    code: str
    ean: str
    name: str
    group: str
    quantity: int
    unit: Decimal
    gross: Decimal
    vat: Decimal
    net: Decimal
    discount: Decimal
    total: Decimal


def ean(body: int) -> str:
    digits = f"70{body:010}"
    total = sum(int(c) * (3 if at % 2 else 1) for at, c in enumerate(digits))
    return f"{digits}{-total % 10}"


def lines(language: str, receipts: int = 40, *, returns: bool = False) -> list[Line]:
    pick = random.Random(f"receipts {language}")
    found: list[Line] = []
    for at in range(receipts):
        time = datetime(2024, 3, 1, 9) + timedelta(minutes=at * 437, seconds=pick.randrange(60))  # noqa: DTZ001  (as tills write it)
        store, till = pick.choice(["0101", "0102", "0217"]), str(pick.randrange(1, 5))
        customer = str(100_200 + pick.randrange(60) * 7)
        own = []
        back = returns and at % 9 == 4
        for number in range(1, pick.randrange(1, 6) + 1):
            good = pick.randrange(6)
            quantity = pick.choice([1, 1, 1, 2, 3])
            unit = Decimal(pick.randrange(990, 150_000)) / 100
            discount = Decimal(pick.choice([0, 0, 0, 500])) / 100
            gross = unit * quantity
            vat = (gross / 5).quantize(Decimal("0.01"))
            sign = -1 if back else 1
            own.append(
                (number, f"{4_000 + good * 11}", ean(38_000 + good), GOODS[language][good],
                 GROUP[good], quantity * sign, unit, gross, vat, gross - vat, discount)
            )  # fmt: skip
        total = sum((line[7] for line in own), Decimal(0))
        found += [Line(store, till, 88_000_100 + at, time, customer, *o, total) for o in own]
    return found


def comma(number: Decimal, mark: str = "") -> str:
    return f"{number:,.2f}".replace(",", "\0").replace(".", ",").replace("\0", mark)


def spaced(phone: str) -> str:
    return " ".join(phone[at : at + 2] for at in range(0, len(phone), 2))


@dataclass(frozen=True)
class Case:
    """A file and what is right about it.

    Attributes:
        name: of the file.
        data: its bytes.
        target: members or receipts.
        answer: for each column its field, its fields, or NOT.
        facts: words of `source` and `values` that must be found.
        clean: whether every record of it is fit to be sent as guessed.
    """

    name: str
    data: bytes
    target: str
    answer: Answer
    facts: dict[str, object] = field(default_factory=dict)
    clean: bool = False


def table(header: list[str] | None, rows: list[list[str]], mark: str, end: str = "\r\n") -> str:
    def cell(text: str) -> str:
        quoted = any(sign in text for sign in (mark, '"', "\n"))
        return '"' + text.replace('"', '""') + '"' if quoted else text

    every = [*([header] if header else []), *rows]
    return "".join(mark.join(map(cell, row)) + end for row in every)


def packed(data: bytes, kind: str, name: str = "export.csv") -> bytes:
    if kind == "gz":
        return gzip.compress(data, mtime=0)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), data)
    return whole.getvalue()


def workbook(rows: list[list[object]], sheet: str = "Ark1") -> bytes:
    """Write the least that is a workbook: numbers as numbers, all else as inline text."""

    def cell(value: object) -> str:
        if isinstance(value, int | float):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'

    body = "".join(
        f'<row r="{at}">{"".join(map(cell, row))}</row>' for at, row in enumerate(rows, start=1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData>'
        "</worksheet>",
    }
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), f'<?xml version="1.0"?>{text}')
    return whole.getvalue()
