"""How live streams end: the slow are cut, the unwelcome shown out, and everybody is told why."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.integration.live_office import PATIENCE, numbers, office, take


async def test_a_slow_client_is_cut_and_told_why(migrated: str) -> None:
    async with office(migrated, stream_queue=4, stream_send_seconds=PATIENCE) as at:
        token = await at.person()
        request = f"GET /stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(0)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", int(at.url.rsplit(":", 1)[1])))
        reader, writer = await asyncio.open_connection(sock=raw, limit=1024)
        writer.write(request.encode())
        await reader.readuntil(b"event: ready")
        (member,) = next(iter(at.hub._feeds.values())).members
        async with asyncio.timeout(PATIENCE):
            while member.ended is None:
                await at.tell(1, text="x" * 200_000)
        heard = b""
        async with asyncio.timeout(PATIENCE):
            while b"event: closed" not in heard[-4000:] or b"}\r\n" not in heard[heard.rindex(b"event: closed") :]:
                heard += await reader.read(65536)
        closing = heard[heard.rindex(b"event: closed") :]
        assert b'"reason":"slow"' in closing
        assert b'"reconnect":true' in closing
        writer.close()
        async with asyncio.timeout(PATIENCE):
            while at.hub._feeds:
                await asyncio.sleep(0.01)


async def test_a_client_that_takes_nothing_at_all_loses_its_place(migrated: str) -> None:
    async with office(migrated, stream_send_seconds=0.3) as at:
        token = await at.person()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(at.url.rsplit(":", 1)[1]), limit=1024)
        writer.write(f"GET /stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        await reader.readuntil(b"event: ready")
        async with asyncio.timeout(PATIENCE):
            while at.hub._feeds:
                await at.tell(1, text="x" * 200_000)
        writer.close()


async def test_a_deactivated_person_is_shown_out(migrated: str) -> None:
    async with office(migrated) as at:
        token = await at.person()
        async with at.follow(token) as stream:
            await take(stream, 1)
            await at.owner.execute("UPDATE gateway.app_user SET active = false")
            ((_, event, data),) = await take(stream, 1)
            assert (event, data["reason"], data["reconnect"]) == ("closed", "credentials", False)
            with pytest.raises(StopAsyncIteration):
                await take(stream, 1)
        answer = await at.http.get("/stream", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


async def test_a_rooftop_taken_away_is_heard_no_longer(migrated: str) -> None:
    async with office(migrated) as at:
        token = await at.person(at.here)
        async with at.follow(token, dealer_id=at.here) as stream:
            await take(stream, 1)
            await at.owner.execute("UPDATE gateway.app_user SET dealer_ids = $1", [at.there])
            ((_, event, data),) = await take(stream, 1)
            assert (event, data["reason"]) == ("closed", "scope")


async def test_streams_are_counted_and_places_come_back(migrated: str) -> None:
    async with office(migrated, streams_per_user=2, streams_per_tenant=3) as at:
        one, other = await at.person(), await at.person()
        header = {"Authorization": f"Bearer {one}"}
        async with at.follow(one) as first, at.follow(one) as second:
            await take(first, 1)
            await take(second, 1)
            answer = await at.http.get("/stream", headers=header)
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
            assert "This user has 2 streams open" in answer.json()["detail"]
            async with at.follow(other) as third:
                await take(third, 1)
                answer = await at.http.get("/stream", headers={"Authorization": f"Bearer {other}"})
                assert "This group has 3" in answer.json()["detail"]
        async with asyncio.timeout(PATIENCE):
            while at.hub._feeds:
                await asyncio.sleep(0.01)
        async with at.follow(one) as again:
            await take(again, 1)


async def test_a_lost_listening_connection_is_made_again(migrated: str) -> None:
    async with office(migrated) as at, at.follow(await at.person()) as stream:
        await take(stream, 1)
        await at.owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'doso-gateway-live' AND datname = current_database()"
        )
        await at.tell(1)
        assert numbers(await take(stream, 1)) == [1]


async def test_a_defect_is_told_and_the_next_stream_goes_on(migrated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(migrated) as at:
        token = await at.person()
        async with at.follow(token) as broken:
            await take(broken, 1)
            with monkeypatch.context() as patched:
                patched.setattr("services.gateway.live.feed.Message.of", lambda _told: 1 / 0)
                await at.tell(1)
                ((_, event, data),) = await take(broken, 1)
            assert (event, data["reason"], data["reconnect"]) == ("closed", "fault", True)
            async with at.follow(token, last="0") as mended:
                await at.tell(2)
                assert numbers(await take(mended, 3)) == [1, 2]


async def test_everybody_is_seen_off_when_the_server_stops(migrated: str) -> None:
    async with office(migrated) as at:
        token = await at.person()
        told = {"Authorization": f"Bearer {token}"}
        async with (
            at.follow(token) as stream,
            connect(f"ws{at.url[4:]}/ws", additional_headers=told, open_timeout=PATIENCE) as socket_,
        ):
            await take(stream, 1)
            await socket_.recv()
            at.hub.leaving.set()
            ((_, event, data),) = await take(stream, 1)
            assert (event, data["reason"], data["reconnect"]) == ("closed", "restart", True)
            assert json.loads(await socket_.recv())["data"]["reason"] == "restart"
            with pytest.raises(ConnectionClosed) as closed:
                await socket_.recv()
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "restart")
