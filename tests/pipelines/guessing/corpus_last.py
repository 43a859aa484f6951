"""Files of a third time, with the headers of well-known systems; none was known to the guessing."""
# ruff: noqa: E501  (a row reads best on one line)

import json

from tests.pipelines.guessing.making import NOT, Case, comma, lines, people, spaced, table


def cases() -> list[Case]:
    return [*members(), *receipts()]


def members() -> list[Case]:
    no, se, dk, de, en = (people(language) for language in ("no", "se", "dk", "de", "en"))
    found = []
    header = ["KUNNR", "ANRED", "NAME1", "NAME2", "STRAS", "PSTLZ", "ORT01", "LAND1", "TELF1",
              "SMTP_ADDR", "ERDAT", "KTOKD"]  # fmt: skip
    rows = [
        [f"{p.number:010}", "Frau" if p.female else "Herr", p.last, p.first, p.street, p.zip,
         p.city, "DE", p.e164, p.email, p.joined.strftime("%Y%m%d"), "Z001"]
        for p in de
    ]  # fmt: skip
    found.append(
        Case("kna1.csv", table(header, rows, ";").encode("cp1252"), "members",
             dict(zip(header, ["externalId", "gender", "lastName", "firstName", "address", "zip",
                               "city", "country", "mobilePhone", "email", NOT, NOT], strict=True)),
             {"encoding": "cp1252"}, clean=True)
    )  # fmt: skip

    header = ["Nr.", "Navn", "Adresse", "Postnr.", "By", "Mobiltelefonnr.", "Mail", "Fødselsdato",
              "Debitorbogføringsgruppe", "Saldo (RV)", "Sidst rettet den"]  # fmt: skip
    rows = [
        [f"D{p.number}", f"{p.first} {p.last}", p.street, p.zip, p.city, p.phone, p.email,
         p.born.strftime("%d-%m-%Y"), "INDLAND", f"{p.points},00",
         p.joined.strftime("%d-%m-%Y")]
        for p in dk
    ]  # fmt: skip
    found.append(
        Case("debitorer.csv", table(header, rows, ";").encode("cp865"), "members",
             dict(zip(header, ["externalId", ("firstName", "lastName"), "address", "zip", "city",
                               "mobilePhone", "email", "birthDate", NOT, NOT, NOT], strict=True)),
             {"encoding": "cp865", "date": "%d-%m-%Y"}, clean=True)
    )  # fmt: skip

    header = ["Customer ID", "First Name", "Last Name", "Email", "Accepts Email Marketing",
              "Default Address Company", "Default Address Address1", "Default Address Address2",
              "Default Address City", "Default Address Province Code",
              "Default Address Country Code", "Default Address Zip", "Phone",
              "Accepts SMS Marketing", "Total Spent", "Total Orders", "Note", "Tax Exempt", "Tags"]  # fmt: skip
    rows = [
        [f"'{p.number}", p.first, p.last, p.email, "yes" if p.mail else "no", "", p.street, "",
         p.city, "NY", "US", f"'{p.zip}", p.e164, "yes" if p.sms else "no", f"{p.points}.00",
         str(p.points % 9), "", "no", "vip, web" if p.points > 4000 else ""]
        for p in en
    ]  # fmt: skip
    found.append(
        Case("customers_export.csv", table(header, rows, ",", "\n").encode(), "members",
             dict(zip(header, ["externalId", "firstName", "lastName", "email",
                               "consents.acceptsEmail", NOT, "address", NOT, "city", NOT,
                               "country", "zip", "mobilePhone", "consents.acceptsSms", NOT, NOT,
                               NOT, NOT, NOT], strict=True)), {})
    )  # fmt: skip

    header = ["Email Address", "First Name", "Last Name", "Phone Number", "Birthday", "Postal code",
              "MEMBER_RATING", "OPTIN_TIME", "CONFIRM_IP", "LAST_CHANGED", "LEID", "NOTES"]  # fmt: skip
    rows = [
        [p.email, p.first, p.last, spaced(p.phone), p.born.strftime("%m/%d/%Y"), p.zip, "2",
         p.joined.isoformat(sep=" "), "10.0.0.1", p.joined.isoformat(sep=" "), str(p.number), ""]
        for p in no
    ]  # fmt: skip
    found.append(
        Case("subscribed_members_export.csv", table(header, rows, ",", "\n").encode(), "members",
             dict(zip(header, ["email", "firstName", "lastName", "mobilePhone", "birthDate", "zip",
                               NOT, NOT, NOT, NOT, NOT, NOT], strict=True)),
             {"date": "%m/%d/%Y"}, clean=True)
    )  # fmt: skip

    body = "".join(
        f'<row><field name="medlemsid">{p.number}</field><field name="fornamn">{p.first}</field>'
        f'<field name="efternamn">{p.last}</field><field name="epost">{p.email}</field>'
        f'<field name="mobilnr">{p.e164}</field><field name="ort">{p.city}</field></row>'
        for p in se
    )
    found.append(
        Case("dump.xml", f'<?xml version="1.0"?><resultset>{body}</resultset>'.encode(), "members",
             {"field[@name=medlemsid]": "externalId", "field[@name=fornamn]": "firstName",
              "field[@name=efternamn]": "lastName", "field[@name=epost]": "email",
              "field[@name=mobilnr]": "mobilePhone", "field[@name=ort]": "city"},
             {"record": "row"}, clean=True)
    )  # fmt: skip
    return found


