"""More files, written when the guessing was done, to see how it does on what it never saw."""
# ruff: noqa: E501  (a row reads best on one line)

import json
from decimal import Decimal

from tests.pipelines.guessing.making import NOT, Case, comma, lines, packed, people, spaced, table


def cases() -> list[Case]:
    return [*members(), *receipts()]


def members() -> list[Case]:
    no, se, dk, de, en = (people(language) for language in ("no", "se", "dk", "de", "en"))
    found = []
    header = ["Contact ID", "Salutation", "First Name", "Last Name", "Mobile Phone", "Home Phone",
              "Email", "Birthdate", "Mailing Street", "Mailing Zip/Postal Code", "Mailing City",
              "Mailing Country", "Email Opt Out", "Created Date", "Shoe Size"]  # fmt: skip
    rows = [
        [f"003{p.number}", "Ms." if p.female else "Mr.", p.first, p.last, p.e164, "", p.email,
         p.born.isoformat(), p.street, p.zip, p.city, "Denmark", "0" if p.mail else "1",
         p.joined.isoformat(), str(36 + at % 9)]
        for at, p in enumerate(dk)
    ]  # fmt: skip
    found.append(
        Case("salesforce_contacts.csv", b"\xef\xbb\xbf" + table(header, rows, "|").encode(),
             "members",
             dict(zip(header, ["externalId", "gender", "firstName", "lastName", "mobilePhone", NOT,
                               "email", "birthDate", "address", "zip", "city", "country", NOT, NOT,
                               NOT], strict=True)), {"delimiter": "|"})
    )  # fmt: skip

    body = "".join(
        f"<Medlem><Id>{p.number}</Id><Person><Fornamn>{p.first}</Fornamn><Efternamn>{p.last}"
        f"</Efternamn><Personnr>{p.born:%Y%m%d}-{1000 + at}</Personnr></Person><Kontakt>"
        f"<Mobil>{p.e164}</Mobil><Epost>{p.email}</Epost></Kontakt><Adress><Gata>{p.street}</Gata>"
        f"<Postnr>{p.zip[:3]} {p.zip[3:]}</Postnr><Ort>{p.city}</Ort></Adress>"
        f"<Medlemsniva>Guld</Medlemsniva></Medlem>"
        for at, p in enumerate(se)
    )
    text = f'<?xml version="1.0" encoding="UTF-16"?><Medlemmar><Antal>60</Antal>{body}</Medlemmar>'
    found.append(
        Case("medlemmar.xml", text.encode("utf-16"), "members",
             {"Id": "externalId", "Person.Fornamn": "firstName", "Person.Efternamn": "lastName",
              "Person.Personnr": NOT, "Kontakt.Mobil": "mobilePhone", "Kontakt.Epost": "email",
              "Adress.Gata": "address", "Adress.Postnr": "zip", "Adress.Ort": "city",
              "Medlemsniva": NOT}, {"record": "Medlem"}, clean=True)
    )  # fmt: skip

    listed = [
        {"kundeId": f"{p.number}", "fornavn": p.first, "mellomnavn": "", "etternavn": p.last,
         "epostadresse": p.email, "mobilnummer": f"47{p.phone}", "fodselsdato": p.born.isoformat(),
         "kjonn": "KVINNE" if p.female else "MANN", "gateadresse": p.street, "postnummer": p.zip,
         "poststed": p.city, "landkode": "NO", "samtykker": {"vilkar": p.terms, "epost": p.mail,
         "sms": p.sms}, "poengsaldo": p.points, "medlemSiden": p.joined.isoformat(),
         "favorittbutikk": "0101", "sistEndret": p.joined.isoformat()}
        for p in no
    ]  # fmt: skip
    found.append(
        Case("kundeklubb.json", json.dumps({"data": {"kunder": listed}}).encode(), "members",
             {"kundeId": "externalId", "fornavn": "firstName", "mellomnavn": NOT,
              "etternavn": "lastName", "epostadresse": "email", "mobilnummer": "mobilePhone",
              "fodselsdato": "birthDate", "kjonn": "gender", "gateadresse": "address",
              "postnummer": "zip", "poststed": "city", "landkode": "country",
              "samtykker.vilkar": "consents.acceptsTerms",
              "samtykker.epost": "consents.acceptsEmail", "samtykker.sms": "consents.acceptsSms",
              "poengsaldo": NOT, "medlemSiden": NOT, "favorittbutikk": NOT, "sistEndret": NOT},
             {"record": "data.kunder"}, clean=True)
    )  # fmt: skip

    header = ["Medlems nr", "Fulde navn", "Fødselsdato (ååååmmdd)", "Mobil tlf.", "E-mail adresse",
              "Postnr", "By", "Samtykke email", "Samtykke sms", "Bemærkninger"]  # fmt: skip
    rows = [
        [str(p.number), f"{p.first} {p.last}", p.born.strftime("%Y%m%d"), p.phone, p.email, p.zip,
         p.city, "ja" if p.mail else "nej", "ja" if p.sms else "nej", "ring, helst" if p.sms else ""]
        for p in dk
    ]  # fmt: skip
    text = "\r\n".join(",".join(f"'{cell}'" for cell in row) for row in [header, *rows])
    found.append(
        Case("stamdata.csv", text.encode("cp1252"), "members",
             dict(zip(header, ["externalId", ("firstName", "lastName"), "birthDate", "mobilePhone",
                               "email", "zip", "city", "consents.acceptsEmail",
                               "consents.acceptsSms", NOT], strict=True)),
             {"delimiter": ",", "quote": "'", "date": "%Y%m%d"}, clean=True)
    )  # fmt: skip

    header = ["Mitglied", "Name", "Vorname", "Geb.-Datum", "Geschlecht", "Strasse/Nr.", "Postleitzahl",
              "Wohnort", "Mobil", "EMail", "Eintritt", "Punktestand", "AGB akzeptiert"]  # fmt: skip
    rows = [
        [f"{p.number:08}", p.last, p.first, p.born.strftime("%d.%m.%Y"), "w" if p.female else "m",
         p.street, p.zip, p.city, f"0{spaced(p.phone)}", p.email, p.joined.strftime("%d.%m.%Y"),
         f"{p.points:,}".replace(",", "."), "ja"]
        for p in de
    ]  # fmt: skip
    found.append(
        Case("mitglieder.csv", table(header, rows, ";").encode("cp850"), "members",
             dict(zip(header, ["externalId", "lastName", "firstName", "birthDate", "gender",
                               "address", "zip", "city", "mobilePhone", "email", NOT, NOT,
                               "consents.acceptsTerms"], strict=True)),
             {"delimiter": ";", "date": "%d.%m.%Y"})
    )  # fmt: skip

    header = ["id", "email", "phone", "firstname", "surname", "gender", "dob", "optin_email",
              "optin_sms", "postcode", "town", "loyalty_card", "last_purchase", "total_spent"]  # fmt: skip
    rows = [
        [f"{p.number:08x}-1234-4abc-8def-{p.number:012}", p.email, p.e164, p.first, p.last,
         "female" if p.female else "male", p.born.strftime("%d/%m/%Y"),
         "TRUE" if p.mail else "FALSE", "TRUE" if p.sms else "FALSE", p.zip, p.city,
         f"99{p.number}", p.joined.strftime("%d/%m/%Y"), f"{p.points}.50"]
        for p in en
    ]  # fmt: skip
    found.append(
        Case("loyalty_dump.tsv", table(header, rows, "\t", "\n").encode("utf-16-le"), "members",
             dict(zip(header, ["externalId", "email", "mobilePhone", "firstName", "lastName",
                               "gender", "birthDate", "consents.acceptsEmail",
                               "consents.acceptsSms", "zip", "city", NOT, NOT, NOT], strict=True)),
             {"encoding": "utf-16-le", "date": "%d/%m/%Y"}, clean=True)
    )  # fmt: skip
    return found


