"""Live events over real sockets and a real database: nothing skipped, nothing twice, nobody kept who should go."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from deploy.local.limits import LocalLimits
from services.gateway.api.misses import install_misses
from services.gateway.api.principal import Gate
from services.gateway.api.problems import install
from services.gateway.api.stream import router as stream_router
from services.gateway.api.websocket import router as websocket_router
from services.gateway.live import Hub, Limits, Purge
from services.gateway.security import Claims, Sealer, SigningKeys, Tokens
from services.gateway.settings import Settings
from services.gateway.store import accounts
from services.gateway.store import live as store
from services.gateway.store.accounts import Dealer, User
from services.gateway.store.accounts.sign_ins import SignIn, add_sign_in
from services.gateway.store.policies import TENANT_DEFAULT
from shared.messaging import KafkaSettings, UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE = 30.0


@dataclass
class Office:
    """A gateway with live events only, one tenant, two rooftops."""

    url: str
    hub: Hub
    work: UnitOfWork
    tokens: Tokens
    owner: asyncpg.Connection[asyncpg.Record]
    tenant: UUID
    here: UUID
    there: UUID
    http: httpx.AsyncClient

    async def person(self, *dealers: UUID) -> str:
        """Add a person of these rooftops, or of all; gives a token."""
        user = User(
            self.tenant,
            uuid4(),
            f"user-{uuid4().hex}",
            "-",
            "viewer",
            list(dealers) or None,
            active=True,
            platform=False,
        )
        now = datetime.now(UTC)
        sign_in = SignIn(
            self.tenant, uuid4(), user.user_id, now, now, now + timedelta(days=1), address="here", device="a test"
        )
        async with self.work.begin(self.tenant) as tx:
            await accounts.add_user(tx.connection, user)
            await add_sign_in(tx.connection, sign_in)
        return self.tokens.issue(Claims(user.user_id, self.tenant, sign_in.sign_in_id))

    async def tell(self, *numbers: int, dealer: UUID | None = None, text: str = "") -> None:
        """Tell of numbers, each in a transaction of its own."""
        for number in numbers:
            async with self.work.begin(self.tenant) as tx:
                item = {"n": number, "text": text} if text else {"n": number}
                await store.tell(tx.connection, [(self.tenant, dealer or self.here, "vehicle.changed", item)])

    @asynccontextmanager
    async def follow(self, token: str, last: str | None = None, **params: Any) -> AsyncIterator[AsyncIterator[Any]]:
        """Follow over SSE; gives ``(id, event, data)`` one by one."""
        headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last} if last is not None else {})}
        async with self.http.stream("GET", "/stream", headers=headers, params=params) as answer:
            if answer.status_code != 200:
                await answer.aread()
            answer.raise_for_status()
            yield events_in(answer)


async def events_in(answer: httpx.Response) -> AsyncIterator[tuple[str | None, str, Any]]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        else:
            yield fields.get("id"), fields.get("event", "heartbeat"), json.loads(fields.get("data", "null"))
            fields = {}


async def take(stream: Any, count: int) -> list[Any]:
    async with asyncio.timeout(PATIENCE):
        return [await anext(stream) for _ in range(count)]


def numbers(events: list[Any]) -> list[int]:
    return [item["n"] for _, event, data in events if event == "vehicle.changed" for item in data["items"]]


@asynccontextmanager
async def office(migrated: str, **changes: Any) -> AsyncIterator[Office]:
    postgres = PostgresSettings(dsn=migrated)
    settings = Settings(
        signing_key=SecretStr(json.dumps(SigningKeys.new_key())), encryption_key=SecretStr(Sealer.new_key()),
        limits=LocalLimits(), postgres=postgres, kafka=KafkaSettings(bootstrap_servers="none"),
        **{"stream_recheck_seconds": 0.1, **changes},
    )  # fmt: skip
    pool = await create_pool("gateway", postgres)
    owner = await asyncpg.connect(migrated)
    work = UnitOfWork(pool, "gateway")
    tokens = Tokens(SigningKeys(settings.signing_key.get_secret_value()))
    hub = Hub(work, postgres, Limits.of(settings))
    app = FastAPI()
    install(app)
    install_misses(app)
    app.include_router(stream_router)
    app.include_router(websocket_router)
    app.state.gate, app.state.live = Gate(work, settings, tokens), hub
    tenant, here, there = uuid4(), uuid4(), uuid4()
    async with work.begin(tenant) as tx:
        await accounts.add_tenant(tx.connection, tenant, "A group")
        for dealer, name in ((here, "Here"), (there, "There")):
            await accounts.add_dealer(tx.connection, Dealer(tenant, dealer, name, "USD", "US-MI", "UTC"))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5, lifespan="off"))
    server.capture_signals = nullcontext  # type: ignore[method-assign]
    running = [asyncio.create_task(server.serve(sockets=[listener])), asyncio.create_task(hub.run())]
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        while not server.started:
            await asyncio.sleep(0.01)
        yield Office(url, hub, work, tokens, owner, tenant, here, there, http)
    hub.leave()
    server.should_exit = True
    async with asyncio.timeout(PATIENCE):
        await running[0]
    running[1].cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await pool.close()
    await owner.close()


async def test_numbers_follow_commits_and_have_no_gaps(migrated: str) -> None:
    async with office(migrated) as at:
        writers, each = 8, 25
        seen: list[int] = []
        done = asyncio.Event()

        async def write(writer: int) -> None:
            for number in range(each):
                try:
                    async with at.work.begin(at.tenant) as tx:
                        row = (at.tenant, at.here, "vehicle.changed", {"n": writer * each + number})
                        await store.tell(tx.connection, [row, (at.tenant, at.there, "market.changed", {})])
                        await tx.connection.execute("SELECT pg_sleep(random() / 200)")
                        if number % 5 == 0:
                            raise InterruptedError
                except InterruptedError:
                    continue

        async def read() -> None:
            position = 0
            while True:
                ending = done.is_set()
                async with at.work.begin(at.tenant) as tx:
                    found = await store.told_after(tx.connection, at.tenant, position, 7)
                seen.extend(told.seq for told in found)
                position = found[-1].seq if found else position
                if ending and not found:
                    return

        reading = asyncio.create_task(read())
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(write(writer) for writer in range(writers)))
            done.set()
            await reading
        assert seen == list(range(1, writers * each * 4 // 5 * 2 + 1)), (
            "a reader that never looks back misses nothing"
        )


async def test_a_later_teller_waits_for_an_earlier_ones_commit(migrated: str) -> None:
    async with office(migrated) as at:
        async with at.work.begin(at.tenant) as first:
            await store.tell(first.connection, [(at.tenant, at.here, "vehicle.changed", {"n": 1})])
            second = asyncio.create_task(at.tell(2))
            finished, _ = await asyncio.wait([second], timeout=0.3)
            assert not finished
        await second
        async with at.work.begin(at.tenant) as tx:
            told = await store.told_after(tx.connection, at.tenant, 0, 10)
        assert [(each.seq, json.loads(each.items)) for each in told] == [(1, [{"n": 1}]), (2, [{"n": 2}])]


async def test_what_was_missed_is_told_once_and_in_order_before_what_happens(migrated: str) -> None:
    async with office(migrated) as at:
        token = await at.person()
        async with at.follow(token) as stream:
            assert await take(stream, 1) == [("0", "ready", {"resumed": False})]
            await at.tell(1, 2, 3)
            (_, _, (third, _, _)) = first = await take(stream, 3)
            assert numbers(first) == [1, 2, 3]
        await at.tell(*range(4, 130))
        async with at.follow(token, last=third) as stream:
            assert await take(stream, 1) == [(third, "ready", {"resumed": True})]
            telling = asyncio.create_task(at.tell(*range(130, 150)))
            assert numbers(await take(stream, 146)) == list(range(4, 150))
            await telling


@pytest.mark.parametrize("last", ["1", "999999"])
async def test_an_id_that_is_not_kept_resets(migrated: str, last: str) -> None:
    async with office(migrated) as at:
        await at.tell(*range(1, 11))
        purge = Purge(at.work, hours=24, rows=4)
        assert await purge.once(datetime.now(UTC)) == 6
        token = await at.person()
        async with at.follow(token, last=last) as stream:
            ((place, event, data),) = await take(stream, 1)
            assert (place, event) == ("10", "reset")
            assert "load again" in data["detail"]
            await at.tell(11)
            assert numbers(await take(stream, 1)) == [11]
        async with at.follow(token, last="6") as stream:
            assert numbers(await take(stream, 6)) == [7, 8, 9, 10, 11]
        assert await purge.once(datetime.now(UTC) + timedelta(hours=25)) == 5, "by age, all of them"


async def test_each_hears_of_the_rooftops_in_scope_and_of_the_whole_group(migrated: str) -> None:
    async with office(migrated) as at:
        limited, free = await at.person(at.here), await at.person()
        async with at.follow(limited) as mine, at.follow(free, dealer_id=at.there) as theirs:
            await take(mine, 1)
            await take(theirs, 1)
            await at.tell(1)
            await at.tell(2, dealer=at.there)
            await at.tell(3, dealer=TENANT_DEFAULT)
            assert numbers(await take(mine, 2)) == [1, 3]
            assert numbers(await take(theirs, 2)) == [2, 3]
        for path, token, dealer in (("there", limited, at.there), ("nowhere", free, uuid4())):
            answer = await at.http.get(
                "/stream", params={"dealer_id": dealer}, headers={"Authorization": f"Bearer {token}"}
            )
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path


async def test_another_tenants_events_are_not_heard(migrated: str) -> None:
    async with office(migrated) as at:
        stranger = uuid4()
        async with at.follow(await at.person()) as stream:
            await take(stream, 1)
            async with at.work.begin(stranger) as tx:
                await store.tell(tx.connection, [(stranger, at.here, "vehicle.changed", {"n": 666})])
            await at.tell(1)
            assert await take(stream, 1) == [
                ("1", "vehicle.changed", {"dealer_id": str(at.here), "at": any_text(), "items": [{"n": 1}]})
            ]


class any_text:  # noqa: N801
    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    __hash__ = None  # type: ignore[assignment]


async def test_a_heartbeat_carries_the_place_past_what_is_not_for_ones_ears(migrated: str) -> None:
    async with (
        office(migrated, stream_heartbeat_seconds=0.2) as at,
        at.follow(await at.person(at.here)) as stream,
        asyncio.timeout(PATIENCE),
    ):
        await take(stream, 1)
        await at.tell(1, 2, dealer=at.there)
        async for place, event, _ in stream:
            assert event == "heartbeat"
            if place == "2":
                break


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
        async with (
            at.follow(token) as stream,
            connect(f"ws{at.url[4:]}/ws", additional_headers={"Authorization": f"Bearer {token}"}) as socket_,
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
        async with connect(f"ws{at.url[4:]}/ws?last_event_id=1", **extra) as ws, asyncio.timeout(PATIENCE):
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
            await connect(address, additional_headers={"Authorization": "Bearer nonsense"})
        assert refused.value.response.status_code == 401
        for sent in ("nonsense", json.dumps({"token": "nonsense"}), json.dumps([1]), "x" * 10_000):
            async with connect(address) as ws:
                await ws.send(sent)
                with pytest.raises(ConnectionClosed) as closed:
                    await ws.recv()
                assert closed.value.rcvd.code == 1008
        limited = await at.person(at.here)
        async with connect(f"{address}?dealer_id={at.there}", subprotocols=["doso.v1", f"bearer.{limited}"]) as ws:
            with pytest.raises(ConnectionClosed) as closed:
                await ws.recv()
            assert "No dealer" in closed.value.rcvd.reason
        assert not at.hub._feeds
