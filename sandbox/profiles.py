"""A customer as the API shows it: the record, and what it has by the ledger, cards and offers."""

import sqlite3

from starlette.responses import Response

from sandbox.answers import answer
from sandbox.calls import Call
from sandbox.cards import list_cards
from sandbox.customer_store import Customer
from sandbox.customers import Loyalty, show_customer
from sandbox.offers import Offers
from sandbox.points import count_points
from sandbox.promotions import list_promotions


def show_profile(sql: sqlite3.Connection, customer: Customer, offers: Offers) -> str:
    """Return the customer object."""
    number = customer.number
    loyalty = Loyalty(
        count_points(sql, number),
        list_cards(sql, number, offers),
        list_promotions(sql, number, offers),
    )
    return show_customer(customer.record, customer.times, loyalty)


def answer_customer(
    call: Call, sql: sqlite3.Connection, customer: Customer, status: int = 200
) -> Response:
    """Answer with the customer object."""
    return answer(show_profile(sql, customer, call.offers), status)
