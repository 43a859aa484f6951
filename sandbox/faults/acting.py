"""A request met by a fault: what of it is stored, and what its sender gets to see."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import cast
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import Refusal, answer, answer_error
from sandbox.calls import Call
from sandbox.faults.chosen import Asked, Faults, Hit
from sandbox.faults.content import Content
from sandbox.faults.pages import answer_hit, answer_names
from sandbox.faults.rules import (
    Answered,
    DropAfter,
    DropBefore,
    Echo,
    Hang,
    Late,
    Short,
    Slow,
    Stored,
    WrongPage,
)
from sandbox.faults.wire import Cut, Dripped, Dropped, Hung, Waits

Run = Callable[[Call], Awaitable[Response]]
# Only these take many records, so that half of them can be stored.
_BATCHES = frozenset({"/transactions", "/import"})


async def meet(faults: Faults, waits: Waits, asked: Asked, call: Call, run: Run) -> Response:
    """Return the answer to a request: what `run` answers, unless a fault hits it."""
    chosen = faults.choose(asked)
    content = Content(chosen.content, chosen.seed, faults.count_refused)
    call = replace(call, content=content, on_repeat=faults.repeats(call.on_repeat))
    if chosen.hit is None:
        return await run(call)
    return await _act(chosen.hit, waits, asked, call, run)


async def _act(hit: Hit, waits: Waits, asked: Asked, call: Call, run: Run) -> Response:  # noqa: C901, PLR0911 - one for each kind
    match hit.rule:
        case DropBefore(end=end):
            return Dropped(end)
        case Hang(stored=stored, seconds=seconds):
            stored_answer = await _store(stored, asked, call, run)
            return Hung(stored_answer if stored == "all" else None, seconds, waits)
        case Late(seconds=seconds, end=end):
            waits.do_later(seconds, lambda: run(call))
            return Dropped(end)
        case Slow(seconds=seconds):
            return Dripped(await run(call), seconds, waits)
        case Short(stored=stored):
            stored_answer = await _store(stored, asked, call, run)
            taken = stored_answer is not None and stored_answer.status_code == 200
            return _name_half(call) if taken else cast("Response", stored_answer)
        case DropAfter(fault=fault, stored=stored, end=end):
            stored_answer = await _store(stored, asked, call, run)
            if fault == "drop_after":
                return Dropped(end)
            return Cut(stored_answer or answer("{}"), end)
        case WrongPage() as rule:
            return await _turn_page(rule, hit.number, call, run)
        case Echo(status=status):
            asked_for = f"{asked.method} {asked.path}?{urlencode(call.query)}"
            said = f"{asked_for} {call.body.decode('utf-8', 'replace')}"
            return answer_error(Refusal(status, f"cannot be taken: {said}"))
        case Answered(stored=stored):
            await _store(stored, asked, call, run)
            return answer_hit(hit.rule, hit.number)
        case rule:
            return answer_hit(rule, hit.number)


async def _store(stored: Stored, asked: Asked, call: Call, run: Run) -> Response | None:
    """Let the request be taken as far as told; half of a single record is none."""
    if stored == "all":
        return await run(call)
    if stored == "half" and asked.path in _BATCHES:
        return await run(replace(call, half=True))
    return None


def _name_half(call: Call) -> Response:
    parts = strict_json.cut_array(call.json_text(), "ReceiptRequests") or []
    heads = [cast("dict[str, dict[str, str]]", receipt)["Header"] for receipt, _ in parts]
    return answer_names([(h["StoreId"], h["ReceiptId"]) for h in heads[: len(heads) // 2]])


async def _turn_page(rule: WrongPage, number: int, call: Call, run: Run) -> Response:
    query = dict(call.query)
    if rule.wrong == "capped":
        asked_rows = query.get("rowsPage", "25")
        rows = min(rule.rows, int(asked_rows)) if asked_rows.isdecimal() else rule.rows
        query["rowsPage"] = str(rows)
    elif rule.wrong == "repeated" and query.get("page", "1").isdecimal():
        query["page"] = str(max(1, int(query.get("page", "1")) - 1))
    page = await run(replace(call, query=list(query.items())))
    if page.status_code != 200:
        return page
    # The text is kept as it is: read and written again, a number could be spelled otherwise.
    data, _, meta_text = bytes(page.body).decode().rpartition(',"metaData":')
    meta = cast("dict[str, object]", strict_json.read(meta_text.removesuffix("}")))
    if rule.wrong == "no_meta":
        return answer(f"{data}}}")
    if rule.wrong == "bare":
        return answer(data.removeprefix('{"data":'))
    if rule.wrong == "empty":
        data = '{"data":[]'
    meta |= _tell_wrongly(rule, number, meta, dict(call.query).get("page", "1"))
    return answer(f'{data},"metaData":{strict_json.write(meta)}}}')


def _tell_wrongly(
    rule: WrongPage, number: int, meta: dict[str, object], asked: str
) -> dict[str, object]:
    """Return what `metaData` says wrongly."""
    page = cast("int", meta["activePage"])
    match rule.wrong:
        case "repeated":
            return {"activePage": int(asked)}
        case "totals":
            return {"totalRecords": cast("int", meta["totalRecords"]) + number}
        case "renamed":
            return {"activePage": page - 1}
        case "endless":
            return {"totalPages": page + 1}
        case "text":
            return {name: str(value) for name, value in meta.items()}
        case _:
            return {}
