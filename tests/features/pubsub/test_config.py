"""A node's configuration goes through forms and the store unharmed; publish-options are compared by value."""

from __future__ import annotations

import pytest

from plauder.features.pubsub.config import MAX_ITEMS, PRESETS, BadConfig, NodeConfig, default_for
from plauder.wire.forms import Field, Form


def options(**values: str) -> Form:
    return Form.of("submit", "x", {f"pubsub#{name}": value for name, value in values.items()})


def test_only_what_differs_is_kept():
    config = NodeConfig(access_model="open", roster_groups_allowed=("A",))
    assert config.dumps() == '{"access_model":"open","roster_groups_allowed":["A"]}'
    assert NodeConfig.loads(config.dumps()) == config
    assert NodeConfig().dumps() == "{}"


def test_the_form_offered_is_the_form_read():
    config = NodeConfig(access_model="roster", roster_groups_allowed=("A", "B"), max_items=7, persist_items=False)
    form = Form.parse(config.form().element())
    assert form.form_type == "http://jabber.org/protocol/pubsub#node_config"
    assert NodeConfig().changed(form) == config


@pytest.mark.parametrize(
    ("values", "unmet"),
    [
        ({"access_model": "open", "max_items": "max", "persist_items": "true"}, []),
        ({"access_model": "open", "max_items": str(MAX_ITEMS), "persist_items": "1"}, []),
        ({"access_model": "whitelist"}, ["pubsub#access_model"]),
        ({"max_items": "1"}, ["pubsub#max_items"]),
        ({"something_else": "x"}, []),
        ({}, []),
    ],
)
def test_publish_options_are_preconditions(values: dict[str, str], unmet: list[str]):
    assert NodeConfig(access_model="open", max_items=MAX_ITEMS).differs(options(**values)) == unmet


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_model", "public"),
        ("max_items", "many"),
        ("max_items", "-1"),
        ("max_items", str(MAX_ITEMS + 1)),
        ("max_items", "9" * 30),
        ("max_items", ""),
        ("persist_items", "yes"),
        ("title", "x" * 2_000),
        ("send_last_published_item", "always"),
    ],
)
def test_nonsense_is_refused(name: str, value: str):
    with pytest.raises(BadConfig):
        NodeConfig().changed(options(**{name: value}))


def test_fields_without_a_name_of_ours_are_passed_over():
    form = Form("submit", [Field("", ("x",)), Field("access_model", ("open",)), Field("pubsub#title")])
    assert NodeConfig().changed(form) == NodeConfig()


def test_names_that_know_better_than_the_default():
    assert default_for("eu.siacs.conversations.axolotl.bundles:31415").access_model == "open"
    assert default_for("urn:xmpp:omemo:2:bundles").max_items == MAX_ITEMS
    assert default_for("urn:xmpp:bookmarks:1") == PRESETS["urn:xmpp:bookmarks:1"]
    assert default_for("http://jabber.org/protocol/nick") == NodeConfig()


def test_meta_data_leaves_out_what_is_empty():
    values = NodeConfig(title="T").meta_data(items=3).values()
    assert values["pubsub#title"] == ("T",)
    assert values["pubsub#num_items"] == ("3",)
    assert "pubsub#description" not in values
