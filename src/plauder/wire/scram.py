"""SCRAM: RFC 5802, RFC 7677 (SHA-256), SHA-512 alike; both sides. Nonces come as arguments.

Two things are more than the RFC has. An account may have several passwords, one a device: they share salt and iteration
count, the proof is tried against each device's key, and the match names the device. And the server signs what it
offered, against downgrades (XEP-0474).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from plauder.wire.sasl_error import SaslFailure, from_base64

# The name that SASL and IANA use, and that of hashlib.
HASHES: Final = {"sha-1": "sha1", "sha-256": "sha256", "sha-512": "sha512"}

# A client may name any count in bad faith only as a server; ours as a client refuses what would block for seconds.
ITERATIONS_MIN: Final = 4096  # RFC 7677 §4
ITERATIONS_MAX: Final = 1_000_000
MESSAGE_MAX: Final = 4096  # a channel-binding certificate hash, a name and two nonces stay below 2 KiB

_NONCE: Final = re.compile(r"[!-+\--~]{1,512}")  # RFC 5802 §7 "printable": visible ASCII without the comma
_ATTRIBUTE: Final = re.compile(r"([A-Za-z])=(.*)", re.DOTALL)
_CB_TYPE: Final = re.compile(r"[A-Za-z0-9.\-]{1,64}")


class Keys(NamedTuple):
    """What a server keeps of a password (RFC 5802 §3); no secret of the client can be made from it."""

    stored_key: bytes
    server_key: bytes


class DeviceKeys(NamedTuple):
    """The keys of one device's password."""

    device: str
    stored_key: bytes
    server_key: bytes


def salted(hash_name: str, password: str, salt: bytes, iterations: int) -> bytes:
    """Hi() of RFC 5802 §2.2. `password` must be prepared (`jid.prepare_password`)."""
    return hashlib.pbkdf2_hmac(HASHES[hash_name], password.encode(), salt, iterations)


def keys_of(hash_name: str, salted_password: bytes) -> Keys:
    """StoredKey and ServerKey (RFC 5802 §3)."""
    client_key = _hmac(hash_name, salted_password, b"Client Key")
    return Keys(_hash(hash_name, client_key), _hmac(hash_name, salted_password, b"Server Key"))


def fake_salt(secret: bytes, username: str, length: int = 16) -> bytes:
    """The salt to show for an account that does not exist: the same each time, and nobody can tell (RFC 5802 §9)."""
    return hmac.digest(secret, b"salt\0" + username.encode(), "sha256")[:length]


def downgrade_hash(hash_name: str, mechanisms: Iterable[str], bindings: Iterable[str]) -> str:
    """XEP-0474 §5.1: the hash of what a server offers. `bindings` are the types announced by XEP-0440, if any."""
    text = "\x1e".join(sorted(mechanisms))
    types = sorted(bindings)
    if types:
        text += "\x1f" + "\x1e".join(types)
    return b64encode(_hash(hash_name, text.encode())).decode()


@dataclass(frozen=True, slots=True)
class ClientFirst:
    """The first message of a client (RFC 5802 §7)."""

    gs2: str  # the GS2 header as sent, which the final message must repeat
    flag: str  # "n": no channel binding, "y": able but not offered, "p": in use
    binding: str  # its type, where `flag` is "p"
    authzid: str
    username: str
    nonce: str
    bare: str


