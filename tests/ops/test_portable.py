"""Accounts leave for other servers, and come from them (XEP-0227)."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from plauder.features.accounts import scram
from tests.ops.conftest import Command

PIE = "urn:xmpp:pie:0"
INCLUDES = (
    f"<server-data xmlns='{PIE}' xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='{{}}'/></server-data>"
)
NODE = "http://jabber.org/protocol/pubsub"

USER = """
<user name='juliet' password='correct horse'>
  <query xmlns='jabber:iq:roster'>
    <item jid='romeo@old.example' name='Romeo' subscription='both'><group>Friends</group></item>
    <item jid='nurse@verona.example' subscription='from' ask='subscribe'/>
    <item jid='not @ all' subscription='both'/>
  </query>
  <presence xmlns='jabber:client' type='subscribe' from='paris@verona.example'><status>Hello</status></presence>
  <query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'><nick>J</nick></exodus></query>
  <vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard>
  <blocklist xmlns='urn:xmpp:blocking'><item jid='tybalt@old.example'/></blocklist>
  <pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><configure node='urn:xmpp:bookmarks:1'>
    <x xmlns='jabber:x:data' type='form'><field var='pubsub#access_model'><value>whitelist</value></field>
    <field var='pubsub#max_items'><value>max</value></field><field var='pubsub#of_theirs'><value>1</value></field></x>
  </configure></pubsub>
  <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:bookmarks:1'>
    <item id='orchard@rooms.example'><conference xmlns='urn:xmpp:bookmarks:1' name='Orchard'/></item>
    <item id='play@rooms.example'><conference xmlns='urn:xmpp:bookmarks:1' name='Play'/></item></items></pubsub>
