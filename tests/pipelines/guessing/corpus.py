"""Files as partners send them, each with the right answer written beside it by hand."""
# ruff: noqa: E501  (a row reads best on one line)

import io
import json
from datetime import date

import polars as pl

from tests.pipelines.guessing.making import (
    NOT,
    Case,
    comma,
    lines,
    packed,
    people,
    spaced,
    table,
    workbook,
)


def cases() -> list[Case]:
    return [*members(), *receipts()]


def members() -> list[Case]:
    no, se, dk, de, en = (people(language) for language in ("no", "se", "dk", "de", "en"))
    found = []
    header = "Kundenr;Fornavn;Etternavn;Mobil;E-post;Fødselsdato;Kjønn;Adresse;Postnr;Poststed;Land"
    rows = [
        [str(p.number), p.first, p.last, p.e164, p.email, p.born.strftime("%d.%m.%Y"),
         "Kvinne" if p.female else "Mann", p.street, p.zip, p.city, "NO"]
        for p in no
    ]  # fmt: skip
    found.append(
        Case("kunder_butikk.csv", table(header.split(";"), rows, ";").encode("cp1252"), "members",
             {"Kundenr": "externalId", "Fornavn": "firstName", "Etternavn": "lastName",
              "Mobil": "mobilePhone", "E-post": "email", "Fødselsdato": "birthDate",
              "Kjønn": "gender", "Adresse": "address", "Postnr": "zip", "Poststed": "city",
              "Land": "country"},
             {"encoding": "cp1252", "delimiter": ";", "date": "%d.%m.%Y"}, clean=True)
    )  # fmt: skip

    header = ["Medlemsnummer", "Förnamn", "Efternamn", "Mobiltelefon", "E-postadress", "Födelsedatum",
              "Kön", "Gatuadress", "Postnummer", "Ort", "Nyhetsbrev", "SMS-utskick",
              "Inskrivningsdatum", "Poängsaldo"]  # fmt: skip
    rows = [
        [str(p.number), p.first, p.last, p.e164, p.email, p.born.isoformat(),
         "Kvinna" if p.female else "Man", p.street, p.zip, p.city, "Ja" if p.mail else "Nej",
         "Ja" if p.sms else "Nej", p.joined.date().isoformat(), str(p.points)]
        for p in se
    ]  # fmt: skip
    found.append(
        Case("medlemmar_utf16.txt", table(header, rows, "\t").encode("utf-16"), "members",
             dict(zip(header, ["externalId", "firstName", "lastName", "mobilePhone", "email",
                               "birthDate", "gender", "address", "zip", "city",
                               "consents.acceptsEmail", "consents.acceptsSms", NOT, NOT],
                      strict=True)),
             {"delimiter": "\t"}, clean=True)
    )  # fmt: skip

    widths = [8, 16, 16, 10, 12, 30, 5, 14]
    text = "".join(
        "".join(
            value.ljust(width)
            for value, width in zip(
                [str(p.number), p.first, p.last, p.born.strftime("%Y%m%d"), p.e164,
                 p.email, p.zip, p.city], widths, strict=True,
            )
        ) + "\r\n"
        for p in no
    )  # fmt: skip
    found.append(
        Case("KUNDEREG.TXT", text.encode("iso-8859-1"), "members",
             {"field_1": "externalId", "field_2": "firstName", "field_3": "lastName",
              "field_4": "birthDate", "field_5": "mobilePhone", "field_6": "email",
              "field_7": "zip", "field_8": "city"},
             {"format": "fixed", "date": "%Y%m%d"}, clean=True)
    )  # fmt: skip

    body = "".join(
        f'<Kunde nr="{p.number}" status="A"><Navn fornavn="{p.first}" etternavn="{p.last}"/>'
        f'<Telefon type="mobil">{p.e164}</Telefon><Telefon type="privat">2{p.phone[1:]}</Telefon>'
        f"<Epost>{p.email}</Epost><Fodt>{p.born.isoformat()}</Fodt><Adresse>"
        f"<Gate>{p.street}</Gate><Postnr>{p.zip}</Postnr><Sted>{p.city}</Sted></Adresse></Kunde>\n"
        for p in no
    )
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<Kunderegister>\n{body}</Kunderegister>'
    found.append(
        Case("kunderegister.xml", text.encode("iso-8859-1"), "members",
             {"@nr": "externalId", "@status": NOT, "Navn.@fornavn": "firstName",
              "Navn.@etternavn": "lastName", "Telefon[@type=mobil]": "mobilePhone",
              "Telefon[@type=privat]": NOT, "Epost": "email", "Fodt": "birthDate",
              "Adresse.Gate": "address", "Adresse.Postnr": "zip", "Adresse.Sted": "city"},
             {"record": "Kunde"}, clean=True)
    )  # fmt: skip

    text = json.dumps(
        {"export": {"created": "2024-05-01T03:00:00Z", "count": len(en), "members": [
            {"memberId": f"M-{p.number}", "name": {"given": p.first, "family": p.last},
             "contact": {"emailAddress": p.email, "phones": [
                 {"type": "mobile", "number": p.e164}, {"type": "home", "number": f"+1646{p.phone[3:]}"}]},
             "dateOfBirth": p.born.isoformat(), "gender": "F" if p.female else "M",
             "address": {"street": p.street, "postalCode": p.zip, "city": p.city, "countryCode": "US"},
             "preferences": {"emailOptIn": p.mail, "smsOptIn": p.sms}, "tier": "gold"}
            for p in en]}}, ensure_ascii=False)  # fmt: skip
    found.append(
        Case("crm_export.json", text.encode(), "members",
             {"memberId": "externalId", "name.given": "firstName", "name.family": "lastName",
              "contact.emailAddress": "email", "contact.phones[type=mobile].number": "mobilePhone",
              "contact.phones[type=home].number": NOT, "dateOfBirth": "birthDate",
              "gender": "gender", "address.street": "address", "address.postalCode": "zip",
              "address.city": "city", "address.countryCode": "country",
              "preferences.emailOptIn": "consents.acceptsEmail",
              "preferences.smsOptIn": "consents.acceptsSms", "tier": NOT},
             {"record": "export.members", "records": "export.count"}, clean=True)
    )  # fmt: skip

    header = ["Kundenummer", "Fornavn", "Efternavn", "Mobilnr.", "Mail", "Fødselsdag", "Køn", "Vej",
              "Postnr.", "By", "Oprettet"]  # fmt: skip
    base = date(1899, 12, 30)
    cells: list[list[object]] = [
        ["Medlemmer pr. 1. maj"], [], [*header],
        *([p.number, p.first, p.last, p.e164, p.email, (p.born - base).days,
           "Kvinde" if p.female else "Mand", p.street, p.zip, p.city,
           (p.joined.date() - base).days] for p in dk),
    ]  # fmt: skip
    found.append(
        Case("medlemmer.xlsx", workbook(cells), "members",
             dict(zip(header, ["externalId", "firstName", "lastName", "mobilePhone", "email",
                               "birthDate", "gender", "address", "zip", "city", NOT], strict=True)),
             {"skip_lines": 2, "date": "excel"}, clean=True)
    )  # fmt: skip

    header = ["Kundennummer", "Anrede", "Vorname", "Nachname", "Straße", "PLZ", "Ort", "Land",
              "Handynummer", "E-Mail-Adresse", "Geburtsdatum", "Newsletter"]  # fmt: skip
    rows = [
        [str(p.number), "Frau" if p.female else "Herr", p.first, p.last, p.street, p.zip, p.city,
         "DE", p.e164, p.email, p.born.strftime("%d.%m.%Y"), "ja" if p.mail else "nein"]
        for p in de
    ]  # fmt: skip
    found.append(
        Case("kunden.zip",
             packed(table(header, rows, ";").encode("cp1252"), "zip", "daten/kunden.csv"),
             "members",
             dict(zip(header, ["externalId", "gender", "firstName", "lastName", "address", "zip",
                               "city", "country", "mobilePhone", "email", "birthDate",
                               "consents.acceptsEmail"], strict=True)),
             {"encoding": "cp1252", "delimiter": ";"}, clean=True)
    )  # fmt: skip

    header = [
        "KundeID",
        "Navn",
        "Telefonnummer",
        "Email",
        "Accepteret betingelser",
        "SMS tilladelse",
    ]
    rows = [
        [str(p.number), f"{p.first} {p.last}", spaced(p.phone), p.email, "J" if p.terms else "N",
         "J" if p.sms else "N"]
        for p in dk
    ]  # fmt: skip
    found.append(
        Case("kundeklub.csv",
             b"\xef\xbb\xbf" + ("sep=;\r\n" + table(header, rows, ";")).encode(), "members",
             dict(zip(header, ["externalId", ("firstName", "lastName"), "mobilePhone", "email",
                               "consents.acceptsTerms", "consents.acceptsSms"], strict=True)),
             {"delimiter": ";", "skip_lines": 1})
    )  # fmt: skip

    rows = [
        [str(p.number), p.first, p.last, p.e164, p.email, p.born.strftime("%d.%m.%Y"),
         "K" if p.female else "M", p.street, p.zip, p.city]
        for p in no
    ]  # fmt: skip
    found.append(
        Case("uten_overskrift.csv", table(None, rows, ";").encode("cp1252"), "members",
             {f"column_{at}": name for at, name in enumerate(
                 ["externalId", "firstName", "lastName", "mobilePhone", "email", "birthDate",
                  "gender", "address", "zip", "city"], start=1)},
             {"delimiter": ";", "date": "%d.%m.%Y"}, clean=True)
    )  # fmt: skip

    header = ["CUST_NO", "FIRST_NAME", "LAST_NAME", "CELL_PHONE", "EMAIL_ADDR", "DOB", "SEX", "ADDR1",
              "ADDR2", "CITY", "ZIP", "STATE", "CREATED_DT", "VIP"]  # fmt: skip
    rows = [
        [str(p.number), p.first, p.last, p.e164, p.email, p.born.strftime("%m/%d/%Y"),
         "F" if p.female else "M", p.street, "", p.city, p.zip, "NY",
         p.joined.strftime("%m/%d/%Y %H:%M"), "Y" if p.points > 4000 else "N"]
        for p in en
    ]  # fmt: skip
    found.append(
        Case("customers_us.csv", table(header, rows, ",", "\n").encode(), "members",
             dict(zip(header, ["externalId", "firstName", "lastName", "mobilePhone", "email",
                               "birthDate", "gender", "address", NOT, "city", "zip", NOT, NOT,
                               "metaData.isVip"], strict=True)),
             {"delimiter": ",", "date": "%m/%d/%Y"}, clean=True)
    )  # fmt: skip

    header = ["kundenr", "fnavn", "enavn", "adr", "pnr_sted", "mobilnr", "epost", "fdato", "kjonn",
              "samtykke_epost", "samtykke_sms", "butikknr", "sist_endret"]  # fmt: skip
    header[4] = "postnr"
    rows = [
        [str(p.number), p.first, p.last, p.street, p.zip, p.phone, p.email,
         p.born.strftime("%d%m%Y"), "K" if p.female else "M", "1" if p.mail else "0",
         "1" if p.sms else "0", "0101", p.joined.strftime("%d.%m.%Y %H:%M:%S")]
        for p in no
    ]  # fmt: skip
    found.append(
        Case("kdata.dat", table(header, rows, "|", "\n").encode("iso-8859-15"), "members",
             dict(zip(header, ["externalId", "firstName", "lastName", "address", "zip",
                               "mobilePhone", "email", "birthDate", "gender",
                               "consents.acceptsEmail", "consents.acceptsSms", NOT, NOT],
                      strict=True)),
             {"delimiter": "|", "format": "csv", "date": "%d%m%Y"}, clean=True)
    )  # fmt: skip
    return found


