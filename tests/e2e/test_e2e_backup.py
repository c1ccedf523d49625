"""Backed up under load, destroyed, restored: everything acknowledged before the backup is there."""

from __future__ import annotations

import itertools
import json
import shutil
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.conftest import start_system
from tests.e2e.conftest import group_of, new_vin, poll, stock_row
from tests.e2e.test_e2e_command_line import doso
from tests.e2e.test_e2e_restart import ended, family

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from tests.e2e.conftest import Group

ROUNDS = 10


@dataclass
class Reporter:
    """Reports ever higher prices of some vehicles until it is left, and notes each that was acknowledged."""

    group: Group
    dealer: str
    vins: list[str]
    acknowledged: dict[str, int] = field(default_factory=dict)
    going: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self.thread = threading.Thread(target=self._report)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _report(self) -> None:
        for price in itertools.count(15_000):
            events = [
                self.group.event(self.dealer, "vehicle.priced", vin, list_price=f"{price}.00") for vin in self.vins
            ]
            assert self.group.send(*events)["accepted"] == len(events)
            self.acknowledged.update(dict.fromkeys(self.vins, price))
            if price == 15_000 + ROUNDS:
                self.going.set()
            if self.over.is_set():
                return


def prices(group: Group, dealer: str) -> dict[str, float]:
    return {item["vin"]: float(item["list_price"]) for item in group.items("/inventory", dealer_id=dealer)}


def test_what_was_acknowledged_before_the_backup_survives_the_loss_of_everything(
    tmp_path: Path, broker_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOSO_KAFKA_SESSION_TIMEOUT_MS", "10000")
    data_dir, archive = tmp_path / "data", tmp_path / "archive.tar"
    system = start_system(data_dir, broker_kind)
    try:
        group = group_of(system)
        dealer = group.dealer("Northside")
        vins = [new_vin() for _ in range(60)]
        group.stock(dealer, [stock_row(vin, 14_000) for vin in vins])
        group.until(dealer, vins[-1], status="in_stock")
        with Reporter(group, dealer, vins) as reporter:
            assert reporter.going.wait(60)
            ledger = dict(reporter.acknowledged)
            done = doso("backup", str(archive), "--data-dir", str(data_dir))
        assert done.returncode == 0, done.stderr
        assert max(reporter.acknowledged.values()) > max(ledger.values()), "it was backed up under load"
        known = json.loads((data_dir / "credentials.json").read_text())
        processes = family(system)
    finally:
        system.process.kill()
        system.process.wait(timeout=30)

    refused = doso("restore", str(archive), "--data-dir", str(data_dir))
    assert (refused.returncode, "is not empty" in refused.stderr) == (1, True)
    poll(lambda: all(map(ended, processes)), "its servers to be gone, which write until then")
    shutil.rmtree(data_dir)
    made = doso("restore", str(archive), "--data-dir", str(data_dir))
    assert made.returncode == 0, made.stderr

    system = start_system(data_dir, broker_kind)
    try:
        assert {**system.credentials, "url": ""} == {**known, "url": ""}
        group = group_of(system)

        def nothing_lost() -> bool:
            now = prices(group, dealer)
            return set(now) == set(vins) and all(now[vin] >= ledger[vin] for vin in vins)

        poll(nothing_lost, "every price that was acknowledged before the backup, or one reported later")
        # And it goes on from there, as if nothing had been.
        group.send(group.event(dealer, "vehicle.priced", vins[0], list_price="99000.00"))
        group.until(dealer, vins[0], list_price="99000.00")
        verified = doso("audit", "verify", "--data-dir", str(data_dir))
        assert verified.returncode == 0, verified.stdout
        assert system.stop() == 0
    finally:
        if system.process.poll() is None:
            system.process.kill()
