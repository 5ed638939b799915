"""Firebase Cloud Messaging, HTTP v1 API: for Android apps that an operator builds."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from plauder.edge.outbound import Outbound, OutboundFailed
from plauder.features.push.service import Report, Ring
from plauder.features.push.store import Target
from plauder.kit.errors import PlauderError

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
API = "https://fcm.googleapis.com"


class BadServiceAccount(PlauderError):
    """The service account file of Firebase cannot be used."""

    code = "bad-service-account"


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The parts we use of the JSON file that Firebase gives to a server."""

    project: str
    email: str
    token_uri: str
    key: rsa.RSAPrivateKey

    @classmethod
    def read(cls, path: Path) -> ServiceAccount:
        """Raises BadServiceAccount, which says what is wrong with the file."""
        try:
            data = orjson.loads(path.read_bytes())
            key = load_pem_private_key(data["private_key"].encode(), None)
            account = cls(data["project_id"], data["client_email"], data["token_uri"], key)  # type: ignore[arg-type]
        except OSError as error:
            raise BadServiceAccount(f"{path} cannot be read: {error.strerror}.") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadServiceAccount(f"{path} is not a service account file of Firebase.") from None
        if not isinstance(account.key, rsa.RSAPrivateKey):
            raise BadServiceAccount(f"{path} has no RSA key.")
        return account


class Fcm:
    """Rings Android devices by their registration token."""

    def __init__(
        self, outbound: Outbound, account: ServiceAccount, *, now: Callable[[], float], api: str = API
    ) -> None:
        self._outbound = outbound
        self._account = account
        self._now = now
        self._api = api
        self._token, self._token_until = "", 0.0

    async def ring(self, target: Target, ring: Ring) -> Sequence[Report]:
        hops = []
        try:
            if self._now() >= self._token_until:
                hops.append(await self._log_in())
        except OutboundFailed as problem:
            return [Report("login", ok=False, detail=problem.message)]
        message = {
            "message": {
                "token": target.address,
                "data": {"v": "1"},
                "android": {"priority": "HIGH", "collapse_key": ring.chat, "ttl": "604800s"},
            }
        }
        url = f"{self._api}/v1/projects/{self._account.project}/messages:send"
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            answer = await self._outbound.post(url, orjson.dumps(message), headers)
        except OutboundFailed as problem:
            return [*hops, Report("fcm", ok=False, detail=problem.message)]
        if answer.status == 401:
            self._token_until = 0.0  # the token was taken back before its time: log in anew for the next ring
        ok = answer.status == 200
        gone = answer.status == 404 or b"UNREGISTERED" in answer.body
        detail = "Firebase took it." if ok else f"Firebase answered {answer.status}."
        return [*hops, Report("fcm", ok=ok, detail=detail, milliseconds=answer.milliseconds, gone=gone)]

    async def _log_in(self) -> Report:
        """OAuth 2.0 for service accounts (RFC 7523): a signed assertion against a token of an hour."""
        now, account = self._now(), self._account
        claims = {
            "iss": account.email,
            "scope": SCOPE,
            "aud": account.token_uri,
            "iat": int(now),
            "exp": int(now) + 3600,
        }
        signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        signature = account.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        assertion = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        body = urlencode({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self._outbound.post(account.token_uri, body.encode(), headers)
        try:
            given = orjson.loads(answer.body)
            self._token, self._token_until = str(given["access_token"]), now + float(given["expires_in"]) - 60
        except (ValueError, KeyError, TypeError):
            raise OutboundFailed(f"Firebase's login answered {answer.status} without a token.") from None
        return Report("login", ok=True, detail="Firebase knows this server.", milliseconds=answer.milliseconds)


def _part(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(b"=").decode()