</user>"""


def write(path: Path, users: str, host: str = "old.example") -> None:
    path.write_text(
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        f"<server-data xmlns='{PIE}'><host jid='{host}'>{users}</host></server-data>"
    )


def test_what_another_server_wrote_comes_in_and_goes_out_again(plauder: Command, data: Path, here: Path) -> None:
    write(here / "in.xml", USER)
    status, out, err = plauder("import", "in.xml", "--host", "old.example")
    assert (status, err) == (0, "")
    assert "'not @ all' is no address" in out
    assert "1 accounts are open" in out
    assert plauder("export", "out.xml")[0] == 0
    assert (here / "out.xml").stat().st_mode & 0o777 == 0o600
    text = (here / "out.xml").read_text()
    for part in (
        "<host jid='localhost'>",
        "<item jid='romeo@localhost' name='Romeo' subscription='both'><group>Friends</group></item>",
        "<item jid='nurse@verona.example' subscription='from' ask='subscribe'/>",
        "type='subscribe' from='paris@verona.example'",
        "<nick>J</nick>",
        "<FN>Juliet</FN>",
        "<item jid='tybalt@localhost'/>",
        "<configure node='urn:xmpp:bookmarks:1'>",
        "name='Orchard'",
        "name='Play'",
        "mechanism='SCRAM-SHA-512'",
    ):
        assert part in text, part
    assert "correct horse" not in text
    assert plauder("export", "out.xml")[0] == 1  # nothing is overwritten
    status, out, _ = plauder("import", "in.xml", "--host", "old.example")
    assert (status, "is here already" in out) == (1, True)


def test_an_export_comes_back_with_its_password(plauder: Command, data: Path, here: Path) -> None:
    plauder("account", "add", "ana", stdin="correct horse\n")
    plauder("export", "out.xml", "ana")
    plauder("account", "delete", "ana", "--yes")
    assert plauder("import", "out.xml")[:2] == (0, "1 accounts are open.\n")
    plauder("export", "again.xml")
    keys = [line for line in (here / "out.xml").read_text().split("<scram") if "SCRAM-SHA-256" in line]
    assert keys == [line for line in (here / "again.xml").read_text().split("<scram") if "SCRAM-SHA-256" in line]


def test_keys_of_one_mechanism_alone_are_taken_and_said(plauder: Command, data: Path, here: Path) -> None:
    salt = b"0123456789abcdef"
    keys = scram.keys("correct horse", salt, 10_000, "sha-1")
    parts = {"iter-count": "10000", "salt": salt, "server-key": keys.server_key, "stored-key": keys.stored_key}
    text = "".join(
        f"<{name}>{value if isinstance(value, str) else base64.b64encode(value).decode()}</{name}>"
        for name, value in parts.items()
    )
    credentials = f"<scram-credentials xmlns='urn:xmpp:pie:0#scram' mechanism='SCRAM-SHA-1'>{text}</scram-credentials>"
    write(here / "in.xml", f"<user name='juliet'>{credentials}</user><user name='romeo'/>", host="localhost")
    status, out, _ = plauder("import", "in.xml")
    assert status == 0
    assert "juliet: logs in with SCRAM-SHA-1 alone" in out
    assert "romeo: no password" in out
    plauder("export", "out.xml", "juliet")
    assert base64.b64encode(keys.stored_key).decode() in (here / "out.xml").read_text()
    assert hashlib.sha1(b"", usedforsecurity=False).digest_size == len(keys.stored_key)


def test_a_file_may_include_others_beside_it(plauder: Command, data: Path, here: Path) -> None:
    (here / "files").mkdir()
    include = "xmlns:xi='http://www.w3.org/2001/XInclude'"
    (here / "files/main.xml").write_text(
        f"<server-data xmlns='{PIE}' {include}><xi:include href='localhost.xml'/></server-data>"
    )
    (here / "files/localhost.xml").write_text(
        f"<host xmlns='{PIE}' jid='localhost' {include}><xi:include href='juliet.xml'/></host>"
    )
    (here / "files/juliet.xml").write_text(f"<user xmlns='{PIE}' name='juliet' password='correct horse'/>")
    assert plauder("import", "files/main.xml")[:2] == (0, "1 accounts are open.\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<server-data",
        "<server-data xmlns='urn:xmpp:pie:0'/>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><server-data xmlns='urn:xmpp:pie:0'>&a;</server-data>",
        INCLUDES.format("../../etc/passwd"),
        INCLUDES.format("/etc/passwd"),
        INCLUDES.format("nowhere.xml"),
    ],
)
def test_what_is_no_such_file_is_said_in_one_sentence(plauder: Command, data: Path, here: Path, text: str) -> None:
    (here / "in.xml").write_text(text)
    status, out, err = plauder("import", "in.xml")
    assert (status, out) == (1, "")
    assert err.count("\n") == 1


def test_hostile_users_are_left_out(plauder: Command, data: Path, here: Path) -> None:
    bad_keys = "<scram-credentials xmlns='urn:xmpp:pie:0#scram' mechanism='SCRAM-SHA-1'><iter-count>-1</iter-count>"
    users = (
        "<user name='a@b' password='correct horse'/><user/><user name='x' password='tab&#9;bed'/>"
        f"<user name='eve'>{bad_keys}<salt>?</salt></scram-credentials></user>"
    )
    write(here / "in.xml", users, host="localhost")
    status, out, _ = plauder("import", "in.xml")
    assert status == 0
    assert "eve: no password" in out
    assert out.endswith("1 accounts are open.\n")


def test_a_file_of_another_domain_is_not_taken_by_mistake(plauder: Command, data: Path, here: Path) -> None:
    write(here / "in.xml", USER)
    status, _, err = plauder("import", "in.xml")
    assert status == 1
    assert "--host" in err
    assert NODE in (here / "in.xml").read_text()


def test_a_file_of_one_host_and_a_password_that_was_short_elsewhere_are_taken(
    plauder: Command, data: Path, here: Path
) -> None:
    """As ejabberd 23.01 writes them (`export_piefxis`): one file for each host, passwords in plain."""
    head = "<?xml version='1.0' encoding='UTF-8'?>"
    (here / "theirs.xml").write_text(
        f"{head}<host xmlns='{PIE}' xmlns:xi='http://www.w3.org/2001/XInclude' jid='theirs.test'>"
        "<user name='bruno' password='secret'/></host>"
    )
    assert plauder("import", "--host", "theirs.test", "theirs.xml")[:2] == (0, "1 accounts are open.\n")
