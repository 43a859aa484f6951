"""The three ways in which members are imported: a body, form fields, a file.

The contract names statuses only (reading T04), so the bodies `{}` are invented, and so is the
layout of what is sent (`members`, `formats`).
"""

from starlette.responses import Response

from sandbox.answers import Refusal, answer
from sandbox.bodies import Record
from sandbox.calls import Call, decode
from sandbox.customer_store import upsert_members
from sandbox.formats import read_csv, read_form, read_xml
from sandbox.members import make_records, read_members
from sandbox.multipart import read_file_part
from sandbox.state import Change

_FORM = "application/x-www-form-urlencoded"
_FORMATS = {"application/json": "json", "application/xml": "xml", "text/csv": "csv"}


def post_import(call: Call) -> Response:
    """POST /import, in JSON, XML or CSV."""
    call.require_activation("import")
    call.text(*_FORMATS)
    name, members = _read(_FORMATS[call.media], call.body, call.settings.import_envelope)
    ids = [member.get("externalId") for member in members]
    call.content.judge_members(name, ids, len(call.body))
    if call.half:
        members = members[: len(members) // 2]
    with call.state.write() as change:
        upsert_members(change, name, members)
    return answer("{}")


def post_form(call: Call) -> Response:
    """POST /import/form: one member."""
    call.require_activation("import")
    [member] = make_records("form", read_form(call.text(_FORM)))
    call.content.judge_members("form", [member.get("externalId")], len(call.body))
    with call.state.write() as change:
        upsert_members(change, "form", [member])
    return answer("{}")


def post_file(call: Call) -> Response:
    """POST /import/file: 202, taken in; what it holds is judged later, and nobody is told.

    Its name ends in .json, .csv or .xml.
    """
    call.require_activation("import")
    call.require_plain()
    name, content = read_file_part(call.content_type, call.body)
    form = name.rpartition(".")[2].lower()
    if form not in _FORMATS.values():
        raise Refusal(400, "the filename must end in .json, .csv or .xml")
    if not content:
        raise Refusal(400, "the file is empty")
    call.content.judge_members("file", [], len(call.body))
    call.intake.add(form, content)
    return answer("{}", 202)


def take_file(change: Change, form: str, content: bytes, envelope: str | None) -> int:
    """Store the members of a file and return how many they are; raises as `POST /import` does."""
    name, members = _read(form, content, envelope)
    upsert_members(change, name, members)
    return len(members)


def _read(form: str, body: bytes, envelope: str | None) -> tuple[str, list[Record]]:
    if form == "json":
        return read_members(decode(body), envelope)
    if form == "xml":
        name, members = read_xml(body, envelope)
    else:
        name, members = "members", read_csv(decode(body))
    return name, make_records(name, members)