@final
class Server:
    """One SCRAM exchange as the server. Call `first`, then `challenge`, then `final`; any may raise `SaslFailure`.

    `bindings` maps the channel-binding types of this connection to their data; `plus` says whether the -PLUS mechanism
    was chosen. `downgrade` is a `downgrade_hash`, or None to send none.
    """

    def __init__(
        self, hash_name: str, *, nonce: str, plus: bool, bindings: Mapping[str, bytes], downgrade: str | None = None
    ) -> None:
        self._hash_name = hash_name
        self._nonce = nonce
        self._plus = plus
        self._bindings = bindings
        self._downgrade = downgrade
        self._client: ClientFirst | None = None
        self._first = ""

    def first(self, data: bytes) -> ClientFirst:
        """Take the client's first message: tells whose keys to look up."""
        message = parse_client_first(data)
        if self._plus != (message.flag == "p"):
            raise SaslFailure("malformed-request", "channel binding is for -PLUS mechanisms, and they need it")
        if message.flag == "p" and message.binding not in self._bindings:
            raise SaslFailure("malformed-request", "that channel binding was not offered")
        if message.flag == "y" and self._bindings:
            # RFC 5802 §6: the client thinks that we cannot bind channels, though we said so: somebody took that away.
            raise SaslFailure("not-authorized", "what the server offers was changed on the way")
        self._client = message
        return message

    def challenge(self, salt: bytes, iterations: int) -> bytes:
        """The server's first message."""
        assert self._client is not None
        self._first = f"r={self._client.nonce}{self._nonce},s={b64encode(salt).decode()},i={iterations}"
        if self._downgrade is not None:
            self._first += f",h={self._downgrade}"
        return self._first.encode()

    def final(self, data: bytes, devices: Sequence[DeviceKeys]) -> tuple[str, bytes]:
        """Check the client's final message: the device whose password it proves, and the server's final message.

        All devices are tried whether or not one matched, so the time tells nothing of which or whether.
        """
        client = self._client
        assert client is not None
        text, proof = _parse_client_final(data)
        without_proof, attributes = text
        expected = client.gs2.encode() + self._bindings.get(client.binding, b"")
        if not hmac.compare_digest(from_base64(attributes["c"]), expected):
            raise SaslFailure("not-authorized", "the channel is not the one that was bound")
        if not hmac.compare_digest(attributes["r"].encode(), f"{client.nonce}{self._nonce}".encode()):
            raise SaslFailure("not-authorized")
        message = f"{client.bare},{self._first},{without_proof}".encode()
        matched: DeviceKeys | None = None
        for keys in devices:
            signature = _hmac(self._hash_name, keys.stored_key, message)
            if len(proof) == len(signature):
                client_key = _xor(proof, signature)
                if hmac.compare_digest(_hash(self._hash_name, client_key), keys.stored_key):
                    matched = keys
        if matched is None:
            raise SaslFailure("not-authorized")
        verifier = _hmac(self._hash_name, matched.server_key, message)
        return matched.device, b"v=" + b64encode(verifier)


@final
class Client:
    """One SCRAM exchange as the client. Call `first`, `final`, `verify`; the last two raise `SaslFailure`.

    `binding` is the type and data of the channel binding to use (then the mechanism is -PLUS); without one, `able`
    says that we could but were not offered it. `mechanisms` and `types` are what the server offered, for XEP-0474.
    """

    def __init__(
        self,
        hash_name: str,
        username: str,
        password: str,
        *,
        nonce: str,
        binding: tuple[str, bytes] | None = None,
        able: bool = False,
        mechanisms: Iterable[str] = (),
        types: Iterable[str] = (),
        authzid: str = "",
    ) -> None:
        flag = f"p={binding[0]}" if binding else "y" if able else "n"
        self._hash_name = hash_name
        self._password = password
        self._nonce = nonce
        self._gs2 = f"{flag},{'a=' + _escape(authzid) if authzid else ''},"
        self._bound = self._gs2.encode() + (binding[1] if binding else b"")
        self._bare = f"n={_escape(username)},r={nonce}"
        self._downgrade = downgrade_hash(hash_name, mechanisms, types)
        self._signature = b""

    def first(self) -> bytes:
        return (self._gs2 + self._bare).encode()

    def final(self, challenge: bytes) -> bytes:
        """The answer to the server's first message."""
        attributes = _attributes(_decode(challenge), "rsi")
        nonce, salt, count = attributes["r"], from_base64(attributes["s"]), attributes["i"]
        if not nonce.startswith(self._nonce) or len(nonce) == len(self._nonce) or not _NONCE.fullmatch(nonce):
            raise SaslFailure("not-authorized", "the server's nonce is not one for ours")
        if not (count.isascii() and count.isdecimal() and len(count) < 9):
            raise SaslFailure("malformed-request", "the iteration count is not a number")
        iterations = int(count)
        if not ITERATIONS_MIN <= iterations <= ITERATIONS_MAX or not salt:
            raise SaslFailure("not-authorized", "the iteration count or the salt is not acceptable")
        if "h" in attributes and not hmac.compare_digest(attributes["h"].encode(), self._downgrade.encode()):
            raise SaslFailure("not-authorized", "what the server offers was changed on the way")
        salted_password = salted(self._hash_name, self._password, salt, iterations)
        client_key = _hmac(self._hash_name, salted_password, b"Client Key")
        without_proof = f"c={b64encode(self._bound).decode()},r={nonce}"
        message = f"{self._bare},{challenge.decode()},{without_proof}".encode()
        proof = _xor(client_key, _hmac(self._hash_name, _hash(self._hash_name, client_key), message))
        server_key = _hmac(self._hash_name, salted_password, b"Server Key")
        self._signature = _hmac(self._hash_name, server_key, message)
        return f"{without_proof},p={b64encode(proof).decode()}".encode()

    def verify(self, final_message: bytes) -> None:
        """Check that the server knows our keys, too."""
        attributes = _attributes(_decode(final_message), "v")
        if not self._signature or not hmac.compare_digest(from_base64(attributes["v"]), self._signature):
            raise SaslFailure("not-authorized", "the server could not prove who it is")


