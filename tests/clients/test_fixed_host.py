"""Programs with the vendor's host built in: unchanged, they reach this server by a resolver and the server's own CA."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from bench.campaign import TEMPLATE, CampaignServer, running

from tests.business.cloud import Receiver

pytestmark = pytest.mark.server

HOST = "graph.facebook.com"
PERSON = "4915112345678"

# Stands for a line in /etc/hosts and port 443, which a test has no right to.
PROGRAM = f"""
import socket, sys
token, phone, waba, port = sys.argv[1:]
real = socket.getaddrinfo
def resolve(host, service, *rest, **more):
    if host == "{HOST}":
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]
    raise OSError(f"this program asked for {{host}}")
socket.getaddrinfo = resolve

from heyoo import WhatsApp as Heyoo
old = Heyoo(token, phone_number_id=phone)
print(old.send_template("parcel", "{PERSON}", [
    {{"type": "body", "parameters": [{{"type": "text", "text": "Ann"}}, {{"type": "text", "text": "17"}}]}}
], lang="en_US"))

from pywa import WhatsApp
wa = WhatsApp(phone_id=phone, token=token, waba_id=waba)
print(wa.get_business_phone_number().display_phone_number)
print([template.name for template in wa.get_templates()])
"""


class FixedHostServer(CampaignServer):
    """Speaks TLS and answers to the fixed name."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"PLAUDER_BUSINESS__API_HOSTS": f'["{HOST}"]', "PLAUDER_HTTP__TLS": "true"}


async def test_heyoo_and_pywa_as_they_are() -> None:
    receiver = Receiver()
    await receiver.start()
    server = FixedHostServer(hook=receiver.url, people=[PERSON])
    async with running(server) as business:
        authority = str(server.home / "data" / "tls" / "ca.pem")
        environment = os.environ | {"SSL_CERT_FILE": authority, "REQUESTS_CA_BUNDLE": authority}
        await make_template(server, Path(authority))
        command = [sys.executable, "-W", "ignore", "-c", PROGRAM, *business, str(server.ports.http)]
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        sent, number, templates = done.stdout.strip().splitlines()
        assert "'message_status': 'accepted'" in sent
        assert number == "+49 30 555001"
        assert templates == "['parcel']"
        refused = await asyncio.to_thread(
            subprocess.run, command, env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False
        )
        assert refused.returncode != 0, "who does not know the authority does not trust it"
        assert "certificate" in refused.stderr.lower()
    await receiver.stop()


async def make_template(server: CampaignServer, authority: Path) -> None:
    assert server.business
    context = ssl.create_default_context(cafile=authority)
    async with httpx.AsyncClient(verify=context) as http:
        url = f"https://localhost:{server.ports.http}/v23.0/{server.business.waba}/message_templates"
        made = await http.post(url, json=TEMPLATE, headers={"Authorization": f"Bearer {server.business.token}"})
    assert made.status_code == 200, made.text
