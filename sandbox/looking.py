"""Ways to look into the sandbox and to change its faults; no part of the API, and without a key."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from itertools import islice

from starlette.responses import Response, StreamingResponse

from sandbox import strict_json
from sandbox.answers import Refusal, answer
from sandbox.calls import Call
from sandbox.faults.plan import Plan, check_plan
from sandbox.receipt_store import count_stored
from sandbox.settings import FaultsError
from sandbox.words import read_json

_FIELDS = ("storeId", "receiptId", "kind", "grossAmount", "times")
_CHUNK = 5_000


def tell_facts(call: Call) -> Response:
    """GET /_sandbox/facts: what is stored, counted and added up, and the requests seen."""
    return answer(strict_json.write(call.state.facts()))


def list_receipts(call: Call) -> Response:
    """GET /_sandbox/receipts?format=ndjson|csv&times=1: a line for each receipt stored so often."""
    query = call.read_query("format", "times")
    form, times = query.get("format", "ndjson"), query.get("times", "1")
    if form not in _FORMS or not times.isdecimal():
        raise Refusal(400, f"format is {' or '.join(_FORMS)}, times a whole number")
    media, spell = _FORMS[form]
    return StreamingResponse(_stream(call, int(times), spell), media_type=media)


_Rows = list[tuple[str, str, str, str, int]]


def _stream(call: Call, times: int, spell: Callable[[_Rows, bool], str]) -> Iterator[str]:
    with call.state.read() as sql:
        rows = count_stored(sql, times)
        chunk = list(islice(rows, _CHUNK))
        yield spell(chunk, True)
        while chunk := list(islice(rows, _CHUNK)):
            yield spell(chunk, False)


def _spell_csv(rows: _Rows, is_first: bool) -> str:  # noqa: FBT001 - called by position only
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if is_first:
        writer.writerow(_FIELDS)
    writer.writerows(rows)
    return out.getvalue()


def _spell_ndjson(rows: _Rows, _: bool) -> str:  # noqa: FBT001 - called by position only
    # An amount is text, so that no reader makes a float of it.
    quote = strict_json.quote
    return "".join(
        [
            f'{{"storeId":{quote(store)},"receiptId":{quote(receipt)},"kind":"{kind}"'
            f',"grossAmount":"{gross}","times":{times}}}\n'
            for store, receipt, kind, gross, times in rows
        ]
    )


_FORMS: dict[str, tuple[str, Callable[[_Rows, bool], str]]] = {
    "ndjson": ("application/x-ndjson", _spell_ndjson),
    "csv": ("text/csv", _spell_csv),
}


def list_files(call: Call) -> Response:
    """GET /_sandbox/files: a line for each file of POST /import/file, and what became of it."""
    call.read_query()
    with call.state.read() as sql:
        query = "SELECT number, format, state, members, reason FROM files ORDER BY number"
        rows = sql.execute(query).fetchall()
    names = ("number", "format", "state", "members", "reason")
    lines = [strict_json.write(dict(zip(names, row, strict=True))) + "\n" for row in rows]
    return Response("".join(lines), media_type="application/x-ndjson")


_KINDS = {
    "carts": "SELECT body FROM carts ORDER BY cart_id",
    "vehicles": "SELECT body FROM vehicles ORDER BY number",
    "redemptions": "SELECT body FROM redemptions ORDER BY number",
    "triggers": "SELECT body FROM triggers ORDER BY number",
}


def list_bodies(call: Call) -> Response:
    """GET /_sandbox/bodies/{kind}: a line for each stored body, for what the API can't show."""
    call.read_query()
    kind = call.path["kind"]
    if kind not in _KINDS:
        raise Refusal(404, f"kinds are {', '.join(_KINDS)}")
    with call.state.read() as sql:
        lines = [f"{body}\n" for (body,) in sql.execute(_KINDS[kind])]
    return Response("".join(lines), media_type="application/x-ndjson")


def get_faults(call: Call) -> Response:
    """GET /_sandbox/faults: the rules, how often each fired, and the batches still to be stored."""
    return answer(json.dumps({**call.faults.tell(), "late": call.waits.late}))


def put_faults(call: Call) -> Response:
    """PUT /_sandbox/faults: other rules, in JSON; every count begins anew."""
    try:
        call.faults.replace(check_plan(read_json(call.json_text())))
    except FaultsError as error:
        raise Refusal(400, str(error)) from None
    return get_faults(call)


def delete_faults(call: Call) -> Response:
    """DELETE /_sandbox/faults: nothing goes wrong any more."""
    call.faults.replace(Plan())
    return get_faults(call)
