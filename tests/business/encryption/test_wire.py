"""Bundles, elements and messages of both versions, whole and broken."""

from __future__ import annotations

import base64
import copy
import secrets
from collections.abc import Callable
from contextlib import suppress
from xml.etree.ElementTree import Element, SubElement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plauder.business.encryption import own
from plauder.business.encryption.errors import Unreadable
from plauder.business.encryption.keys import Identity, agree, to_montgomery, verify, verify_with_sign
from plauder.business.encryption.profile import Addressed, Exchange, Header, Profile, SealedKey
from plauder.business.encryption.wire_v03 import V03
from plauder.business.encryption.wire_v2 import V2

BOTH = pytest.mark.parametrize("profile", [V03(), V2()], ids=["v03", "v2"])
HEADER = Header(7, 3, secrets.token_bytes(32))


def new_bundle(profile: Profile) -> Element:
    identity = Identity.new()
    return own.bundle(profile, identity, own.create(profile, identity, 0.0))


def find(root: Element, *names: str) -> Element:
    return next(each for each in root.iter() if each.tag.rpartition("}")[2] in names)


@BOTH
def test_messages_and_exchanges_there_and_back(profile: Profile) -> None:
    signed = profile.encode_message(HEADER, b"abc")
    mac = secrets.token_bytes(profile.mac_length)
    message = profile.parse_message(profile.frame(signed, mac))
    assert (message.header, message.ciphertext, message.signed, message.mac) == (HEADER, b"abc", signed, mac)
    exchange = Exchange(5, 6, secrets.token_bytes(32), secrets.token_bytes(32), b"message")
    assert profile.parse_exchange(profile.encode_exchange(exchange, 77)) == exchange


@BOTH
def test_every_beginning_of_an_exchange_is_refused(profile: Profile) -> None:
    exchange = Exchange(5, 6, secrets.token_bytes(32), secrets.token_bytes(32), b"message")
    whole = profile.encode_exchange(exchange, 77)
    for length in range(len(whole)):
        with pytest.raises(Unreadable):
            profile.parse_exchange(whole[:length])


@BOTH
@given(data=st.binary(max_size=120))
def test_any_bytes_never_do_more_than_raise_unreadable(profile: Profile, data: bytes) -> None:
    for given_ in (data, b"\x33" + data):
        for parse in (profile.parse_message, profile.parse_exchange):
            with suppress(Unreadable):
                parse(given_)


@BOTH
def test_a_bundle_verifies_and_a_changed_one_does_not(profile: Profile) -> None:
    element = new_bundle(profile)
    found = profile.parse_bundle(element)
    assert found is not None
    assert len(found.prekeys) == own.PREKEYS
    assert found.identity == to_montgomery(found.ed_identity)
    for names in (("spk", "signedPreKeyPublic"), ("spks", "signedPreKeySignature")):
        changed = copy.deepcopy(element)
        target = find(changed, *names)
        data = bytearray(base64.b64decode(target.text or ""))
        data[5] ^= 1
        target.text = base64.b64encode(data).decode()
        assert profile.parse_bundle(changed) is None


def _drop(*names: str) -> Callable[[Element], None]:
    def edit(root: Element) -> None:
        for parent in list(root.iter()):
            for child in list(parent):
                if child.tag.rpartition("}")[2] in names:
                    parent.remove(child)

    return edit


def _text(text: str, *names: str) -> Callable[[Element], None]:
    def edit(root: Element) -> None:
        find(root, *names).text = text

    return edit


def _no_id(root: Element) -> None:
    find(root, "pk", "preKeyPublic").attrib.clear()


def _many(root: Element) -> None:
    prekeys = find(root, "prekeys")
    for _ in range(300):
        prekeys.append(prekeys[0])


def _twice(root: Element) -> None:
    identity = find(root, "ik", "identityKey")
    root.append(identity)


