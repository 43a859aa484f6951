"""The API's methods as the command shows them, and as feeds know them."""

import json

import pytest
import yaml
from click.testing import CliRunner

from connectors.trigg.catalogue import all_endpoints, find
from pipelines.cli import cli
from pipelines.describing import detail, snippet
from pipelines.feeds import reading
from pipelines.feeds.customers import NEEDS
from validators.fields import MEMBER_FIELDS, MEMBER_KEYS, RECEIPT_FIELDS

LOADS = [pytest.param(e, id=e.name) for e in all_endpoints() if e.use == "load"]


def said(*words: str) -> list[str]:
    ran = CliRunner().invoke(cli, ["endpoints", *words], catch_exceptions=False)
    assert ran.exit_code == 0
    return ran.output.splitlines()


def test_all_methods_are_listed_by_group():
    lines = said()
    assert lines[0].split() == ["method", "use", "sends", "repeat", "needs", "what", "it", "is"]
    assert lines[1] == "Affiliates"
    assert lines[-1] == "Next: loyalty-etl endpoints NAME"
    listed = [line.split("  ")[1] for line in lines if line.startswith("  ") and "/" in line]
    assert [name for name in listed if name] == [e.name for e in all_endpoints()]
    [cart] = [line for line in lines if line.startswith("  PUT /abandonedCarts")]
    assert " ".join(cart.split()[2:]) == "load one same activation empties the cart of a cartId"


def test_what_is_not_offered_says_why():
    lines = said("--use", "no")
    why = [line for line in lines if line.startswith("    not offered for files: ")]
    assert len(why) == len([e for e in all_endpoints() if e.use == "no"])
    assert [line.split("  ")[1] for line in lines if "/stores" in line] == []
    [sms] = [lines[n + 1] for n, line in enumerate(lines) if "POST /messaging/sms " in line]
    assert "cannot be taken back" in sms


@pytest.mark.parametrize("words", [["POST", "/import"], ["POST /import"], ["post /IMPORT"]])
def test_a_name_shows_one_method_at_length(words):
    lines = said(*words)
    assert lines == [*detail(find("POST /import"))]
    assert lines[0] == "POST /import: members, in a form agreed per client"
    assert "  repeat     sent again, it does no more than once" in lines
    assert "    metaData.isVip         boolean, in the list metaData" in lines


def test_a_method_that_refuses_a_repeat_says_with_what():
    lines = said("POST /payment-cards")
    assert "  repeat     sent again, it is refused" in lines
    assert any(line.startswith("  in doubt   sent again; if that is refused") for line in lines)
    assert "  needs      403 until the platform's operator has switched it on" in lines


def test_a_part_finds_methods_by_name_group_and_words():
    assert said("addReward") == [*detail(find("POST /loyalty/bonus/addRewardPoints"))]
    assert said("plugins")[1] == "Plugins"
    assert said("stamps") == [*detail(find("PUT /loyalty/achievements"))]
    points = said("addReward")
    assert "    customerId   text, required, in the query, name guessed" in points


def test_a_part_of_nothing_is_told(cli_here):
    ran = cli_here("endpoints", "--use", "load", "health")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "loyalty-etl: no method of use `load` has health in its name or its words;"
        " see: loyalty-etl endpoints --help\n"
    )


def test_scripts_get_an_object_for_each():
    told = [json.loads(line) for line in said("--json")]
    assert [each["name"] for each in told] == [e.name for e in all_endpoints()]
    [points] = [json.loads(line) for line in said("addRewardPoints", "--json")]
    assert (points["repeat"], points["key"], points["use"]) == ("doubles", ["customerId"], "load")
    assert points["fields"]["points"] == {
        "kind": "integer",
        "required": True,
        "items": "",
        "place": "body",
        "guessed": False,
    }


@pytest.mark.parametrize("endpoint", LOADS)
def test_a_snippet_maps_what_is_needed(endpoint):
    words = yaml.safe_load("\n".join(snippet(endpoint)))
    assert words["target"] == {"endpoint": endpoint.name}
    known = {**endpoint.parameters, **endpoint.fields}
    needed = {name for name, field in known.items() if field.required}
    needed |= {*endpoint.key} | {*endpoint.either}
    if endpoint.name in NEEDS:  # by canonical names
        needed = {name.removeprefix("data.") for name in needed}
    assert words["mapping"].keys() == needed


@pytest.mark.parametrize("name", ["POST /transactions", "POST /import"])
def test_a_snippet_is_a_feed(name, tmp_path):
    head = "type: pipelines.components.LoadFeedComponent\nattributes:\n  source: {path: x.csv}\n"
    file = tmp_path / "defs.yaml"
    file.write_text(head + "\n".join(snippet(find(name))), encoding="utf-8")
    assert reading.read_yaml(file).target.endpoint == name


def test_receipts_have_the_fields_that_the_checks_know():
    fields = dict(find("POST /transactions").fields)
    assert fields.pop("Items.ReceiptId").required is False  # repeats the header's
    assert fields.pop("Header.TimeStamp").kind == "time"
    checked = {n: f for n, f in RECEIPT_FIELDS.items() if n != "Header.TimeStamp"}
    assert {n: (f.kind, f.required) for n, f in fields.items()} == {
        n: (f.kind, f.required) for n, f in checked.items()
    }
    assert all(
        field.items == ("Items" * name.startswith("Items.")) for name, field in fields.items()
    )


def test_members_of_an_import_have_the_fields_that_the_checks_know():
    endpoint = find("POST /import")
    kinds = {name: field.kind for name, field in endpoint.fields.items()}
    assert (kinds.pop("mobilePhone"), kinds.pop("email")) == ("phone", "email")
    assert kinds == {
        n: f.kind for n, f in MEMBER_FIELDS.items() if n not in {"mobilePhone", "email"}
    }
    assert endpoint.either == endpoint.key == MEMBER_KEYS