def receipts() -> list[Case]:
    no, se, dk, de, en = (
        lines(language, returns=language == "de") for language in ("no", "se", "dk", "de", "en")
    )
    found = []
    header = ["Filiale", "Kasse", "Belegnummer", "Belegdatum", "Uhrzeit", "Position", "Artikelnummer",
              "Artikelbezeichnung", "Warengruppe", "Menge", "Einzelpreis", "Betrag", "MwSt-Satz",
              "MwSt-Betrag", "Nachlass", "Zahlungsart", "Verkäufer"]  # fmt: skip
    rows = [
        [ln.store, ln.till, str(ln.receipt), ln.time.strftime("%d.%m.%Y"), ln.time.strftime("%H:%M"),
         str(ln.number), ln.code, ln.name, ln.group, str(ln.quantity), comma(ln.unit, "."),
         comma(ln.gross, "."), "25", comma(ln.vat, "."), comma(ln.discount), "EC-Karte", "17"]
        for ln in de
    ]  # fmt: skip
    found.append(
        Case("umsatz.csv", table(header, rows, ";").encode("cp1252"), "receipts",
             dict(zip(header, ["Header.StoreId", "Header.EcrId", "Header.ReceiptId",
                               "Header.TimeStamp", "Header.TimeStamp", "Items.LineNo",
                               "Items.ProductId", "Items.ProductName",
                               "Items.ProductGroupLevel1Name", "Items.Quantity", NOT,
                               "Items.GrossAmount", NOT, "Items.Vat", "Items.Discount",
                               "Header.PaymentString", NOT], strict=True)),
             {"delimiter": ";", "decimal": ",", "thousands": "."})
    )  # fmt: skip

    header = ["Butik", "Kassa", "Kvitto", "Tidpunkt", "Radnr", "EAN-kod", "Varunamn", "Varugrupp",
              "Antal", "Á-pris", "Radbelopp", "Varav moms", "Totalsumma", "Medlemsnr", "Säljare"]  # fmt: skip
    rows = [
        [ln.store, ln.till, str(ln.receipt), ln.time.strftime("%Y-%m-%d %H:%M:%S"), str(ln.number),
         ln.ean, ln.name, ln.group, str(ln.quantity), comma(ln.unit), comma(ln.gross),
         comma(ln.vat), comma(ln.total), ln.customer, "Eva"]
        for ln in se
    ]  # fmt: skip
    found.append(
        Case("forsaljning.csv.gz", packed(table(header, rows, ";").encode("cp1252"), "gz"),
             "receipts",
             dict(zip(header, ["Header.StoreId", "Header.EcrId", "Header.ReceiptId",
                               "Header.TimeStamp", "Items.LineNo", "Items.ProductId",
                               "Items.ProductName", "Items.ProductGroupLevel1Name",
                               "Items.Quantity", NOT, "Items.GrossAmount", "Items.Vat",
                               "Header.GrossAmount", "Header.ConsumerId", NOT], strict=True)),
             {"encoding": "cp1252", "decimal": ","}, clean=True)
    )  # fmt: skip

    titles = ["BUTIK", "BONNR", "DATO", "LINIE", "VARENR", "VARETEKST", "ANTAL", "BELOEB", "MOMS"]
    widths = [8, 12, 16, 6, 10, 22, 8, 12, 10]
    text = ""
    for row in [
        titles,
        *([ln.store, str(ln.receipt), ln.time.strftime("%Y%m%d%H%M%S"), str(ln.number), ln.code,
           ln.name, str(ln.quantity), str(ln.gross), str(ln.vat)] for ln in dk),
    ]:  # fmt: skip
        for at, (value, width) in enumerate(zip(row, widths, strict=True)):
            text += (value.rjust(width - 1) + " ") if at >= 6 else value.ljust(width)
        text += "\r\n"
    found.append(
        Case("BON.PRN", text.encode("cp850"), "receipts",
             dict(zip(titles, ["Header.StoreId", "Header.ReceiptId", "Header.TimeStamp",
                               "Items.LineNo", "Items.ProductId", "Items.ProductName",
                               "Items.Quantity", "Items.GrossAmount", "Items.Vat"], strict=True)),
             {"format": "fixed", "time": "%Y%m%d%H%M%S"}, clean=True)
    )  # fmt: skip

    header = ["Order ID", "Created at", "Location", "Lineitem number", "Lineitem sku",
              "Lineitem name", "Lineitem quantity", "Lineitem price", "Lineitem amount",
              "Lineitem tax", "Total", "Currency", "Payment Method", "Customer ID", "Vendor"]  # fmt: skip
    rows = [
        [str(ln.receipt), ln.time.strftime("%Y-%m-%d %H:%M:%S +0100"), ln.store, str(ln.number),
         ln.code, ln.name, str(ln.quantity), str(ln.unit), str(ln.gross), str(ln.vat),
         str(ln.total), "USD", "Visa", ln.customer, "Acme"]
        for ln in en
    ]  # fmt: skip
    found.append(
        Case("orders_export.csv", table(header, rows, ",", "\n").encode(), "receipts",
             dict(zip(header, ["Header.ReceiptId", "Header.TimeStamp", "Header.StoreId",
                               "Items.LineNo", "Items.ProductId", "Items.ProductName",
                               "Items.Quantity", NOT, "Items.GrossAmount", "Items.Vat",
                               "Header.GrossAmount", "Header.Currency", "Header.PaymentString",
                               "Header.ConsumerId", "Items.SupplierName"], strict=True)),
             {"delimiter": ","})
    )  # fmt: skip

    body = ""
    for at in sorted({ln.receipt for ln in no}):
        own = [ln for ln in no if ln.receipt == at]
        items = "".join(
            f'<Item seq="{ln.number}" plu="{ln.code}" qty="{ln.quantity}" amount="{ln.gross}" '
            f'vat="{ln.vat}"><![CDATA[{ln.name}]]></Item>'
            for ln in own
        )
        body += (
            f'<Receipt no="{at}" shop="{own[0].store}" register="{own[0].till}" '
            f'time="{own[0].time:%Y%m%d%H%M}"><Member>{own[0].customer}</Member>'
            f"<Items>{items}</Items><Sum>{own[0].total}</Sum></Receipt>\n"
        )
    text = f'<?xml version="1.0"?>\n<Journal date="2024-03-31">{body}</Journal>'
    found.append(
        Case("journal.xml", text.encode(), "receipts",
             {"@no": "Header.ReceiptId", "@shop": "Header.StoreId", "@register": "Header.EcrId",
              "@time": "Header.TimeStamp", "Member": "Header.ConsumerId",
              "Sum": "Header.GrossAmount", "Items.Item.@seq": "Items.LineNo",
              "Items.Item.@plu": "Items.ProductId", "Items.Item.@qty": "Items.Quantity",
              "Items.Item.@amount": "Items.GrossAmount", "Items.Item.@vat": "Items.Vat",
              "Items.Item.text()": "Items.ProductName"},
             {"record": "Receipt", "items": "Items.Item", "time": "%Y%m%d%H%M"}, clean=True)
    )  # fmt: skip

    header = ["avdnr", "bilagsnr", "tidsstempel", "lnr", "artnr", "artikkelnavn", "ant", "bel_inkl_mva",
              "bel_eks_mva", "mvakode", "type", "vgr", "levnr", "kampanjenr", "valuta"]  # fmt: skip
    rows = [
        [ln.store, str(ln.receipt), ln.time.strftime("%d.%m.%Y %H:%M:%S"), str(ln.number), ln.code,
         ln.name, str(ln.quantity), comma(ln.gross), comma(ln.net), "3", "S", str(10 + at % 5),
         "7700", "K12" if ln.discount else "", "NOK"]
        for at, ln in enumerate(no)
    ]  # fmt: skip
    found.append(
        Case("trans_20240301.txt", table(header, rows, "\t").encode("iso-8859-1"), "receipts",
             dict(zip(header, ["Header.StoreId", "Header.ReceiptId", "Header.TimeStamp",
                               "Items.LineNo", "Items.ProductId", "Items.ProductName",
                               "Items.Quantity", "Items.GrossAmount", "Items.NetAmount", NOT,
                               "Items.TransactionType", "Items.ProductGroupLevel1Id",
                               "Items.SupplierId", "Items.CampaignId", "Header.Currency"],
                      strict=True)),
             {"decimal": ",", "time": "%d.%m.%Y %H:%M:%S"})
    )  # fmt: skip

    rows = [
        [ln.store, str(ln.receipt), ln.time.isoformat(), str(ln.number), ln.ean, ln.name,
         str(ln.quantity), str(ln.gross), str(ln.vat), str(ln.gross - ln.vat)]
        for ln in no
    ]  # fmt: skip
    wanted = ["Header.StoreId", "Header.ReceiptId", "Header.TimeStamp", "Items.LineNo",
              "Items.ProductId", "Items.ProductName", "Items.Quantity", "Items.GrossAmount",
              "Items.Vat", "Items.NetAmount"]  # fmt: skip
    found.append(
        Case("linjer.csv", table(None, rows, ",", "\n").encode(), "receipts",
             {f"column_{at}": name for at, name in enumerate(wanted, start=1)})
    )  # fmt: skip
    assert Decimal(rows[0][7]) > 0
    return found
