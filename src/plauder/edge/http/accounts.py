"""Routes of accounts: registration, invites, devices, PIN, number. Each parses, calls one use case, renders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from plauder.edge.http.auth import Auth, Authenticated
from plauder.features.accounts.devices import LINK_MINUTES, Credential, Devices
from plauder.features.accounts.invites import Invites, qr_svg
from plauder.features.accounts.registration import Asked, Registration
from plauder.kit import phone
from plauder.kit.config import Config
from plauder.kit.errors import BadInput, TooMany
from plauder.kit.limits import Allowance, network_of

Text = Annotated[str, Field(max_length=200)]
Token = Annotated[str, Field(max_length=100)]


class Body(BaseModel):
    """What is sent. Unknown fields are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")


class NumberBody(Body):
    number: Annotated[str, Field(max_length=64, examples=["+49 1511 2345678"])]
    method: Annotated[Literal["sms"], Field(description="Codes come by SMS; this server makes no calls.")] = "sms"


class VerifyBody(Body):
    code: Annotated[str, Field(max_length=20, examples=["123456"])]
    pin: Annotated[str | None, Field(max_length=20)] = None
    device_name: Text = "Device"
    keep_devices: Annotated[bool, Field(description="Keep the account's other devices; needs the right PIN.")] = False


class ChangeNumberBody(Body):
    code: Annotated[str, Field(max_length=20)]
    pin: Annotated[str | None, Field(max_length=20)] = None


class AcceptBody(Body):
    username: Annotated[str | None, Field(max_length=64, description="Empty: one is made up.")] = None
    device_name: Text = "Device"


class LinkBody(Body):
    device_name: Text = "Device"


class InviteBody(Body):
    uses: Annotated[int, Field(ge=1, le=100)] = 1
    days: Annotated[float, Field(gt=0, le=30)] = 7
    note: Text = ""


class PinBody(Body):
    pin: Annotated[str, Field(max_length=20, description="Four to twelve digits.")]


class NameBody(Body):
    name: Text


class DiscoveryBody(Body):
    discoverable: bool


class ConfirmBody(Body):
    confirm: Annotated[Text, Field(description="The account's number or name, to make sure.")]


class WaysOut(BaseModel):
    """How one can get in here; what a registration screen needs."""

    domain: str
    ways: list[str]
    default_region: str
    code_digits: int
    countries: list[str]
    blocked_countries: list[str]
    websocket: str
    codes_printed: bool
    """No text is sent: the operator reads the codes where the server runs."""


class AskedOut(BaseModel):
    """A code is on its way. Times in seconds."""

    registration_id: str
    number: str
    expires_in: int
    retry_after: int
    code_digits: int


class CredentialOut(BaseModel):
    """Shown once: what the new device logs in with, over XMPP (SCRAM) and HTTP (Basic)."""

    jid: str
    device_id: str
    password: str
    is_new: bool
    websocket: str


class AccountOut(BaseModel):
    jid: str
    number: str | None
    country: str
    created: datetime
    has_pin: bool
    discoverable: bool
    device_id: str


class DeviceOut(BaseModel):
    """`seen` to the hour; `is_online` as the account's contacts see it."""

    id: str
    name: str
    created: datetime
    seen: datetime
    is_online: bool
    is_this: bool


class TokenOut(BaseModel):
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - RFC 6750's word
    expires_in: int


class InviteOut(BaseModel):
    id: str
    uses_left: int
    note: str
    created: datetime
    expires: datetime


class NewInviteOut(InviteOut):
    """The token and its link are shown once."""

    token: str
    url: str


class TeamOut(BaseModel):
    """A business that asks into its team; `role` there."""

    id: str
    name: str
    role: str


class InviteLookOut(BaseModel):
    domain: str
    invited_by: str | None
    expires: datetime
    team: TeamOut | None = None


class LinkLookOut(BaseModel):
    jid: str


class LinkOut(BaseModel):
    """Shown once. `url` is what the QR code holds."""

    token: str
    url: str
    expires_in: int


class NumberOut(BaseModel):
    jid: str


class GoneOut(BaseModel):
    removed: int


