"""Receipts as text in CSV, XML, JSON and NDJSON, made in columns: no Python object a line.

A frame of receipt lines goes in: every column text, null where unknown, the lines of a receipt
together. Which columns there are decides what is written.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import polars as pl

# Column -> element, in the order in which they are written.
HEADER = {
    "store_id": "StoreId",
    "receipt_id": "ReceiptId",
    "timestamp": "TimeStamp",
    "customer_id": "CustomerId",
    "currency": "Currency",
    "receipt_gross_amount": "GrossAmount",
}
ITEM = {
    "line_no": "LineNo",
    "product_id": "ProductId",
    "product_name": "ProductName",
    "department": "Department",
    "quantity": "Quantity",
    "gross_amount": "GrossAmount",
    "vat": "Vat",
    "net_amount": "NetAmount",
    "discount": "Discount",
}
NUMBERS = {"line_no", "quantity", "gross_amount", "vat", "net_amount", "discount"}
START = {"xml": '<?xml version="1.0" encoding="UTF-8"?>\n<Receipts>\n', "json": "[\n"}
END = {"xml": "\n</Receipts>\n", "json": "\n]\n", "ndjson": "\n"}
FORMATS = ("csv", "xml", "json", "ndjson")


class ReceiptFile:
    """A file of receipts being written, block by block; its ending names the format.

    Use it as a context manager: the closing elements are written on leaving without an error.

    Raises:
        ValueError: The ending of `path` is none of `FORMATS`.
    """

    def __init__(self, path: Path) -> None:
        self.format = path.suffix.removeprefix(".")
        if self.format not in FORMATS:
            raise ValueError(f"receipts are written as {', '.join(FORMATS)}, not {path.suffix!r}")
        self._path = path
        self._first = True
        self._file: BinaryIO

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        self._file.write(START.get(self.format, "").encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:  # a file left half-way must not look whole
            self._file.write(END.get(self.format, "").encode())
        self._file.close()

    def write(self, lines: pl.DataFrame) -> None:
        """Write one block: whole receipts, as lines."""
        if self.format == "csv":
            lines.write_csv(self._file, include_header=self._first)
        else:
            between = ",\n" if self.format == "json" else "\n"
            texts = xml_texts(lines) if self.format == "xml" else json_texts(lines)
            self._file.write(b"" if self._first else between.encode())
            self._file.write(texts.str.join(between).item().encode())
        self._first = False


def xml_texts(lines: pl.DataFrame) -> pl.Series:
    """Write each receipt as a `<Receipt>` element; what is null is left out."""

    def elements(names: Mapping[str, str]) -> pl.Expr:
        return pl.concat_str(
            (
                pl.lit(f"<{names[column]}>") + _escape_xml(column) + pl.lit(f"</{names[column]}>")
                for column in _present(names, lines)
            ),
            ignore_nulls=True,
        )

    item = pl.lit("<Item>") + elements(ITEM) + pl.lit("</Item>")
    return (
        _one_per_receipt(lines, elements(HEADER), item, between="\n")
        .select(
            pl.format(
                "<Receipt><Header>{}</Header><Items>\n{}\n</Items></Receipt>", "header", "items"
            )
        )
        .to_series()
    )


def json_texts(lines: pl.DataFrame) -> pl.Series:
    """Write each receipt as one line of JSON: ids are text, amounts numbers, null stays null."""

    def members(names: Mapping[str, str]) -> pl.Expr:
        return pl.concat_str(
            (
                pl.lit(f'"{column}":') + _json_value(column).fill_null("null")
                for column in _present(names, lines)
            ),
            separator=",",
        )

    item = pl.lit("{") + members(ITEM) + pl.lit("}")
    return (
        _one_per_receipt(lines, members(HEADER), item, between=",")
        .select(pl.concat_str(pl.lit("{"), "header", pl.lit(',"items":['), "items", pl.lit("]}")))
        .to_series()
    )


def _present(names: Iterable[str], lines: pl.DataFrame) -> list[str]:
    return [name for name in names if name in lines.columns]


def _one_per_receipt(
    lines: pl.DataFrame, header: pl.Expr, item: pl.Expr, *, between: str
) -> pl.DataFrame:
    return (
        lines.lazy()
        .select(pl.col("receipt_id").rle_id().alias("receipt"), header=header, item=item)
        .group_by("receipt", maintain_order=True)
        .agg(pl.col("header").first(), items=pl.col("item").str.join(between))
        .collect()
    )


def _escape_xml(column: str) -> pl.Expr:
    if column in NUMBERS:
        return pl.col(column)
    return pl.col(column).str.replace_many({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def _json_value(column: str) -> pl.Expr:
    if column in NUMBERS or column == "receipt_gross_amount":
        return pl.col(column)
    text = pl.col(column).str.replace_many({"\\": "\\\\", '"': '\\"'})
    return pl.lit('"') + text + pl.lit('"')
