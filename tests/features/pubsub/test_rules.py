"""Who may read, subscribe, publish and own, for every access model."""

from __future__ import annotations

import pytest

from plauder.features.pubsub import rules
from plauder.features.pubsub.config import ACCESS_MODELS, NodeConfig
from plauder.features.pubsub.limits import BundleLimits, Rate
from plauder.features.pubsub.rules import Asker
from plauder.kit.clock import FakeClock

STRANGER = Asker()
CONTACT = Asker(subscribed=True)
FRIEND = Asker(subscribed=True, groups=frozenset({"Friends"}))
MEMBER = Asker(affiliation="member")
APPROVED = Asker(subscription="subscribed")
PENDING = Asker(subscription="pending")


def node(model: str, **more: object) -> NodeConfig:
    return NodeConfig(access_model=model, roster_groups_allowed=("Friends",), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "who", "why"),
    [
        ("open", STRANGER, None),
        ("presence", STRANGER, "presence-subscription-required"),
        ("presence", CONTACT, None),
        ("roster", CONTACT, "not-in-roster-group"),
        ("roster", FRIEND, None),
        ("whitelist", FRIEND, "closed-node"),
        ("whitelist", MEMBER, None),
        ("authorize", FRIEND, "not-subscribed"),
        ("authorize", PENDING, "not-subscribed"),
        ("authorize", APPROVED, None),
    ],
)
def test_reading(model: str, who: Asker, why: str | None):
    refusal = rules.reading(node(model), who)
    assert (refusal.why if refusal else None) == why


@pytest.mark.parametrize("model", ACCESS_MODELS)
def test_the_owner_may_everything_the_blocked_and_the_outcast_nothing(model: str):
    owner, blocked = Asker(is_owner=True), Asker(is_blocked=True, subscribed=True, affiliation="member")
    config = node(model, publish_model="open")
    assert rules.reading(config, owner) is rules.publishing(config, owner) is rules.owning(owner) is None
    assert rules.subscribing(config, owner) == "subscribed"
    for decide in (rules.reading, rules.publishing, rules.subscribing):
        assert decide(config, blocked) is rules.BLOCKED
        assert decide(config, Asker(affiliation="outcast", subscribed=True)) is rules.FORBIDDEN
    assert rules.owning(blocked) is rules.BLOCKED


def test_subscribing_waits_for_the_owner_where_that_is_the_model():
    assert rules.subscribing(node("authorize"), STRANGER) == "pending"
    assert rules.subscribing(node("open"), STRANGER) == "subscribed"
    refused = rules.subscribing(node("open", subscribe=False), STRANGER)
    assert isinstance(refused, rules.Refusal)
    assert refused.feature == "subscribe"


def test_publishing_by_others():
    assert rules.publishing(node("open"), STRANGER) is rules.FORBIDDEN
    assert rules.publishing(node("open"), Asker(affiliation="publisher")) is None
    assert rules.publishing(node("open", publish_model="open"), STRANGER) is None
    assert rules.publishing(node("presence", publish_model="open"), STRANGER) is rules.FORBIDDEN
    assert rules.publishing(node("open", publish_model="subscribers"), APPROVED) is None
    assert rules.publishing(node("open", publish_model="subscribers"), STRANGER) is rules.FORBIDDEN


def test_publish_only_may_write_and_not_read():
    who = Asker(affiliation="publish-only")
    assert rules.publishing(node("open"), who) is None
    assert rules.reading(node("open"), who) is rules.FORBIDDEN


def test_payloads_are_bounded():
    assert rules.item_fits(NodeConfig(), size=rules.MAX_ITEM_BYTES, held=0) is None
    assert rules.item_fits(NodeConfig(), size=rules.MAX_ITEM_BYTES + 1, held=0).why == "payload-too-big"
    assert rules.item_fits(NodeConfig(max_payload_size=10), size=11, held=0).why == "payload-too-big"
    assert rules.item_fits(NodeConfig(), size=1, held=rules.MAX_ACCOUNT_BYTES).why == "resource-constraint"


def test_names_are_bounded():
    assert rules.is_name("ü" * 511)
    assert not rules.is_name("ü" * 512)
    assert not rules.is_name("")


def test_which_nodes_hold_prekeys():
    assert rules.is_bundle_node("eu.siacs.conversations.axolotl.bundles:1")
    assert rules.is_bundle_node("urn:xmpp:omemo:2:bundles")
    assert not rules.is_bundle_node("urn:xmpp:omemo:2:devices")


def test_both_limits_hold():
    limits = BundleLimits(FakeClock(), per_asker=Rate(3, 5), per_pair=Rate(2, 60))
    assert [limits.take("eva", "ana") for _ in range(3)] == [0, 0, 60]
    assert limits.take("eva", "bruno") == 0


def test_a_limit_is_refilled_one_by_one():
    clock = FakeClock()
    limits = BundleLimits(clock, per_pair=Rate(2, 60))
    assert [limits.take("eva", "ana") for _ in range(3)] == [0, 0, 60]
    clock.advance(60)
    assert [limits.take("eva", "ana") for _ in range(2)] == [0, 60]
