"""Stored receipts in the two shapes in which they are read back, numbers exactly as sent."""

import json

from sandbox.strict_json import quote, write

# Numbers stay the text that was sent.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)

_Object = dict[str, str]


def show_receipt(text: str) -> str:
    """Return a receipt as one element of GET /transactions/customerId.

    The names are those of the contract's sample; lineNo is text there. What the receipt did not
    say is null.
    """
    receipt = _DECODER.decode(text)
    header: _Object = receipt["Header"]
    rows = ",".join([_show_row(item) for item in receipt["Items"]])
    return (
        f'{{"receiptId":{_text(header, "ReceiptId")},"receiptDate":{_text(header, "TimeStamp")}'
        f',"storeId":{_text(header, "StoreId")},"storeName":{quote(name_store(header["StoreId"]))}'
        f"{_show_amounts(header)}"
        f',"rows":[{rows}]}}'
    )


def _show_row(item: _Object) -> str:
    return (
        f'{{"lineNo":{quote(item["LineNo"])},"productId":{_text(item, "ProductId")}'
        f',"productName":{_text(item, "ProductName")}'
        f',"productGroupLevel1Name":{_text(item, "ProductGroupLevel1Name")}'
        f',"productGroupLevel2Name":{_text(item, "ProductGroupLevel2Name")}'
        f',"quantity":{item["Quantity"]}{_show_amounts(item)}'
        f',"transactionType":{_text(item, "TransactionType")}}}'
    )


def _show_amounts(source: _Object) -> str:
    return (
        f',"grossAmount":{source["GrossAmount"]},"vat":{source["Vat"]}'
        f',"netAmount":{source.get("NetAmount", "null")}'
        f',"discount":{source.get("Discount", "null")}'
    )


def show_lines(text: str, first: int, end: int) -> list[str]:
    """Return the lines `first` to before `end` of a receipt as rows of the transactions report."""
    receipt = _DECODER.decode(text)
    header: _Object = receipt["Header"]
    head = (
        f'{{"receiptId":{_text(header, "ReceiptId")},"storeId":{_text(header, "StoreId")}'
        f',"customerId":{_text(header, "ConsumerId")},"timeStamp":{_text(header, "TimeStamp")}'
        f',"currency":{_text(header, "Currency")}'
    )
    return [
        f'{head},"lineNo":{item["LineNo"]},"productId":{_text(item, "ProductId")}'
        f',"productName":{_text(item, "ProductName")}'
        f',"productGroupLevel1Name":{_text(item, "ProductGroupLevel1Name")}'
        f',"quantity":{item["Quantity"]}{_show_amounts(item)}'
        f',"transactionType":{_text(item, "TransactionType")}}}'
        for item in receipt["Items"][first:end]
    ]


def _text(source: _Object, name: str) -> str:
    value = source.get(name)
    return "null" if value is None else quote(value)


def name_store(store_id: str) -> str:
    """Return the name a store gets here: receipts carry only its id."""
    return f"Store {store_id}"


def show_store(store_id: str, name: str = "") -> str:
    """Return a store as one element of GET /stores; without a name it has the one it gets here."""
    return write(
        {
            "id": store_id,
            "name": name or name_store(store_id),
            "extendedProperties": {"externalId": store_id},
        }
    )
