"""Waking devices: the VAPID key, this device's subscription, the test button."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from plauder.edge.http.auth import Authenticated, Caller
from plauder.edge.push import web
from plauder.features.push.service import Push
from plauder.features.push.store import FCM, WEB, Target
from plauder.kit.errors import Conflict


class Keys(BaseModel):
    """The keys of a browser's PushSubscription."""

    p256dh: str = Field(max_length=200)
    auth: str = Field(max_length=60)


class Subscription(BaseModel):
    """PushSubscription.toJSON() of a browser, or the registration token of an Android app."""

    model_config = ConfigDict(extra="ignore")

    endpoint: str = Field("", max_length=2_000)
    keys: Keys | None = None
    fcm_token: str = Field("", max_length=1_000)


class VapidOut(BaseModel):
    key: str


class HopOut(BaseModel):
    """What one hop on the way to the device said."""

    hop: str
    ok: bool
    detail: str
    milliseconds: float


def router(push: Push, vapid_key: str) -> APIRouter:
    """The routes below `/api/v1/push`."""
    routes = APIRouter(prefix="/api/v1/push", tags=["push"])

    @routes.get("/vapid")
    async def vapid() -> VapidOut:
        """The key that browsers subscribe with (RFC 8292)."""
        return VapidOut(key=vapid_key)

    @routes.put("/subscription", status_code=204)
    async def subscribe(body: Subscription, caller: Authenticated) -> None:
        """Wake this device from now on."""
        name = _device(caller)
        if body.fcm_token:
            await push.enable(Target(caller.jid, name, FCM, body.fcm_token, {}))
            return
        keys = body.keys or Keys(p256dh="", auth="")
        options = web.check(body.endpoint, keys.p256dh, keys.auth)
        await push.enable(Target(caller.jid, name, WEB, body.endpoint, options))

    @routes.delete("/subscription", status_code=204)
    async def unsubscribe(caller: Authenticated) -> None:
        """Let this device sleep."""
        await push.disable(caller.jid, device=_device(caller))

    @routes.post("/test")
    async def test(caller: Authenticated) -> list[HopOut]:
        """Ring this device now and say what every hop answered."""
        reports = await push.test(caller.jid, _device(caller))
        return [HopOut(hop=r.hop, ok=r.ok, detail=r.detail, milliseconds=round(r.milliseconds, 1)) for r in reports]

    return routes


def _device(caller: Caller) -> str:
    if not caller.device:
        raise Conflict("Log in with this device's own password, so that it is known which device to wake.")
    return caller.device
