"""Abandoned carts, kept whole by their cartId. The answers `{}` are invented."""

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import answer
from sandbox.bodies import CART, CART_NAME, read_body, refuse
from sandbox.calls import Call


def put_in_cart(call: Call) -> Response:
    """POST /abandonedCarts: a known cartId has its cart replaced."""
    call.require_activation("carts")
    body = read_body(call, CART)
    names = ("cartId", "contactId", "externalId")
    call.content.judge_record({name: body[name] for name in names if name in body})  # type: ignore[literal-required]  # three of its keys
    contact, external_id = body.get("contactId"), body.get("externalId")
    with call.state.write() as change:
        query = "SELECT items FROM carts WHERE cart_id = ?"
        known = change.sql.execute(query, (body["cartId"].casefold(),)).fetchone()
        change.sql.execute(
            "INSERT OR REPLACE INTO carts VALUES (?, ?, ?, ?, ?)",
            (
                body["cartId"].casefold(),
                contact and contact.casefold(),
                external_id and external_id.casefold(),
                len(body["items"]),
                strict_json.write(body),
            ),
        )
        more = len(body["items"]) - (known[0] if known else 0)
        change.count({"carts": int(known is None), "cart_items": more})
    return answer("{}")


def empty_cart(call: Call) -> Response:
    """PUT /abandonedCarts: the cart stays, without items; an unknown one answers 400."""
    call.require_activation("carts")
    cart_id = read_body(call, CART_NAME)["cartId"]
    call.content.judge_record({"cartId": cart_id})
    with call.state.write() as change:
        key = cart_id.casefold()
        found = change.sql.execute("SELECT items, body FROM carts WHERE cart_id = ?", (key,))
        known = found.fetchone()
        if known is None:
            raise refuse("cartId", "there is no such cart")
        cart = strict_json.read(known[1])
        assert isinstance(cart, dict)
        text = strict_json.write(cart | {"items": []})
        change.sql.execute("UPDATE carts SET items = 0, body = ? WHERE cart_id = ?", (text, key))
        change.count({"cart_items": -known[0]})
    return answer("{}")
