"""Contact discovery: the function is that of RFC 9497, the list tells nothing without it, and asking is rationed."""

import pytest
from voprf import ristretto

from plauder.features.accounts import discovery
from plauder.features.accounts.discovery import Discovery, DiscoveryOff
from plauder.features.accounts.parts import NoAccount
from plauder.kit.clock import FakeClock
from plauder.kit.errors import BadInput, TooMany
from plauder.store.database import Database
from tests.features.accounts.conftest import ANA, ANA_DIGITS, BRUNO, BRUNO_DIGITS, Office

# RFC 9497 §A.1.2: ristretto255-SHA512, VOPRF mode.
SEED, KEY_INFO = bytes.fromhex("a3" * 32), b"test key"
PUBLIC_KEY = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e"
INPUTS = ("00", "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a")
BLINDED = (
    "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
    "cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c",
    "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654",
)
EVALUATED = (
    "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
    "60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468",
    "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a",
)
OUTPUTS = (
    (
        "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
        "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c"
    ),
    (
        "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60"
        "356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6"
    ),
)


def test_the_library_is_rfc_9497() -> None:
    evaluator = ristretto.Evaluator.from_seed(SEED, KEY_INFO)
    assert evaluator.public_key.serialize().hex() == PUBLIC_KEY
    for text, output in zip(INPUTS, OUTPUTS, strict=True):
        assert evaluator.evaluate_known_input(bytes.fromhex(text)).hex() == output
    blinded = [ristretto.BlindedInput.deserialize(bytes.fromhex(text)) for text in BLINDED]
    raw = evaluator.evaluate_batch(blinded).serialize()
    assert raw[discovery.PROOF :].hex() == "".join(EVALUATED)
    assert len(raw) == 3 * discovery.ELEMENT + discovery.PROOF


def ask(numbers: list[str]) -> tuple[list[ristretto.Client], list[bytes]]:
    pairs = [ristretto.Client.blind(discovery.number_bytes(number)) for number in numbers]
    return [client for client, _ in pairs], [blinded.serialize() for _, blinded in pairs]


async def find(desk: Discovery, local: str, numbers: list[str]) -> set[str]:
    """What a client does; the proof is checked on the way."""
    clients, blinded = ask(numbers)
    answer = await desk.evaluate(local, blinded)
    raw = answer.proof + b"".join(answer.elements)
    key = ristretto.PublicKey.deserialize(desk.public_key)
    outputs = ristretto.Client.finalize_batch(clients, ristretto.VerifiableBatchOutput.deserialize(raw), key)
    listed = await desk.directory()
    tags = {listed[at : at + discovery.TAG] for at in range(0, len(listed), discovery.TAG)}
    return {number for number, output in zip(numbers, outputs, strict=True) if discovery.tag(output) in tags}


@pytest.fixture
def desk(office: Office) -> Discovery:
    return Discovery(office.parts)


async def test_friends_find_those_who_want_to_be_found(office: Office, desk: Discovery, clock: FakeClock) -> None:
    await office.register(ANA)
    await office.register(BRUNO)
    stranger = "4915112345679"
    assert await find(desk, ANA_DIGITS, [BRUNO_DIGITS, stranger]) == set()
    await office.devices.set_discoverable(BRUNO_DIGITS, True)
    clock.advance(discovery.FRESH_SECONDS)
    assert await find(desk, ANA_DIGITS, [BRUNO_DIGITS, stranger]) == {BRUNO_DIGITS}
    await office.devices.set_discoverable(BRUNO_DIGITS, False)
    clock.advance(discovery.FRESH_SECONDS)
    assert await find(desk, ANA_DIGITS, [BRUNO_DIGITS]) == set()


async def test_names_and_shut_accounts_are_not_listed(office: Office, desk: Discovery, clock: FakeClock) -> None:
    await office.register(ANA)
    await office.devices.set_discoverable(ANA_DIGITS, True)
    await office.devices.create_with_password("clara", "password")
    await office.devices.set_discoverable("clara", True)
    assert len(await desk.directory()) == discovery.TAG
    await office.devices.set_enabled(ANA_DIGITS, False)
    clock.advance(discovery.FRESH_SECONDS)
    assert await desk.directory() == b""


async def test_the_list_and_the_request_hold_no_number(office: Office, desk: Discovery) -> None:
    await office.register(ANA)
    await office.devices.set_discoverable(ANA_DIGITS, True)
    listed = await desk.directory()
    assert ANA_DIGITS.encode() not in listed
    _, first = ask([ANA_DIGITS])
    _, second = ask([ANA_DIGITS])
    assert first != second  # blinded anew each time


async def test_asking_is_rationed_by_age(database: Database, clock: FakeClock) -> None:
    settings = {"first_day_lookups": 3, "daily_growth": 2, "max_daily_lookups": 6, "batch": 4}
    office = Office(database, clock, discovery=settings)
    desk = Discovery(office.parts)
    await office.register(ANA)
    _, blinded = ask(["1", "2", "3"])
    assert await desk.left_today(ANA_DIGITS) == 3
    assert (await desk.evaluate(ANA_DIGITS, blinded[:2])).left == 1
    with pytest.raises(TooMany) as caught:
        await desk.evaluate(ANA_DIGITS, blinded[:2])
    assert 0 < caught.value.retry_after <= 86_400
    assert (await desk.evaluate(ANA_DIGITS, blinded[:1])).left == 0
    clock.advance(days=1)
    assert await desk.left_today(ANA_DIGITS) == 5
    clock.advance(days=10)
    assert await desk.left_today(ANA_DIGITS) == 6
    with pytest.raises(NoAccount):
        await desk.evaluate("nobody", blinded)


@pytest.mark.parametrize(
    "blinded", [[], [b""], [bytes(32)], [b"\xff" * 32], [bytes.fromhex(BLINDED[0]), b"x" * 32], [b"x"] * 501]
)
async def test_hostile_elements_cost_nothing(office: Office, desk: Discovery, blinded: list[bytes]) -> None:
    await office.register(ANA)
    with pytest.raises(BadInput):
        await desk.evaluate(ANA_DIGITS, blinded)
    assert await desk.left_today(ANA_DIGITS) == 1_000


async def test_an_operator_can_do_without(database: Database, clock: FakeClock) -> None:
    office = Office(database, clock, discovery={"enabled": False})
    desk = Discovery(office.parts)
    await office.register(ANA)
    with pytest.raises(DiscoveryOff):
        await desk.directory()
    with pytest.raises(DiscoveryOff):
        await desk.evaluate(ANA_DIGITS, [bytes.fromhex(BLINDED[0])])