def receipts() -> list[Case]:
    no, se, dk = (lines(language) for language in ("no", "se", "dk"))
    found = []
    bonger = []
    for at in sorted({ln.receipt for ln in no}):
        own = [ln for ln in no if ln.receipt == at]
        bonger.append(
            {"bongnr": at, "butikk": {"nr": own[0].store, "navn": "Storgata"},
             "kasse": {"nr": own[0].till, "operator": "17"},
             "tidspunkt": own[0].time.isoformat() + "+01:00",
             "medlem": {"id": own[0].customer}, "sumInklMva": float(own[0].total),
             "varelinjer": [
                 {"linjenr": ln.number, "vare": {"nr": ln.code, "ean": ln.ean, "navn": ln.name},
                  "antall": ln.quantity, "enhetspris": float(ln.unit),
                  "belopInklMva": float(ln.gross), "mvaBelop": float(ln.vat),
                  "mvaProsent": 25} for ln in own],
             "betalinger": [{"type": "KORT", "belop": float(own[0].total)}]}
        )  # fmt: skip
    found.append(
        Case("bonger.json", json.dumps({"bonger": bonger}).encode(), "receipts",
             {"bongnr": "Header.ReceiptId", "butikk.nr": "Header.StoreId", "butikk.navn": NOT,
              "kasse.nr": "Header.EcrId", "kasse.operator": NOT,
              "tidspunkt": "Header.TimeStamp", "medlem.id": "Header.ConsumerId",
              "sumInklMva": "Header.GrossAmount", "varelinjer.linjenr": "Items.LineNo",
              "varelinjer.vare.nr": "Items.ProductId", "varelinjer.vare.ean": NOT,
              "varelinjer.vare.navn": "Items.ProductName", "varelinjer.antall": "Items.Quantity",
              "varelinjer.enhetspris": NOT, "varelinjer.belopInklMva": "Items.GrossAmount",
              "varelinjer.mvaBelop": "Items.Vat", "varelinjer.mvaProsent": NOT,
              "betalinger[type=KORT].belop": NOT},
             {"record": "bonger", "items": "varelinjer"}, clean=True)
    )  # fmt: skip

    header = ["Afdeling", "Bonnr", "Ekspedient", "Salgsdato", "Kl.", "Linje", "Varenummer",
              "Stregkode", "Beskrivelse", "Varegruppe", "Antal", "Enhedspris", "Rabat",
              "Linjetotal", "Moms", "Kundenr."]  # fmt: skip
    rows = [
        [ln.store, str(ln.receipt), "7", ln.time.strftime("%d-%m-%Y"), ln.time.strftime("%H.%M"),
         str(ln.number), ln.code, ln.ean, ln.name, ln.group, str(ln.quantity), comma(ln.unit),
         comma(ln.discount), comma(ln.gross), comma(ln.vat), ln.customer]
        for ln in dk
    ]  # fmt: skip
    found.append(
        Case("salgslinjer.csv", table(header, rows, ";").encode("cp1252"), "receipts",
             dict(zip(header, ["Header.StoreId", "Header.ReceiptId", NOT, "Header.TimeStamp",
                               "Header.TimeStamp", "Items.LineNo", "Items.ProductId", NOT,
                               "Items.ProductName", "Items.ProductGroupLevel1Name",
                               "Items.Quantity", NOT, "Items.Discount", "Items.GrossAmount",
                               "Items.Vat", "Header.ConsumerId"], strict=True)),
             {"time": "%d-%m-%Y %H.%M"}, clean=True)
    )  # fmt: skip

    body = ""
    for at in sorted({ln.receipt for ln in se}):
        own = [ln for ln in se if ln.receipt == at]
        rader = "".join(
            f"<Rad><RadNr>{ln.number}</RadNr><ArtikelNr>{ln.code}</ArtikelNr><Text>{ln.name}</Text>"
            f"<Antal>{ln.quantity}</Antal><Belopp>{comma(ln.gross)}</Belopp>"
            f"<Momsbelopp>{comma(ln.vat)}</Momsbelopp></Rad>"
            for ln in own
        )
        body += (
            f"<Kvitto><KvittoNr>{at}</KvittoNr><ButikNr>{own[0].store}</ButikNr>"
            f"<KassaNr>{own[0].till}</KassaNr><Datum>{own[0].time:%Y-%m-%d}</Datum>"
            f"<Tid>{own[0].time:%H:%M:%S}</Tid><Rader>{rader}</Rader></Kvitto>"
        )
    text = f'<?xml version="1.0" encoding="windows-1252"?><Journal>{body}</Journal>'
    found.append(
        Case("kvitton.xml", text.encode("cp1252"), "receipts",
             {"KvittoNr": "Header.ReceiptId", "ButikNr": "Header.StoreId",
              "KassaNr": "Header.EcrId", "Datum": "Header.TimeStamp", "Tid": "Header.TimeStamp",
              "Rader.Rad.RadNr": "Items.LineNo", "Rader.Rad.ArtikelNr": "Items.ProductId",
              "Rader.Rad.Text": "Items.ProductName", "Rader.Rad.Antal": "Items.Quantity",
              "Rader.Rad.Belopp": "Items.GrossAmount", "Rader.Rad.Momsbelopp": "Items.Vat"},
             {"record": "Kvitto", "items": "Rader.Rad", "decimal": ",",
              "time": "%Y-%m-%d %H:%M:%S"}, clean=True)
    )  # fmt: skip
    return found