def receipts() -> list[Case]:
    no, se, dk, en = (lines(language) for language in ("no", "se", "dk", "en"))
    found = []
    header = ["Butikknr", "Kassenr", "Bongnr", "Dato", "Kl", "Linjenr", "Varenr", "Varetekst",
              "Varegruppe", "Antall", "Beløp", "MVA", "Rabatt", "Kundenr"]  # fmt: skip
    rows = [
        [ln.store, ln.till, str(ln.receipt), ln.time.strftime("%d.%m.%y"), ln.time.strftime("%H:%M"),
         str(ln.number), ln.code, ln.name, ln.group, str(ln.quantity), comma(ln.gross),
         comma(ln.vat), comma(ln.discount), ln.customer]
        for ln in no
    ]  # fmt: skip
    found.append(
        Case("BONG0301.TXT", table(header, rows, ";").encode("cp865"), "receipts",
             dict(zip(header, ["Header.StoreId", "Header.EcrId", "Header.ReceiptId",
                               "Header.TimeStamp", "Header.TimeStamp", "Items.LineNo",
                               "Items.ProductId", "Items.ProductName",
                               "Items.ProductGroupLevel1Name", "Items.Quantity",
                               "Items.GrossAmount", "Items.Vat", "Items.Discount",
                               "Header.ConsumerId"], strict=True)),
             {"encoding": "cp865", "delimiter": ";", "decimal": ",", "time": "%d.%m.%y %H:%M"},
             clean=True)
    )  # fmt: skip

    body = ""
    for at in sorted({ln.receipt for ln in no}):
        own = [ln for ln in no if ln.receipt == at]
        items = "".join(
            f"<s:Linje><s:Nr>{ln.number}</s:Nr><s:EAN>{ln.ean}</s:EAN><s:Navn>{ln.name}</s:Navn>"
            f"<s:Antall>{ln.quantity}</s:Antall><s:Brutto>{ln.gross}</s:Brutto>"
            f"<s:Mva>{ln.vat}</s:Mva></s:Linje>"
            for ln in own
        )
        body += (
            f'<s:Kvittering id="{at}"><s:Hode><s:Butikk>{own[0].store}</s:Butikk>'
            f"<s:Tidspunkt>{own[0].time.isoformat()}</s:Tidspunkt><s:Kunde>{own[0].customer}"
            f"</s:Kunde><s:Total>{own[0].total}</s:Total></s:Hode><s:Linjer>{items}</s:Linjer>"
            "</s:Kvittering>"
        )
    text = f'<?xml version="1.0" encoding="UTF-8"?><s:Dag xmlns:s="urn:salg">{body}</s:Dag>'
    found.append(
        Case("salg.xml", text.encode(), "receipts",
             {"@id": "Header.ReceiptId", "Hode.Butikk": "Header.StoreId",
              "Hode.Tidspunkt": "Header.TimeStamp", "Hode.Kunde": "Header.ConsumerId",
              "Hode.Total": "Header.GrossAmount", "Linjer.Linje.Nr": "Items.LineNo",
              "Linjer.Linje.EAN": "Items.ProductId", "Linjer.Linje.Navn": "Items.ProductName",
              "Linjer.Linje.Antall": "Items.Quantity", "Linjer.Linje.Brutto": "Items.GrossAmount",
              "Linjer.Linje.Mva": "Items.Vat"},
             {"record": "Kvittering", "items": "Linjer.Linje"}, clean=True)
    )  # fmt: skip

    text = ""
    for at in sorted({ln.receipt for ln in en}):
        own = [ln for ln in en if ln.receipt == at]
        text += json.dumps(
            {"transactionId": str(at), "store": {"id": own[0].store, "name": "High Street"},
             "soldAt": own[0].time.isoformat(), "customerId": own[0].customer, "currency": "USD",
             "lines": [{"lineNumber": ln.number, "sku": ln.code, "description": ln.name,
                        "category": ln.group, "qty": ln.quantity, "unitPrice": float(ln.unit),
                        "lineTotal": float(ln.gross), "taxAmount": float(ln.vat)} for ln in own]}
        ) + "\n"  # fmt: skip
    found.append(
        Case("sales.ndjson", text.encode(), "receipts",
             {"transactionId": "Header.ReceiptId", "store.id": "Header.StoreId", "store.name": NOT,
              "soldAt": "Header.TimeStamp", "customerId": "Header.ConsumerId",
              "currency": "Header.Currency", "lines.lineNumber": "Items.LineNo",
              "lines.sku": "Items.ProductId", "lines.description": "Items.ProductName",
              "lines.category": "Items.ProductGroupLevel1Name", "lines.qty": "Items.Quantity",
              "lines.unitPrice": NOT, "lines.lineTotal": "Items.GrossAmount",
              "lines.taxAmount": "Items.Vat"},
             {"items": "lines"}, clean=True)
    )  # fmt: skip

    frame = pl.DataFrame(
        {"store_number": [ln.store for ln in en], "receipt_number": [ln.receipt for ln in en],
         "sale_time": [ln.time for ln in en], "line": [ln.number for ln in en],
         "item_code": [ln.ean for ln in en], "item_name": [ln.name for ln in en],
         "quantity": [float(ln.quantity) for ln in en], "gross": [float(ln.gross) for ln in en],
         "vat": [float(ln.vat) for ln in en], "net": [float(ln.net) for ln in en],
         "cost": [float(ln.net / 2) for ln in en], "cashier": ["Kim"] * len(en)}
    )  # fmt: skip
    whole = io.BytesIO()
    frame.write_parquet(whole)
    found.append(
        Case("sales.parquet", whole.getvalue(), "receipts",
             dict(zip(frame.columns, ["Header.StoreId", "Header.ReceiptId", "Header.TimeStamp",
                                      "Items.LineNo", "Items.ProductId", "Items.ProductName",
                                      "Items.Quantity", "Items.GrossAmount", "Items.Vat",
                                      "Items.NetAmount", "Items.Cost", NOT], strict=True)),
             {}, clean=True)
    )  # fmt: skip

    header = ["Butiksnr", "Kvittonr", "Datum", "Tid", "Rad", "Artikelnr", "Benämning", "Antal",
              "Belopp inkl moms", "Moms", "Moms %", "Summa kvitto", "Betalsätt"]  # fmt: skip
    rows = [
        [ln.store, str(ln.receipt), ln.time.date().isoformat(), ln.time.strftime("%H:%M:%S"),
         str(ln.number), ln.code, ln.name, str(ln.quantity), comma(ln.gross, "\u00a0"),
         comma(ln.vat, "\u00a0"), "25", comma(ln.total, "\u00a0"), "Kort"]
        for ln in se
    ]  # fmt: skip
    found.append(
        Case("kvitton.csv.gz", packed(table(header, rows, ";", "\n").encode(), "gz"), "receipts",
             dict(zip(header, ["Header.StoreId", "Header.ReceiptId", "Header.TimeStamp",
                               "Header.TimeStamp", "Items.LineNo", "Items.ProductId",
                               "Items.ProductName", "Items.Quantity", "Items.GrossAmount",
                               "Items.Vat", NOT, "Header.GrossAmount", "Header.PaymentString"],
                      strict=True)),
             {"delimiter": ";", "decimal": ",", "thousands": " "}, clean=True)
    )  # fmt: skip

    header = ["Butikk", "Kvitteringsnr", "Tidspunkt", "Pos", "EAN", "Antall", "Sum inkl. mva",
              "Herav mva", "Netto"]  # fmt: skip
    rows = [
        [ln.store, str(ln.receipt), ln.time.strftime("%d.%m.%Y %H:%M"), str(ln.number), ln.ean,
         str(ln.quantity), comma(ln.gross, "."), comma(ln.vat, "."), comma(ln.net, ".")]
        for ln in no
    ]  # fmt: skip
    top = "Salgsrapport\r\nPeriode: 01.03.2024 - 31.03.2024\r\n\r\n"
    end = f"TOTAL;{len(no)};{comma(sum(ln.gross for ln in no), '.')}\r\n"
    found.append(
        Case("rapport.csv", (top + table(header, rows, ";") + end).encode("cp1252"), "receipts",
             dict(zip(header, ["Header.StoreId", "Header.ReceiptId", "Header.TimeStamp",
                               "Items.LineNo", "Items.ProductId", "Items.Quantity",
                               "Items.GrossAmount", "Items.Vat", "Items.NetAmount"], strict=True)),
             {"skip_lines": 3, "trailer": "TOTAL;{rows};{amount}", "thousands": ".",
              "time": "%d.%m.%Y %H:%M"}, clean=True)
    )  # fmt: skip

    header = ["Store", "Ticket", "Date", "Line", "Item", "Item", "Qty", "Amount", "Tax"]
    rows = [
        [ln.store, str(ln.receipt), ln.time.strftime("%m/%d/%Y %H:%M:%S"), str(ln.number), ln.code,
         ln.name, str(ln.quantity), str(ln.gross), str(ln.vat)]
        for ln in en
    ]  # fmt: skip
    found.append(
        Case("tickets.csv", table(header, rows, ",", "\n").encode(), "receipts",
             {"Store": "Header.StoreId", "Ticket": "Header.ReceiptId", "Date": "Header.TimeStamp",
              "Line": "Items.LineNo", "Item": "Items.ProductId", "Item_2": "Items.ProductName",
              "Qty": "Items.Quantity", "Amount": "Items.GrossAmount", "Tax": "Items.Vat"},
             {"time": "%m/%d/%Y %H:%M:%S", "skip_lines": 1}, clean=True)
    )  # fmt: skip

    listed = [
        {"shop_id": ln.store, "order_id": ln.receipt, "created_at": int(ln.time.timestamp()),
         "line_no": ln.number, "product_id": ln.code, "product_name": ln.name, "qty": ln.quantity,
         "line_amount": float(ln.gross), "vat_amount": float(ln.vat), "customer_id": ln.customer,
         "currency": "DKK"}
        for ln in dk
    ]  # fmt: skip
    found.append(
        Case("webshop.json", json.dumps(listed).encode(), "receipts",
             dict(zip(listed[0], ["Header.StoreId", "Header.ReceiptId", "Header.TimeStamp",
                                  "Items.LineNo", "Items.ProductId", "Items.ProductName",
                                  "Items.Quantity", "Items.GrossAmount", "Items.Vat",
                                  "Header.ConsumerId", "Header.Currency"], strict=True)),
             {"time": "epoch"}, clean=True)
    )  # fmt: skip
    return found
