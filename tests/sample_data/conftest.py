"""Reads the sample files with the standard library, so that the writers are checked by another."""

import csv
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest


@pytest.fixture(scope="session")
def root():
    """The checkout."""
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def samples(root):
    """The folder of the committed files."""
    return root / "sample_data"


@pytest.fixture(scope="session")
def read_lines():
    return _read_lines


@pytest.fixture(scope="session")
def read_members():
    return _read_members


def _snake(name):
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower().replace("time_stamp", "timestamp")


def _read_lines(path, limit=None):
    """Receipt lines as dicts of text; what is unknown is None."""
    lines = []
    for line in READERS[path.suffix](path):
        lines.append(line)
        if limit and len(lines) == limit:
            break
    return lines


def _csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {name: value or None for name, value in row.items()}


def _xml(path):
    for _, element in ET.iterparse(path):
        if element.tag == "Receipt":
            header = {_snake(part.tag): part.text for part in element.find("Header")}
            if "gross_amount" in header:
                header["receipt_gross_amount"] = header.pop("gross_amount")
            for item in element.find("Items"):
                line = {_snake(part.tag): part.text for part in item}
                yield (
                    {"customer_id": None, "product_name": None, "department": None} | header | line
                )
            element.clear()


def _json(path):
    yield from _flatten(json.loads(path.read_text("utf-8"), parse_float=str, parse_int=str))


def _ndjson(path):
    with path.open(encoding="utf-8") as file:
        yield from _flatten(json.loads(line, parse_float=str, parse_int=str) for line in file)


def _flatten(receipts):
    for receipt in receipts:
        items = receipt.pop("items")
        yield from (receipt | item for item in items)


READERS = {".csv": _csv, ".xml": _xml, ".json": _json, ".ndjson": _ndjson}


def _read_members(path):
    if path.suffix == ".csv":
        return list(_csv(path))
    if path.suffix == ".json":
        return json.loads(path.read_text("utf-8"))
    return [{_snake(part.tag): part.text for part in m} for m in ET.parse(path).getroot()]
