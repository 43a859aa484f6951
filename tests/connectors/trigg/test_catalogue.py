"""The catalogue: every method once, its words fit together, and the samples fit its fields."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.trigg import catalogue
from connectors.trigg.catalogue import (
    CatalogueError,
    Field,
    UnknownEndpointError,
    all_endpoints,
    find,
    read_catalogue,
)

ROOT = Path(__file__).resolve().parents[3]
EVERY = [pytest.param(endpoint, id=endpoint.name) for endpoint in all_endpoints()]
LOADS = [pytest.param(e, id=e.name) for e in all_endpoints() if e.use == "load"]

# The list of methods as the API's documents print it, but for the bonus transactions (GET there).
METHODS = """
GET /affiliates
POST /abandonedCarts
PUT /abandonedCarts
GET /customers
POST /customers
PUT /customers
PUT /customers/externalId
GET /customers/id/{id}
GET /customers/externalId/{id}
GET /customers/changed/{timestamp}
DELETE /customers/id/{id}/source/{source}
DELETE /customers/externalId/{externalId}/source/{source}
GET /customers/email/{email}
POST /customers/prospects
POST /customers/dynamic/{function}
GET /consents
GET /dataenrichment/forms/{clientName}/{id}
GET /data-enrichment/mobilePhone/{mobilePhone}
GET /data-enrichment/ssn/{ssn}
GET /health/ping
POST /import
POST /import/form
POST /import/file
GET /loyalty/bonus/campaigns/{id}
POST /loyalty/bonus/import
POST /loyalty/bonus/addRewardPoints
POST /loyalty/activity/{activityId}/customerId/{customerId}
POST /loyalty/loyalty-cards/transfer-clips
GET /bonus/rules
GET /loyalty/loyalty-cards/{customerId}
PUT /loyalty/achievements
GET /loyalty/loyalty-cards/campaigns
GET /loyalty/transactions/customerId/{customerId}
POST /messaging/sms
GET /messaging/sms/code/create/{phoneNumber}
GET /messaging/sms/code/verify/{phoneNumber}/{code}
GET /messaging/sms/trigger/{customerId}/{id}
GET /modules/vehicles/customerId/{customerId}
POST /modules/vehicles/customerId/{customerId}
PUT /modules/vehicles/vehicleId/{vehicleId}
DELETE /modules/vehicles/vehicleId/{vehicleId}
POST /payment-cards
GET /payment-cards/token/{token}
GET /payment-cards/customerId/{customerId}
DELETE /payment-cards/{customerId}/{cardId}
POST /payment-cards/signature
POST /plugins/cart/price
POST /plugins/pos/extenda
GET /promotions/customerId/{customerId}
GET /promotions/mobilePhone
POST /promotions/redeem
GET /promotions/redeem/history/customerId/{customerId}
POST /promotions/cart
GET /promotions/campaigns
GET /promotions/definitions
POST /promotions/dynamic/{function}
POST /promotions/{promotionId}/enableUse/{customerId}
POST /promotions/{promotionId}/disableUse/{customerId}
GET /reports/{reportType}
GET /stores
GET /transactions/customerId/{customerId}
POST /transactions
POST /triggers/{id}/customer/{customerId}
POST /triggers/{id}/customer/mobilePhone/{mobilePhone}
GET /vipps/codeword/{phone}
POST /vipps
""".strip().splitlines()
PREVIEW = {
    "GET /affiliates",
    "GET /customers/email/{email}",
    "POST /customers/prospects",
    "POST /loyalty/loyalty-cards/transfer-clips",
    "PUT /loyalty/achievements",
    "GET /promotions/campaigns",
    "GET /promotions/definitions",
    *(name for name in METHODS if "/modules/vehicles/" in name),
}
NEW = {name for name in METHODS if "/vehicles/" in name} | {
    "GET /promotions/campaigns",
    "GET /promotions/definitions",
}
FREE = {"additionalProp1": "string"}
# The bodies of the documents' samples, beside those in tests/sandbox/examples.
SAMPLES = {
    "POST /abandonedCarts": {
        "cartId": "934E2183-5004-45B0-8E75-A5178F1DEEF1",
        "contactId": "F68438A9-800B-457D-81D5-952FCEB63D8C",
        "externalId": "100001111",
        "extendedProperties": FREE,
        "items": [
            {
                "itemId": "1001",
                "quantity": 2,
                "name": "Product 1001",
                "price": 799.9,
                "salePrice": 499.5,
                "currency": "NOK",
            }
        ],
    },
    "PUT /abandonedCarts": {"cartId": "934E2183-5004-45B0-8E75-A5178F1DEEF1"},
    "POST /loyalty/bonus/import": {
        "externalId": "+4712345678",
        "activity": "20",
        "activityDate": "2022-07-01",
        "activityValue": 10,
    },
    "POST /loyalty/bonus/addRewardPoints": {"points": 1000, "description": "Extra bonus points"},
    "POST /loyalty/loyalty-cards/transfer-clips": {
        "fromCustomerId": "15BE85AB-CD61-4A23-8C22-0981AD35DBD1S2010",
        "toCustomerId": "2A9ACDD0-9113-4EF4-8EA9-FD343E040EE9",
        "loyaltycardId": "952841C1-4385-40B3-8B30-A65AAC66108E",
        "clipCount": 1,
        "extendedProperties": FREE,
    },
    "PUT /loyalty/achievements": {
        "id": "2457B03E-9925-45E9-B551-25F10D7BD4F2",
        "memberId": "+4712345678",
        "storeId": "STORE-001",
        "cashierId": 123,
        "itemCount": 1,
        "extendedProperties": FREE,
    },
    "POST /messaging/sms": {"phoneNumber": "+4712345678", "message": "Hi", "sender": "Oculos"},
    "POST /payment-cards": {
        "memberId": "15BE85AB-CD61-4A23-8C22-0981AD35DBD1S2010",
        "token": "2A9ACDD0-9113-4EF4-8EA9-FD343E040EE9",
    },
    "POST /promotions/redeem": {
        "id": "71E8AC01-152D-4B2E-956A-3656CD3396AE",
        "storeId": "STORE-001",
        "cashRegisterId": "POS-001",
        "cashierId": "123",
        "customerId": "3477B4C3-5E2E-4007-9C26-41E60FECB016",
        "receiptId": "RECEIPT_001",
        "extendedProperties": FREE,
    },
    "POST /triggers/{id}/customer/{customerId}": {"data": "test data"},
    "POST /vipps": {"mobilePhone": "91345678", "storeId": "STORE-001", "sourceName": "POS"},
}
FILES = {
    "customer_create.request": "POST /customers",
    "customer_create.request.min": "POST /customers",
    "customer_update.request": "PUT /customers",
    "customer_update.request.min": "PUT /customers",
    "customer_update_by_external_id.request": "PUT /customers/externalId",
    "import_data.request": "POST /import",
    "transactions_create.request": "POST /transactions",
}
TYPES = {"integer": int, "number": (int, float), "boolean": bool, "texts": list, "object": dict}


def test_every_method_stands_there_once() -> None:
    assert [endpoint.name for endpoint in all_endpoints()] == METHODS
    assert len({*METHODS}) == 66
    assert {e.name for e in all_endpoints() if e.preview} == PREVIEW
    assert {e.name for e in all_endpoints() if e.since == "4.3.0"} == NEW
    assert {e.name for e in all_endpoints() if e.guessed} >= NEW


@pytest.mark.parametrize("endpoint", EVERY)
def test_its_words_fit_together(endpoint) -> None:
    assert bool(endpoint.sends) == bool(endpoint.repeat)
    assert bool(endpoint.bulk) == (endpoint.use == "no")
    assert endpoint.method != "GET" or endpoint.use in {"look", "export"} or endpoint.bulk
    assert {*endpoint.done_if} <= {*endpoint.statuses} & {404, 409}
    assert endpoint.repeat != "refused" or endpoint.done_if or endpoint.ask
    assert [*endpoint.statuses] == sorted({*endpoint.statuses})
    assert endpoint.statuses[0] in {200, 201, 202, 302}
    assert (403 in endpoint.statuses) >= (endpoint.needs == "activation")
    assert not endpoint.parameters.keys() & endpoint.fields.keys()
    in_path = [name for name, field in endpoint.parameters.items() if field.place == "path"]
    assert "/".join(f"{{{name}}}" for name in in_path) == "/".join(
        part for part in endpoint.path.split("/") if part.startswith("{")
    )
    assert all(field.place == "body" for field in endpoint.fields.values())
    assert bool(endpoint.types) == bool(endpoint.fields or endpoint.open)
    assert not endpoint.types or endpoint.method in {"POST", "PUT"}
    assert bool(endpoint.envelope) == (endpoint.sends == "many")


@pytest.mark.parametrize("endpoint", LOADS)
def test_what_feeds_send_to_can_be_named_and_repeated_or_not(endpoint) -> None:
    assert endpoint.sends
    assert endpoint.key
    known = {**endpoint.parameters, **endpoint.fields}
    assert {name for name in endpoint.key if name not in endpoint.either} <= {*known}
    assert endpoint.method != "DELETE" or endpoint.done_if == (404,)


def leaves(value: object, name: str = "", items: str = ""):
    """Yield each value of a body with its dotted name and the list in whose objects it stands."""
    if isinstance(value, dict):
        for word, inner in value.items():
            yield from leaves(inner, f"{name}.{word}" if name else word, items)
    elif isinstance(value, list) and isinstance(value[0], dict):
        yield from leaves(value[0], name, name)
    else:
        yield name, value, items


def sampled():
    for name, body in SAMPLES.items():
        yield pytest.param(name, body, id=name)
    for file, name in FILES.items():
        path = ROOT / "tests" / "sandbox" / "examples" / f"{file}.json"
        body = json.loads(path.read_text(encoding="utf-8"))
        envelope = find(name).envelope
        yield pytest.param(name, body[envelope][0] if envelope else body, id=file)


@pytest.mark.parametrize(("name", "body"), [*sampled()])
def test_samples_of_the_documents_have_its_fields(name: str, body: dict) -> None:
    endpoint = find(name)
    told = {part: (value, items) for part, value, items in leaves(body)}
    for part, (value, items) in told.items():
        field = endpoint.find_field(part)
        assert field is not None, part
        assert field.items == items
        assert isinstance(value, TYPES.get(field.kind, str)), part
        assert isinstance(value, bool) == (field.kind == "boolean")
    needed = {part for part, field in endpoint.fields.items() if field.required}
    assert needed <= {*told}


@pytest.mark.parametrize(
    ("name", "stores"), [("POST", "favoriteStores"), ("PUT", "favouriteStores")]
)
def test_a_customer_is_spelt_as_the_documents_do(name: str, stores: str) -> None:
    fields = find(f"{name} /customers").fields
    assert {part for part in fields if "Stores" in part} == {f"data.{stores}"}
    consents = "data.consents.extendedConsents" if name == "POST" else "data.extendedConsents"
    assert {field.items for field in fields.values()} == {"", consents}


def test_a_method_is_found_by_its_name() -> None:
    assert find("PUT /loyalty/achievements") is find("PUT /loyalty/achievements")
    with pytest.raises(UnknownEndpointError) as caught:
        find("post /import/files")
    assert str(caught.value) == (
        "the API has no method post /import/files; did you mean POST /import/file?"
        " `loyalty-etl endpoints` lists them"
    )
    with pytest.raises(UnknownEndpointError, match="has no method xyzzy; `loyalty-etl"):
        find("xyzzy")


def test_fields_are_found_and_free_ones_are_text() -> None:
    cart = find("POST /abandonedCarts")
    assert cart.find_field("items.quantity") == Field("number", required=True, items="items")
    assert cart.find_field("extendedProperties.till") == Field("text")
    assert cart.find_field("extendedProperties.a.b") == Field("text")
    assert cart.find_field("cartId.x") is None
    assert cart.find_field("colour") is None
    car = find("POST /modules/vehicles/customerId/{customerId}")
    assert car.find_field("plate.number") == Field("text")
    assert car.find_field("customerId") == Field("text", required=True, place="path")
    points = find("POST /loyalty/bonus/addRewardPoints").find_field("customerId")
    assert points == Field("text", required=True, place="query", guessed=True)


SAME = "  PUT /carts/{id}: {about: the same, use: look, statuses: []}\n"
GOOD = """
Carts:
  PUT /carts/{id}:
    about: a cart
    use: load
    statuses: [200]
    fields:
      size: integer, required
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("use: load", "used: load", "PUT /carts/{id}: unknown word `used`; allowed: about, bulk,"),
        ("use: load", "use: send", "`use` must be one of load, export, look"),
        ("    use: load\n", "", "has either `use`, or `bulk` and why there is none"),
        ("use: load", "use: load\n    bulk: no good", "has either `use`, or `bulk`"),
        ("    about: a cart\n", "", "`about` is missing"),
        ("about: a cart", "about: 5", "`about` must be a text"),
        ("[200]", "['200']", "`statuses` must be a list of numbers"),
        ("[200]", "200", "`statuses` must be a list of numbers"),
        ("[200]", "[200]\n    key: [nobody]", "`nobody` is none of its fields"),
        ("[200]", "[200]\n    undoes: PUT /c", "undoes PUT /c, which has not its key"),
        ("[200]", "[200]\n    preview: false", "`preview` must be `true`, or left out"),
        ("integer, required", "int", "`size` is none of text, integer"),
        ("integer, required", "integer, needed", "`size`: unknown word `needed`; allowed: req"),
        ("size: integer, required", "size: 5", "`fields` must be a block of names, each with a"),
        ("PUT /carts/{id}", "PUT carts", "PUT carts: is no name such as `POST /customers`"),
        ("PUT /carts/{id}", "HEAD /carts", "is no name such as `POST /customers`"),
        ("    about: a cart", "    about: a cart\n    about: a car", "about stands twice"),
        ("Carts:", f"Other:\n{SAME}Carts:", "PUT /carts/{id}: stands twice"),
        ("Carts:", "Empty:\nCarts:", "Empty: must be a block of words"),
        ("Carts:", "[", "broken.yaml, line 3 is no YAML: "),
        ("[200]", "2020-13-45", "broken.yaml is no YAML: month must be"),
        (GOOD, "", "broken.yaml: must be a block of words"),
    ],
)  # fmt: skip
def test_a_broken_catalogue_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(GOOD)
    [good] = read_catalogue(file)
    assert (good.name, good.types) == ("PUT /carts/{id}", ("application/json",))
    assert old in GOOD
    file.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(file)
    assert str(caught.value).startswith("broken.yaml")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_catalogue_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"^no.yaml cannot be read: No such file"):
        read_catalogue(tmp_path / "no.yaml")


def test_it_brings_in_nothing_heavy() -> None:
    heavy = ("polars", "httpx", "dagster", "pyarrow", "pydantic")
    code = (
        "import sys; from connectors.trigg.catalogue import all_endpoints; all_endpoints();"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_names_it_gives_are_there() -> None:
    assert all(hasattr(catalogue, name) for name in catalogue.__all__)