def router(
    config: Config,
    auth: Auth,
    registration: Registration,
    devices: Devices,
    invites: Invites,
    strangers: Allowance,
    online: Callable[[str], Collection[str]],
    team_of: Callable[[str], Awaitable[TeamOut | None]] | None = None,
) -> APIRouter:
    """`strangers`: how often one network may try codes, invites and links. `online`: who of an account's devices is.
    `team_of`: the team that an invite's link leads to."""
    routes = APIRouter(prefix="/api/v1", tags=["accounts"])
    websocket = f"ws{config.public_url.removeprefix('http')}/ws"

    def knock(request: Request) -> None:
        wait = strangers.take(network_of(request.state.address))
        if wait:
            raise TooMany("Too many tries from your network; wait a little.", retry_after=wait)

    knocking = [Depends(knock)]

    def credential(given: Credential) -> CredentialOut:
        return CredentialOut(
            jid=f"{given.local}@{config.domain}",
            device_id=given.device,
            password=given.password,
            is_new=given.is_new,
            websocket=websocket,
        )

    def asked(given: Asked) -> AskedOut:
        return AskedOut(
            registration_id=given.registration,
            number=given.phone.international,
            expires_in=round(given.expires_in),
            retry_after=round(given.retry_after),
            code_digits=config.registration.code_digits,
        )

    @routes.get("/registration", summary="How one registers here")
    async def ways() -> WaysOut:
        policy = config.registration
        return WaysOut(
            domain=config.domain,
            ways=list(policy.ways),
            default_region=policy.default_region,
            code_digits=policy.code_digits,
            countries=list(policy.countries),
            blocked_countries=list(policy.blocked_countries),
            websocket=websocket,
            codes_printed=config.sms.gateway == "console",
        )

    @routes.post("/registration", status_code=202, summary="Send a code to a number", dependencies=knocking)
    async def register(body: NumberBody, request: Request) -> AskedOut:
        return asked(await registration.request_code(body.number, request.state.address))

    @routes.post("/registration/{registration_id}/verify", summary="Trade the code for a device", dependencies=knocking)
    async def verify(registration_id: Token, body: VerifyBody) -> CredentialOut:
        return credential(
            await registration.verify(
                registration_id, body.code, pin=body.pin, device_name=body.device_name, keep_devices=body.keep_devices
            )
        )

    @routes.get("/invites/{token}", summary="Look at an invite", dependencies=knocking)
    async def look(token: Token) -> InviteLookOut:
        team = await team_of(token) if team_of else None
        invite = await invites.look(token, to_enter=team is None)
        by = f"{invite.by}@{config.domain}" if invite.by else None
        return InviteLookOut(domain=config.domain, invited_by=by, expires=invite.expires, team=team)

    @routes.post("/invites/{token}/accept", summary="Open an account by invite", dependencies=knocking)
    async def accept(token: Token, body: AcceptBody) -> CredentialOut:
        return credential(await invites.accept(token, body.username, body.device_name))

    @routes.get("/links/{token}", summary="Whose account a link leads to", dependencies=knocking)
    async def look_link(token: Token) -> LinkLookOut:
        return LinkLookOut(jid=f"{await devices.look_link(token)}@{config.domain}")

    @routes.post("/links/{token}/accept", summary="Join an account as another device", dependencies=knocking)
    async def join(token: Token, body: LinkBody) -> CredentialOut:
        return credential(await devices.accept_link(token, body.device_name))

    @routes.post("/token", summary="A bearer token for an hour")
    async def token(caller: Authenticated) -> TokenOut:
        text, seconds = auth.token(caller)
        return TokenOut(access_token=text, expires_in=seconds)

    @routes.get("/account", summary="The account")
    async def account(caller: Authenticated) -> AccountOut:
        found = await devices.account(caller.local)
        return AccountOut(
            jid=caller.jid,
            number=phone.parse_digits(found.local).international if found.country else None,
            country=found.country,
            created=found.created,
            has_pin=found.pin_hash is not None,
            discoverable=found.discoverable,
            device_id=caller.device,
        )

    @routes.delete("/account", status_code=204, summary="Delete the account and all that is kept of it")
    async def delete(body: ConfirmBody, caller: Authenticated) -> None:
        if body.confirm.strip().removeprefix("+").replace(" ", "") != caller.local:
            raise BadInput("Confirm with the account's own number or name.")
        await devices.delete(caller.local)

    @routes.put("/account/pin", status_code=204, summary="Set the PIN that guards the number")
    async def set_pin(body: PinBody, caller: Authenticated) -> None:
        await devices.set_pin(caller.local, body.pin)

    @routes.delete("/account/pin", status_code=204, summary="Remove the PIN")
    async def remove_pin(caller: Authenticated) -> None:
        await devices.set_pin(caller.local, None)

    @routes.put("/account/discovery", status_code=204, summary="Be found by people who have the number, or not")
    async def set_discovery(body: DiscoveryBody, caller: Authenticated) -> None:
        await devices.set_discoverable(caller.local, body.discoverable)

    @routes.post("/account/number", status_code=202, summary="Send a code to the new number")
    async def change_number(body: NumberBody, request: Request, caller: Authenticated) -> AskedOut:
        return asked(await registration.request_code(body.number, request.state.address, account=caller.local))

    @routes.post("/account/number/{registration_id}/verify", summary="Move the account to the new number")
    async def verify_number(registration_id: Token, body: ChangeNumberBody, caller: Authenticated) -> NumberOut:
        local = await registration.verify_change(registration_id, body.code, account=caller.local, pin=body.pin)
        return NumberOut(jid=f"{local}@{config.domain}")

    @routes.get("/devices", summary="The account's devices")
    async def list_devices(caller: Authenticated) -> list[DeviceOut]:
        there = online(caller.local)
        return [
            DeviceOut(
                id=d.id,
                name=d.name,
                created=d.created,
                seen=d.seen,
                is_online=d.id in there,
                is_this=d.id == caller.device,
            )
            for d in await devices.devices_of(caller.local)
        ]

    @routes.post("/devices/links", status_code=201, summary="Let another device join: a link for minutes")
    async def open_link(caller: Authenticated) -> LinkOut:
        text = await devices.open_link(caller.local)
        return LinkOut(token=text, url=f"{config.public_url}/link#{text}", expires_in=LINK_MINUTES * 60)

    @routes.post("/devices/log-out-others", summary="Remove all devices but this")
    async def log_out_others(caller: Authenticated) -> GoneOut:
        return GoneOut(removed=await devices.revoke_all(caller.local, but=caller.device))

    @routes.patch("/devices/{device_id}", status_code=204, summary="Rename a device")
    async def rename_device(device_id: Token, body: NameBody, caller: Authenticated) -> None:
        await devices.rename(caller.local, device_id, body.name)

    @routes.delete("/devices/{device_id}", status_code=204, summary="Remove a device: it is logged out at once")
    async def remove_device(device_id: Token, caller: Authenticated) -> None:
        await devices.revoke(caller.local, device_id)

    @routes.delete("/devices", summary="Log out everywhere, here too")
    async def log_out_everywhere(caller: Authenticated) -> GoneOut:
        return GoneOut(removed=await devices.revoke_all(caller.local))

    @routes.get("/invites", summary="Invites that are open")
    async def list_invites(caller: Authenticated) -> list[InviteOut]:
        return [
            InviteOut(id=i.token_hash.hex(), uses_left=i.uses_left, note=i.note, created=i.created, expires=i.expires)
            for i in await invites.open_of(caller.local)
        ]

    @routes.post("/invites", status_code=201, summary="Make an invite link")
    async def create_invite(body: InviteBody, caller: Authenticated) -> NewInviteOut:
        text, made = await invites.create(caller.local, uses=body.uses, days=body.days, note=body.note)
        return NewInviteOut(
            id=made.token_hash.hex(),
            uses_left=made.uses_left,
            note=made.note,
            created=made.created,
            expires=made.expires,
            token=text,
            url=invites.url(text),
        )

    @routes.delete("/invites/{invite_id}", status_code=204, summary="Withdraw an invite")
    async def withdraw_invite(invite_id: Token, caller: Authenticated) -> None:
        await invites.withdraw(invite_id, caller.local)

    @routes.post("/qr", summary="A text as a QR code", responses={200: {"content": {"image/svg+xml": {}}}})
    async def qr(body: NameBody, caller: Authenticated) -> Response:
        return Response(qr_svg(body.name), media_type="image/svg+xml")

    return routes