def parse_client_first(data: bytes) -> ClientFirst:
    """RFC 5802 §7 client-first-message; raises `SaslFailure`."""
    text = _decode(data)
    parts = text.split(",", 2)
    if len(parts) < 3:
        raise SaslFailure("malformed-request", "no GS2 header")
    flag, authzid, bare = parts
    binding = ""
    if flag.startswith("p="):
        binding = flag[2:]
        if not _CB_TYPE.fullmatch(binding):
            raise SaslFailure("malformed-request", "not the name of a channel binding")
        flag = "p"
    if flag not in ("n", "y", "p") or (authzid and not authzid.startswith("a=")):
        raise SaslFailure("malformed-request", "not a GS2 header")
    attributes = _attributes(bare, "nr")
    if not _NONCE.fullmatch(attributes["r"]):
        raise SaslFailure("malformed-request", "not a nonce")
    username = _unescape(attributes["n"])
    if not username:
        raise SaslFailure("malformed-request", "no user name")
    gs2 = text[: len(text) - len(bare)]
    return ClientFirst(gs2, flag, binding, _unescape(authzid[2:]), username, attributes["r"], bare)


def _parse_client_final(data: bytes) -> tuple[tuple[str, dict[str, str]], bytes]:
    text = _decode(data)
    without_proof, cut, proof = text.rpartition(",p=")
    if not cut:
        raise SaslFailure("malformed-request", "no proof")
    return (without_proof, _attributes(without_proof, "cr")), from_base64(proof)


def _attributes(text: str, first: str) -> dict[str, str]:
    """The attributes of a message, which must begin with those named in `first`, in that order; others may follow."""
    found: dict[str, str] = {}
    for index, part in enumerate(text.split(",")):
        match = _ATTRIBUTE.fullmatch(part)
        if match is None or match[1] in found or (index < len(first) and match[1] != first[index]):
            raise SaslFailure("malformed-request", "attributes missing, twice or out of order")
        if match[1] == "m":  # RFC 5802 §5.1: an extension that must be understood; there is none
            raise SaslFailure("malformed-request", "an unknown mandatory extension")
        found[match[1]] = match[2]
    if len(found) < len(first):
        raise SaslFailure("malformed-request", "attributes missing")
    return found


def _decode(data: bytes) -> str:
    if len(data) > MESSAGE_MAX:
        raise SaslFailure("malformed-request", "too long")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise SaslFailure("malformed-request", "not UTF-8") from None
    if "\0" in text:
        raise SaslFailure("malformed-request", "a NUL")
    return text


def _escape(name: str) -> str:
    return name.replace("=", "=3D").replace(",", "=2C")


def _unescape(name: str) -> str:
    """RFC 5802 §5.1: "=2C" and "=3D" only; any other "=" is an error."""
    if re.search(r"=(?!2C|3D)", name):
        raise SaslFailure("malformed-request", "a name that is not escaped")
    return name.replace("=2C", ",").replace("=3D", "=")


def _hash(hash_name: str, data: bytes) -> bytes:
    return hashlib.new(HASHES[hash_name], data).digest()


def _hmac(hash_name: str, key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, HASHES[hash_name])


def _xor(one: bytes, two: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(two)).to_bytes(len(one))
