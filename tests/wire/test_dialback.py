from __future__ import annotations

import pytest

from plauder.wire import dialback
from plauder.wire.dialback import Dialback
from plauder.wire.xml import parse


def test_the_key_is_that_of_xep_0185() -> None:
    key = dialback.key(b"s3cr3tf0rd14lb4ck", "xmpp.example.com", "example.org", "D60000229F")
    assert key == "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643"
    assert dialback.is_key(key, b"s3cr3tf0rd14lb4ck", "xmpp.example.com", "example.org", "D60000229F")


@pytest.mark.parametrize(
    ("key", "receiving", "originating", "stream_id"),
    [
        ("0" * 64, "a", "b", "1"),
        ("", "a", "b", "1"),
        ("é", "a", "b", "1"),
        (dialback.key(b"other", "a", "b", "1"), "a", "b", "1"),
        (dialback.key(b"s", "b", "a", "1"), "a", "b", "1"),
        (dialback.key(b"s", "a", "b", "2"), "a", "b", "1"),
    ],
)
def test_a_forged_key_is_none_of_ours(key: str, receiving: str, originating: str, stream_id: str) -> None:
    assert not dialback.is_key(key, b"s", receiving, originating, stream_id)


def test_what_is_written_can_be_read() -> None:
    def read(data: bytes) -> Dialback | None:
        return dialback.parse(
            parse(
                data.replace(b"<db:", b"<db:", 1).replace(
                    b" from", b" xmlns='jabber:server' xmlns:db='%b' from" % NS, 1
                )
            )
        )

    NS = dialback.NS.encode()  # noqa: N806
    assert read(dialback.write("result", "A.example", "b.example", key="k")) == Dialback(
        "a.example", "b.example", "", "k", ""
    )
    assert read(dialback.write("verify", "a.example", "b.example", key="k", id="7")) == Dialback(
        "a.example", "b.example", "7", "k", ""
    )
    assert read(dialback.write("verify", "a.example", "b.example", id="7", answer="valid")) == Dialback(
        "a.example", "b.example", "7", "", "valid"
    )
    told = read(dialback.write("result", "a.example", "b.example", answer="error", error="policy-violation"))
    assert told is not None
    assert (told.answer, told.error) == ("error", "policy-violation")


@pytest.mark.parametrize(
    "text",
    [
        "<r xmlns='{ns}'/>",
        "<result xmlns='{ns}' from='a' to='b'/>",  # no key
        "<result xmlns='{ns}' from='me@a' to='b'>k</result>",
        "<result xmlns='{ns}' from='a/x' to='b'>k</result>",
        "<result xmlns='{ns}' from='a'>k</result>",
        "<result xmlns='{ns}' from='a' to='b' type='perhaps'>k</result>",
        "<verify xmlns='{ns}' from='a' to='b'>k</verify>",  # no id
        "<verify xmlns='{ns}' from='a' to='b' id='1'>" + "k" * 600 + "</verify>",
        "<verify xmlns='{ns}' from='a' to='b' id='" + "1" * 600 + "'>k</verify>",
    ],
)
def test_nonsense_is_seen_as_such(text: str) -> None:
    assert dialback.parse(parse(text.replace("{ns}", dialback.NS).encode())) is None
