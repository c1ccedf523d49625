"""A rooftop's forecasts, as the process pool is asked for them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from datetime import date, timedelta
from functools import partial

import numpy as np
import pytest

from services.forecast.domain.configuration import Configuration
from services.forecast.domain.forecast import forecast_dealer
from services.forecast.domain.prior import MarketRate, RatePrior
from services.forecast.domain.series import History, no_history
from services.forecast.strategies import all_strategies, light_strategies

AS_OF = date(2026, 1, 7)
END = date(2026, 1, 5)


def rooftop(seed: int = 1, segments: int = 12, weeks: int = 80) -> dict[str, History]:
    rng = np.random.default_rng(seed)
    histories = {}
    for row, rate in enumerate(rng.gamma(1.5, 0.5, segments)):
        on_hand = (rng.random(weeks) < 0.8).astype(float)
        name = f"{'new' if row % 2 else 'used'}/make/{row}"
        start = END - timedelta(weeks=weeks)
        histories[name] = History(name, start, rng.poisson(rate * on_hand).astype(float), on_hand)
    return histories


def test_every_segment_gets_thirteen_weeks_from_this_one_with_ordered_quantiles() -> None:
    histories = rooftop()
    forecasts = forecast_dealer(histories, {}, light_strategies(), AS_OF)
    assert [each.segment for each in forecasts] == list(histories)
    for each in forecasts:
        assert [week.week for week in each.weeks] == [END + timedelta(weeks=k) for k in range(13)]
        assert all(list(week.quantiles) == sorted(week.quantiles) for week in each.weeks)
        assert each.series_weeks == 80
        assert each.units_sold == histories[each.segment].values.sum()
        assert each.stockout_weeks == (histories[each.segment].exposure == 0).sum()
        assert 0 < each.lost_sales_per_week < each.weekly_rate
        assert each.dispersion >= 1
        assert each.failures == {}
        assert {"hierarchy", "tsb", "croston_sba", "ses", "seasonal_naive", "ensemble"} == set(each.scores)
        assert sum(each.weights.values()) == pytest.approx(1)


def test_selecting_a_few_changes_none_of_their_figures() -> None:
    histories = rooftop()
    chosen = {"new/make/1", "used/make/4"}
    everything = {each.segment: each for each in forecast_dealer(histories, {}, light_strategies(), AS_OF)}
    few = forecast_dealer(histories, {}, light_strategies(), AS_OF, select=chosen)
    assert {each.segment for each in few} == chosen
    assert all(each == everything[each.segment] for each in few)


def test_the_learned_demand_scale_moves_mean_and_rate_alike() -> None:
    histories = rooftop()
    plain = forecast_dealer(histories, {}, light_strategies(), AS_OF)
    scaled = forecast_dealer(histories, {}, light_strategies(), AS_OF, demand_scale=1.5)
    for before, after in zip(plain, scaled, strict=True):
        assert after.weekly_rate == pytest.approx(1.5 * before.weekly_rate)
        assert after.weeks[3].mean == pytest.approx(1.5 * before.weeks[3].mean)
        assert after.lost_sales_per_week == pytest.approx(1.5 * before.lost_sales_per_week)


def test_new_segments_borrow_from_their_own_condition_and_from_the_market() -> None:
    histories = rooftop(segments=20)
    for name, history in list(histories.items()):
        if name.startswith("new"):
            richer = history.values + 4 * history.exposure
            histories[name] = History(name, history.first, richer, history.exposure)
    for name in ("new/x/x", "used/x/x", "used/y/y"):
        histories[name] = no_history(name, AS_OF)
    groups = {name: name.split("/")[0] for name in histories}
    forecasts = {
        each.segment: each
        for each in forecast_dealer(
            histories, {"used/y/y": MarketRate(6.0)}, light_strategies(), AS_OF, groups=groups
        )
    }
    assert forecasts["new/x/x"].weekly_rate > 3 * forecasts["used/x/x"].weekly_rate
    assert forecasts["used/y/y"].weekly_rate > 3.0
    assert forecasts["used/y/y"].lost_sales_per_week == 0.0
    assert forecasts["new/x/x"].scores == {}


def test_a_rooftop_with_no_sales_yet_stands_on_its_tenant() -> None:
    histories = {"s": no_history("s", AS_OF)}
    (forecast,) = forecast_dealer(histories, {}, light_strategies(), AS_OF, tenant=RatePrior(4.0, 2.0))
    assert forecast.weekly_rate == pytest.approx(2.0)


def test_a_call_and_its_answer_survive_the_way_to_another_process() -> None:
    call = partial(forecast_dealer, rooftop(), {}, all_strategies(), AS_OF, select={"used/make/0"})
    direct = call()
    assert pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(call))())) == direct


def test_bad_arguments_are_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match="no_history"):
        forecast_dealer(rooftop(), {}, light_strategies(), AS_OF, select={"nothing"})
    with pytest.raises(ValueError, match="positive"):
        forecast_dealer(rooftop(), {}, light_strategies(), AS_OF, horizon=0)
    with pytest.raises(ValueError, match="count all to the same day"):
        forecast_dealer(rooftop(), {}, light_strategies(), AS_OF + timedelta(weeks=1))


def test_heavy_libraries_are_loaded_only_for_series_that_need_them() -> None:
    program = (
        "import sys; from services.forecast import strategies; from services.forecast.domain import forecast;"
        "strategies.all_strategies();"
        "print(*{'prophet', 'statsforecast', 'pandas', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_configurations_sum_to_their_segment_and_a_dropped_model_fades() -> None:
    histories = rooftop(segments=4)
    kept, dropped = "new/make/1", "new/make/3"
    idle = np.array(histories[dropped].exposure)
    idle[-52:] = 0
    values = histories[dropped].values * (idle > 0)
    before = forecast_dealer(histories, {}, light_strategies(), AS_OF, select={dropped})
    histories[dropped] = History(dropped, histories[dropped].first, values, idle)
    shares = {kept: [(Configuration(trim="LX"), 0.7, 9), (Configuration(trim="EX"), 0.3, 3)]}
    made = {
        each.segment: each
        for each in forecast_dealer(histories, {}, light_strategies(), AS_OF, configurations=shares)
    }
    parts = made[kept].configurations
    assert sum(part.mean for part in parts) == pytest.approx(sum(week.mean for week in made[kept].weeks))
    assert [part.units_sold for part in parts] == [9, 3]
    assert all(list(part.quantiles) == sorted(part.quantiles) for part in parts)
    assert made[dropped].weekly_rate < 0.75 * before[0].weekly_rate
    assert made[dropped].configurations == ()
