"""What a business runs at its side of a form: opens the questions, seals the answers (reference §7)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Json = dict[str, Any]


class Endpoint:
    """`answer` is given each question; all of them are kept in `asked`."""

    def __init__(self, answer: Callable[[Json], Json]) -> None:
        self._key = rsa.generate_private_key(65_537, 2_048)
        self._answer = answer
        self.asked: list[Json] = []

    @property
    def public_key(self) -> str:
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def handle(self, body: bytes) -> bytes:
        """The body of the answer to one POST."""
        sealed = {name: base64.b64decode(value) for name, value in json.loads(body).items()}
        aes = AESGCM(
            self._key.decrypt(sealed["encrypted_aes_key"], padding.OAEP(padding.MGF1(SHA256()), SHA256(), None))
        )
        question = json.loads(aes.decrypt(sealed["initial_vector"], sealed["encrypted_flow_data"], None))
        self.asked.append(question)
        flipped = bytes(byte ^ 0xFF for byte in sealed["initial_vector"])
        return base64.b64encode(aes.encrypt(flipped, json.dumps(self._answer(question)).encode(), None))