@BOTH
@pytest.mark.parametrize(
    "edit",
    [
        _drop("ik", "identityKey"),
        _drop("spk", "signedPreKeyPublic"),
        _drop("spks", "signedPreKeySignature"),
        _drop("pk", "preKeyPublic"),
        _drop("prekeys"),
        _text("?", "pk", "preKeyPublic"),
        _text("AAAA", "ik", "identityKey"),
        _text("A" * 400, "ik", "identityKey"),
        _text("", "spk", "signedPreKeyPublic"),
        _no_id,
        _many,
        _twice,
    ],
    ids=lambda edit: edit.__name__,
)
def test_broken_bundles(profile: Profile, edit: Callable[[Element], None]) -> None:
    element = new_bundle(profile)
    edit(element)
    with pytest.raises(Unreadable):
        profile.parse_bundle(element)


@BOTH
def test_another_element_is_no_bundle_and_no_list(profile: Profile) -> None:
    with pytest.raises(Unreadable):
        profile.parse_bundle(Element("{urn:x}bundle"))
    with pytest.raises(Unreadable):
        profile.parse_device_list(Element("{urn:x}devices"))
    listed = profile.device_list([1, 2])
    assert profile.parse_device_list(listed) == [1, 2]
    SubElement(listed, listed[0].tag, {"id": "x"})
    with pytest.raises(Unreadable):
        profile.parse_device_list(listed)
    with pytest.raises(Unreadable):
        profile.parse_device_list(profile.device_list(list(range(1, 500))))


@BOTH
def test_payloads_that_were_changed_are_refused(profile: Profile) -> None:
    sealed = profile.seal_payload(b"oi")
    key = Addressed("bruno@example.org", 2, SealedKey(True, b"k"))
    arrived = profile.parse_encrypted(profile.encrypted(9, [key], sealed), "bruno@example.org", 2)
    assert (arrived.sender_id, arrived.keys) == (9, [SealedKey(True, b"k")])
    assert profile.open_payload(sealed.key, arrived) == b"oi"
    assert profile.parse_encrypted(profile.encrypted(9, [key], sealed), "bruno@example.org", 3).keys == []
    for wrong in (sealed.key[1:], bytes(len(sealed.key)), b""):
        with pytest.raises(Unreadable):
            profile.open_payload(wrong, arrived)
    empty = profile.parse_encrypted(profile.encrypted(9, [key], profile.empty_payload()), "bruno@example.org", 2)
    assert empty.payload is None


@BOTH
@pytest.mark.parametrize(
    "edit",
    [_drop("header"), _text("%", "payload"), _text("", "payload"), _text("A" * 4096, "key"), _text("%", "key")],
    ids=["no header", "no base64", "empty", "huge key", "broken key"],
)
def test_broken_elements(profile: Profile, edit: Callable[[Element], None]) -> None:
    key = Addressed("bruno@example.org", 2, SealedKey(False, b"k"))
    element = profile.encrypted(9, [key], profile.seal_payload(b"oi"))
    edit(element)
    with pytest.raises(Unreadable):
        profile.parse_encrypted(element, "bruno@example.org", 2)


def test_identities_of_both_signs() -> None:
    signs = set()
    for number in range(24):
        identity = Identity.of(bytes([number]) * 32)
        signs.add(identity.ed_public[31] >> 7)
        assert to_montgomery(identity.ed_public) == identity.public
        signature = identity.sign_with_sign(b"spk")
        assert verify_with_sign(identity.public, b"spk", signature) == identity.ed_public
        other = signature[:63] + bytes((signature[63] ^ 0x80,))
        assert verify_with_sign(identity.public, b"spk", other) is None
        assert verify(identity.ed_public, b"spk", identity.sign(b"spk"))
    assert signs == {0, 1}
    assert {Identity.new().ed_public[31] >> 7 for _ in range(24)} == {0}
    assert verify_with_sign(Identity.new().public, b"spk", b"short") is None


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)])
def test_points_of_small_order_are_refused(point: bytes) -> None:
    with pytest.raises(Unreadable):
        agree(Identity.new().secret, point)


def test_what_is_no_point_is_refused() -> None:
    with pytest.raises(Unreadable):
        to_montgomery(b"\xff" * 32)
