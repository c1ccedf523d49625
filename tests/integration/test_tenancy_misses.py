"""Naming what is another tenant's: refused event by event, noted in one's own trail, and answered as if it were nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.tenancy_matrix import Named, delivery, two_tenants
from tests.integration.tenancy_tries import event, moved

if TYPE_CHECKING:
    from tests.integration.gateway_running import RunningGateway

NOBODYS = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
async def two(gateway: RunningGateway) -> tuple[Named, Named]:
    return await two_tenants(gateway)


async def test_events_that_name_anothers_rooftop_are_refused_and_noted(two: tuple[Named, Named]) -> None:
    mine, theirs = two
    machine = mine.party.gateway.client(**{"X-API-Key": mine.party.api_key})
    answer = (await machine.post("/dms/events", json=[event(theirs.dealer_id), moved(mine, theirs)])).json()
    assert (answer["accepted"], len(answer["rejected"])) == (0, 2)
    (entry,) = await mine.party.trail(action="access.not_found")
    assert entry["actor"].startswith("key:")
    assert entry["details"]["name"] == theirs.dealer_id
    assert entry["details"]["route"].endswith("/dms/events")


async def test_a_source_delivers_for_its_own_tenant_alone(two: tuple[Named, Named]) -> None:
    """At both addresses for deliveries: my secret opens no other source, and mine tells nothing of their rooftops."""
    mine, theirs = two
    stranger = mine.party.gateway.client()
    events = (event(theirs.dealer_id), moved(mine, theirs))
    for n, path in enumerate(("/dms/webhooks/{}", "/dms/events")):
        for named, status in ((theirs, 401), (mine, 202)):
            sent = delivery(f"forged {n}".replace(" ", "-"), mine.source_secret, *events)
            sent["headers"]["X-DOSO-Source"] = named.source_id
            answer = await stranger.post(path.format(named.source_id), **sent)
            assert answer.status_code == status, answer.text
        assert (answer.json()["accepted"], len(answer.json()["rejected"])) == (0, 2)
    held = (await theirs.party.http.get(f"/dms/sources/{theirs.source_id}/deliveries")).json()["items"]
    assert [each["id"] for each in held] == ["delivery-beta"]


async def test_misses_are_coalesced_by_actor_kind_and_minute(two: tuple[Named, Named]) -> None:
    mine, theirs = two
    for n in range(120):
        path = f"/recommendations/{theirs.recommendation_id}" if n % 2 else f"/market?dealer_id={theirs.dealer_id}"
        assert (await mine.party.http.get(path)).status_code == 404
    entries = await mine.party.trail(action="access.not_found")
    # The first and the tenth of each kind; one more of each where a minute began in between.
    assert {entry["subject"] for entry in entries} == {"dealer", "recommendation"}
    assert 4 <= len(entries) <= 8
    assert sorted(str(entry["details"].get("times_this_minute", 1)) for entry in entries)[:2] == ["1", "1"]


async def test_a_miss_is_answered_alike_whether_the_thing_exists_elsewhere_or_nowhere(
    two: tuple[Named, Named],
) -> None:
    mine, theirs = two
    for method, path, named in (
        ("GET", "/recommendations/{}", theirs.recommendation_id), ("GET", "/inventory/imports/{}", theirs.import_id),
        ("GET", "/inventory?dealer_id={}", theirs.dealer_id), ("POST", "/users/{}/deactivate", theirs.user_id),
        ("DELETE", "/users/{}/mfa", theirs.user_id), ("DELETE", "/invitations/{}", theirs.invitation_id),
        ("DELETE", "/api-keys/{}", theirs.key_id), ("DELETE", "/auth/sessions/{}", theirs.session_id),
        ("GET", "/dms/sources/{}/deliveries", theirs.source_id), ("POST", "/dms/webhooks/{}", theirs.source_id),
        ("GET", "/stream?dealer_id={}", theirs.dealer_id), ("GET", "/reports/summary.pdf?dealer_id={}", theirs.dealer_id),
    ):  # fmt: skip
        there, nowhere = [await mine.party.http.request(method, path.format(each)) for each in (named, NOBODYS)]
        assert there.status_code == nowhere.status_code == (401 if "webhooks" in path else 404), (path, there.text)
        assert there.text.replace(named, NOBODYS) == nowhere.text
