"""The live events over a WebSocket: tokens, and where one left off."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.live_office import PATIENCE, office


@pytest.mark.parametrize("way", ["header", "subprotocol", "message"])
async def test_a_websocket_takes_a_token_three_ways_and_resumes(migrated: str, way: str) -> None:
    async with office(migrated) as at:
        token = await at.person()
        await at.tell(1, 2)
        extra: dict[str, Any] = {}
        if way == "header":
            extra = {"additional_headers": {"Authorization": f"Bearer {token}"}}
        if way == "subprotocol":
            extra = {"subprotocols": ["doso.v1", f"bearer.{token}"]}
        async with (
            connect(f"ws{at.url[4:]}/ws?last_event_id=1", open_timeout=PATIENCE, **extra) as ws,
            asyncio.timeout(PATIENCE),
        ):
            if way == "message":
                await ws.send(json.dumps({"token": token}))
            assert ws.subprotocol == ("doso.v1" if way == "subprotocol" else None), "a token is never echoed"
            assert json.loads(await ws.recv()) == {"id": "1", "event": "ready", "data": {"resumed": True}}
            await at.tell(3)
            got = [json.loads(await ws.recv()) for _ in range(2)]
            assert [(each["id"], each["data"]["items"]) for each in got] == [("2", [{"n": 2}]), ("3", [{"n": 3}])]
            await at.owner.execute("UPDATE gateway.app_user SET active = false")
            assert json.loads(await ws.recv())["data"]["reason"] == "credentials"
            with pytest.raises(ConnectionClosed) as closed:
                await ws.recv()
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "credentials")


async def test_a_websocket_without_good_credentials_is_refused(migrated: str) -> None:
    async with office(migrated) as at:
        address = f"ws{at.url[4:]}/ws"
        with pytest.raises(InvalidStatus) as refused:
            await connect(address, additional_headers={"Authorization": "Bearer nonsense"}, open_timeout=PATIENCE)
        assert refused.value.response.status_code == 401
        for sent in ("nonsense", json.dumps({"token": "nonsense"}), json.dumps([1]), "x" * 10_000):
            async with connect(address, open_timeout=PATIENCE) as ws:
                await ws.send(sent)
                with pytest.raises(ConnectionClosed) as closed:
                    await ws.recv()
                assert closed.value.rcvd.code == 1008
        limited = await at.person(at.here)
        elsewhere, protocols = f"{address}?dealer_id={at.there}", ["doso.v1", f"bearer.{limited}"]
        async with connect(elsewhere, subprotocols=protocols, open_timeout=PATIENCE) as ws:  # type: ignore[arg-type]
            with pytest.raises(ConnectionClosed) as closed:
                await ws.recv()
            assert "No dealer" in closed.value.rcvd.reason
        assert not at.hub._feeds
