"""Members as POST and PUT /customers spell them, and read again from every form."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import mapping
from transforms.customers import changes, merge, read_customer, write_customer
from transforms.members import count_zip_texts, encode_customers
from transforms.wire import FORMS, STORES
from validators import fields
from validators.fields import CUSTOMER_FIELDS, is_customer_field, kind_of

EXAMPLES = Path(__file__).parents[1] / "sandbox" / "examples"
SAMPLES = {
    "customer_create.request": "create",
    "customer_create.request.min": "create",
    "customer_update.request": "update",
    "customer_update.request.min": "update",
    "customer_update_by_external_id.request": "update",
    "customer_update_by_external_id.request.min": "update",
}


def sample(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))


def compact(body):
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def flatten(customer):
    """Write a canonical customer as the row of a mapped frame."""
    row = {}
    for key, value in customer.items():
        if isinstance(value, dict):
            row |= {f"{key}.{below}": text for below, text in flatten(value).items()}
        elif isinstance(value, list):
            row[key] = mapping.LISTED.join(value)
        else:
            row[key] = str(value).lower() if isinstance(value, bool) else value
    return row


def encode(rows, form, names=None, **kinds):
    names = names or list(dict.fromkeys(name for row in rows for name in row))
    own = {name: kind_of(name, CUSTOMER_FIELDS) for name in names} | kinds
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))
    frame = mapping.map_columns(frame, {n: mapping.FromColumn(n) for n in names}, "#N/A")
    return encode_customers(frame, own, form).to_list()


def test_both_rooms_part_lists_by_the_same_character():
    assert mapping.LISTED == fields.LISTED


@pytest.mark.parametrize(("name", "form"), SAMPLES.items())
def test_the_contracts_samples_come_out_to_the_letter(name, form):
    body = sample(name)
    customer = read_customer(json.dumps(body))
    assert write_customer(customer, form) == compact(body)
    row = flatten(customer)
    assert all(map(is_customer_field, row))
    backwards = dict(reversed(row.items()))
    kept = [n for n in row if n.startswith(("extendedProperties.", "source.extended"))]
    order = [*(n for n in backwards if n not in kept), *kept]
    assert encode([backwards], form, order) == [compact(body)]


def test_the_same_member_in_every_form():
    row = {
        "externalId": "17",
        "zip": "0553",
        "favoriteStores": "S1\x1fS2",
        "consents.acceptsSms": "false",
        "consents.extendedConsents.sms": "1",
        "source.storeId": "S9",
    }
    inside = '"externalId":"17","zip":"0553","%s":["S1","S2"],"consents":{"acceptsSms":false'
    consents = '"extendedConsents":[{"id":"sms","value":true}]'
    created = "{" + inside % "favoriteStores" + f",{consents}}}}}"
    updated = "{" + inside % "favouriteStores" + f"}},{consents}}}"
    source = '"source":{"storeId":"S9"}'
    assert encode([row], "import") == [f"{created[:-1]},{source}}}"]
    assert encode([row], "create") == [f'{{"data":{created},{source}}}']
    assert encode([row], "update") == [f'{{"data":{updated},{source}}}']


def test_what_has_no_value_is_left_out_and_what_is_cleared_is_null():
    names = [
        *("externalId", "zip", "interests", "consents.acceptsSms"),
        *("consents.extendedConsents.a", "consents.extendedConsents.b", "source.storeId"),
    ]
    rows = [{"externalId": "1"}, {"externalId": "2"} | dict.fromkeys(names[1:], "#N/A")]
    assert encode(rows, "update", names) == [
        '{"data":{"externalId":"1"}}',
        (
            '{"data":{"externalId":"2","zip":null,"interests":null,"consents":{"acceptsSms":null},'
            '"extendedConsents":[{"id":"a","value":null},{"id":"b","value":null}]},'
            '"source":{"storeId":null}}'
        ),
    ]


def test_a_zip_is_a_number_only_where_nothing_is_lost():
    zips = ["1010", "0553", "0", "00", "SW1A 1AA", None, "9" * 16, "-1"]
    rows = [{"externalId": "1", "zip": text} for text in zips]
    sent = [json.loads(text)["data"].get("zip") for text in encode(rows, "create")]
    assert sent == [1010, "0553", 0, "00", "SW1A 1AA", None, "9" * 16, "-1"]
    frame = pl.DataFrame({"zip": zips})
    assert count_zip_texts(frame, {"zip": "zip"}) == 5
    assert count_zip_texts(frame, {"zip": "text"}) == 0


HELD = {"id": "A", "zip": "1010", "consents": {"acceptsSms": True, "extendedConsents": {"x": True}}}


@pytest.mark.parametrize(
    "text",
    [
        (
            '{"data":{"id":"A","zip":1010,"consents":{"acceptsSms":true,"extendedConsents":'
            '[{"id":"x","value":true,"name":"X","consentDate":"2024"}]}},"metaData":{}}'
        ),
        (
            '{"id":"A","zip":"1010","consents":{"acceptsSms":true},"extendedConsents":'
            '[{"id":"x","value":true}],"loyalty":{"points":5},"promotions":[]}'
        ),
        (
            '{"data":[{"id":"A","zip":1010,"consents":{"acceptsSms":true,"extendedConsents":'
            '[{"id":"x","value":true}]}}]}'
        ),
    ],
)
def test_every_form_of_an_answer_is_the_same_customer(text):
    assert read_customer(text) == HELD


@pytest.mark.parametrize("spelling", STORES)
def test_either_spelling_of_the_stores_is_read(spelling):
    assert read_customer(json.dumps({"data": {spelling: ["S1"]}})) == {"favoriteStores": ["S1"]}


@pytest.mark.parametrize("text", ["[]", "null", '{"data":[]}', '{"data":1}', "x", '"data"'])
def test_what_is_no_customer_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read_customer(text)


def test_the_contracts_answer_is_read():
    answer = read_customer((EXAMPLES / "customer_create.response.json").read_bytes())
    wanted = read_customer((EXAMPLES / "customer_update.request.json").read_bytes())
    merged = merge(answer, wanted)
    assert merged["consents"]["extendedConsents"] == {"string": True, "acceptsDigital": True}
    assert {*answer} < {*wanted}
    assert changes(answer, wanted)
    assert not changes(merged, wanted)


def test_what_is_wanted_wins_and_the_rest_stays():
    held = HELD | {"city": "Oslo", "interests": ["a", "b"], "email": None, "address": "x"}
    wanted = {
        "id": "B",
        "interests": ["c"],
        "address": None,
        "consents": {"extendedConsents": {"y": False}},
        "source": {"storeId": "S1"},
    }
    assert merge(held, wanted) == {
        "id": "A",
        "zip": "1010",
        "city": "Oslo",
        "interests": ["c"],
        "address": None,
        "consents": {"acceptsSms": True, "extendedConsents": {"x": True, "y": False}},
        "source": {"storeId": "S1"},
    }
    assert changes(held, wanted)
    same = {"city": "Oslo", "email": None, "source": {"storeId": "S2"}}
    assert not changes(held, same)


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5)
NAMES = st.sampled_from(["a", "b", "c1", "_d"])
CUSTOMERS = st.fixed_dictionaries(
    {"externalId": TEXTS},
    optional={
        "firstName": TEXTS | st.sampled_from(['"zip ":', '"a!":true', ',"zip":null']),
        "zip": st.sampled_from(["0", "0553", "1010", "SW1"]),
        "birthDate": st.dates().map(str),
        "favoriteStores": st.lists(TEXTS, min_size=1, max_size=3),
        "consents": st.fixed_dictionaries(
            {"acceptsSms": st.booleans()},
            optional={
                "extendedConsents": st.dictionaries(NAMES, st.booleans(), min_size=1),
                "acceptsEmail": st.booleans(),
            },
        ),
        "extendedProperties": st.dictionaries(NAMES, TEXTS, min_size=1),
        "source": st.fixed_dictionaries({"storeId": TEXTS}),
    },
)


@settings(max_examples=30, deadline=None)
@given(st.lists(CUSTOMERS, min_size=1, max_size=4), st.sampled_from(["create", "update"]))
def test_what_is_written_is_read_back(customers, form):
    texts = encode([flatten(one) for one in customers], form)
    assert [read_customer(text) for text in texts] == customers
    assert [read_customer(write_customer(one, form)) for one in customers] == customers


def test_every_form_says_what_it_knows_a_member_by():
    assert {form: wire.known_by for form, wire in FORMS.items()} == {
        "import": fields.MEMBER_KEYS,
        "create": ("mobilePhone",),
        "update": ("id", "externalId"),
    }
