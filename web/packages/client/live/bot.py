"""A person with an ordinary XMPP client: slixmpp with slixmpp-omemo, OMEMO 0.3 alone. Repeats what it is told.

    bot.py <jid> <password> <port> <authority>
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any, ClassVar

import slixmpp
from omemo.storage import Just, Maybe, Nothing, Storage
from slixmpp.plugins import register_plugin
from slixmpp_omemo import XEP_0384, TrustLevel


class Memory(Storage):  # type: ignore[misc]
    """Keys and sessions, gone with the process."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}

    async def _load(self, key: str) -> Maybe[Any]:
        return Just(self.values[key]) if key in self.values else Nothing()

    async def _store(self, key: str, value: Any) -> None:
        self.values[key] = value

    async def _delete(self, key: str) -> None:
        self.values.pop(key, None)


MEMORY = Memory()


class Omemo(XEP_0384):  # type: ignore[misc]
    """The plugin with its keys in memory; it trusts blindly."""

    default_config: ClassVar[dict[str, Any]] = {"fallback_message": "This message is encrypted."}

    @property
    def storage(self) -> Storage:
        return MEMORY

    @property
    def _btbv_enabled(self) -> bool:
        return True

    async def _prompt_manual_trust(self, manually_trusted: Any, identifier: str | None) -> None:
        manager = await self.get_session_manager()
        for device in manually_trusted:
            await manager.set_trust(device.bare_jid, device.identity_key, TrustLevel.TRUSTED.value)


register_plugin(Omemo)


class Bot(slixmpp.ClientXMPP):  # type: ignore[misc]
    """Answers every encrypted message with the same words, encrypted."""

    def __init__(self, jid: str, password: str, authority: str) -> None:
        super().__init__(jid, password)
        self.ca_certs = authority
        for plugin in ("xep_0030", "xep_0060", "xep_0115", "xep_0163", "xep_0199", "xep_0280", "xep_0380"):
            self.register_plugin(plugin)
        self.register_plugin("xep_0184", {"auto_ack": True})
        self.register_plugin("xep_0384", module=sys.modules[__name__])
        self.add_event_handler("session_start", self._start)
        self.add_event_handler("message", self._message)

    async def _start(self, _: object) -> None:
        await self.get_roster()
        self.send_presence()
        await self.plugin["xep_0384"].get_session_manager()
        # Most clients speak 0.3 alone; so does this one.
        await self.plugin["xep_0060"].delete_node(None, "urn:xmpp:omemo:2:devices")
        print("ready", flush=True)  # noqa: T201 - the test waits for this line

    async def _message(self, message: Any) -> None:
        omemo = self.plugin["xep_0384"]
        if not omemo.is_encrypted(message):
            return
        sender = slixmpp.JID(message["from"].bare)
        plain, _ = await omemo.decrypt_message(message)
        if not plain["body"]:
            return
        answer = self.make_message(sender, mtype="chat", mbody=f"echo: {plain['body']}")
        await omemo.refresh_device_lists({sender}, True)
        encrypted, _ = await omemo.encrypt_message(answer, sender)
        encrypted.send()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    jid, password, port, authority = sys.argv[1:]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    bot = Bot(jid, password, authority)
    bot.connect("127.0.0.1", int(port))
    loop.run_forever()
