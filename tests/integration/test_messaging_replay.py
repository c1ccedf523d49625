"""Dead letters sent again: handled once by who parked them, and by nobody twice."""

from __future__ import annotations

import pytest

from shared.messaging.letters import dead_letters
from shared.messaging.replay import replay

REFUSED = 3


@pytest.fixture
async def refused(probe):
    """Have a service park one event of five and one record that is no event, and stop."""

    async def refuse(batch, tx) -> None:
        await probe.note(batch, tx)
        if any(event.n == REFUSED for event in batch):
            message = "not yet"
            raise LookupError(message)

    events = [probe.event(n) for n in range(5)]
    await probe.send(*events, {"value": b"{broken"})
    async with probe.running(refuse):
        await probe.caught_up(6)
        await probe.published()
    return events[REFUSED]


async def test_letters_are_listed_with_their_bytes_and_the_reason(probe, refused) -> None:
    broken, late = sorted(
        await dead_letters(probe.owner, service=probe.service), key=lambda letter: letter.event_id is not None
    )
    assert (broken.payload, broken.event_id, broken.error_class) == (b"{broken", None, "ValidationError")
    assert (late.event_id, late.error) == (refused.event_id, "not yet")
    assert late.headers["ce_id"] == str(refused.event_id)
    assert not any(name.startswith("x-") for name in late.headers)


async def test_after_the_mend_a_replayed_event_takes_effect_once(probe, refused) -> None:
    letters = await dead_letters(probe.owner, service=probe.service)
    await replay(probe.owner, [letter for letter in letters if letter.event_id], "pat")
    async with probe.running():
        await probe.eventually(lambda: probe.value("SELECT true FROM effect WHERE n = $1", REFUSED))
    assert sorted(await probe.effects()) == [0, 1, 2, 3, 4]
    [left] = await dead_letters(probe.owner, service=probe.service)
    assert left.payload == b"{broken"
    [again] = [
        each for each in await dead_letters(probe.owner, service=probe.service, replayed=True) if each.event_id
    ]
    assert again.replayed_by == "pat"
    assert again.replayed_at is not None


async def test_replaying_what_was_handled_meanwhile_changes_nothing(probe, refused) -> None:
    letters = [each for each in await dead_letters(probe.owner, service=probe.service) if each.event_id]
    await probe.send(refused)
    async with probe.running():
        await probe.eventually(lambda: probe.value("SELECT true FROM effect WHERE n = $1", REFUSED))
        await replay(probe.owner, letters, "pat")
        await probe.published()
        await probe.eventually(lambda: _counted(probe, "duplicate"))
    assert sorted(await probe.effects()) == [0, 1, 2, 3, 4]


async def test_what_still_cannot_work_comes_back_as_a_new_letter(probe, refused) -> None:
    [broken] = [each for each in await dead_letters(probe.owner, service=probe.service) if not each.event_id]
    await replay(probe.owner, [broken], "pat")
    async with probe.running():
        await probe.eventually(lambda: _counted(probe, "dead_lettered"))
        await probe.published()
    new = [each for each in await dead_letters(probe.owner, service=probe.service) if each.payload == b"{broken"]
    assert [letter.letter_id for letter in new] != [broken.letter_id]
    assert len(new) == 1


async def _counted(probe, outcome: str) -> float:
    return probe.counted(outcome)
