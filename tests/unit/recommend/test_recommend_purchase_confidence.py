"""How sure a purchase is, held against futures drawn apart from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from recommend_sample_books import AS_OF, CAMRY, book, demand, gross, market
from recommend_shoppers import learned

from services.recommend.domain import review
from services.recommend.domain.confidence.purchases import purchase_confidence
from services.recommend.domain.stocking.purchases import Purchase


def test_confidence_in_a_purchase_grows_with_what_it_brings() -> None:
    def sure(shoppers: float) -> float:
        few = (demand(weekly=2.0, units_sold=3), gross(n=3), gross(scope=CAMRY, n=3))
        given = replace(book(market(), *few), attraction=learned(shoppers))
        positions = review(given, AS_OF).positions
        one = replace(positions[0], marginal=positions[0].marginal[:1])
        return purchase_confidence(Purchase(one, 0, 0, 1, one.marginal, (), "by hand"))

    assert 0.4 < sure(0.15) < sure(0.25) < sure(0.6) < 0.99


@pytest.mark.parametrize("shoppers", [0.001, 0.02, 0.1, 0.3, 1.0])
def test_confidence_in_a_purchase_is_how_often_such_cars_pay(shoppers: float) -> None:
    sold = 2_000
    known = (demand(weekly=2.0, units_sold=sold), gross(n=sold), gross(scope=CAMRY, n=sold))
    position = review(replace(book(market(), *known), attraction=learned(shoppers)), AS_OF).positions[0]
    assert position.shelf is not None
    told = purchase_confidence(Purchase(position, 0, 0, 1, position.marginal[:1], (), "by hand"))
    # Nobody stands beside it: it pays where its one customer comes before the holding has eaten the gross.
    rng, shelf = np.random.default_rng(3), position.shelf
    rate = shelf.shoppers * shelf.attraction.appeal / (1 + shelf.attraction.appeal)
    rates = rate * np.exp(rng.normal(0, 0.2, 100_000))
    grosses = shelf.earned * (1 + rng.normal(0, 0.1, 100_000)) + rng.normal(0, 0.05 * position.gross.retail, 100_000)
    waited = rng.exponential(1 / rates)
    nets = np.where(waited < shelf.longest_days, grosses, -shelf.exit_loss)
    nets -= shelf.per_day * np.minimum(waited, shelf.longest_days)
    assert told == pytest.approx(np.mean(nets > 0), abs=0.05)
    spread = float(nets.std()) / 100
    assert shelf.marginal(0, 1)[0] == pytest.approx(nets.mean(), abs=0.06 * shelf.earned + spread), "value and odds"
