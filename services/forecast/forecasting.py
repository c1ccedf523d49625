"""The forecast worker: due series of a rooftop are forecast together, in a process of their own."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import structlog

from services.forecast import store
from services.forecast.calendars import calendars_of
from services.forecast.domain.calendar import monday
from services.forecast.domain.configurations import ConfigurationForecast, body_groups, by_segment, shares
from services.forecast.domain.forecast import SegmentForecast, forecast_dealer
from services.forecast.domain.history import Stay, weekly_history
from services.forecast.domain.prior import MarketRate
from services.forecast.domain.series import History, no_history
from services.forecast.domain.sister_sales import SisterSales, country_of, sister_panel
from services.forecast.handlers import SERIES
from services.forecast.recent_sales import RecentSales
from services.forecast.strategies import all_strategies
from shared.events import ForecastReady, WeeklyDemand, deterministic_id
from shared.events.forecast import ConfigurationDemand, EnsemblePart
from shared.messaging import ComputePool, UnitOfWork
from shared.postgres import WorkItem

HISTORY_WEEKS = 104
_REFRESH_SECONDS = 900.0
_log = structlog.stdlib.get_logger("doso.forecast", service="forecast")


def recorded_histories(stays: Sequence[Stay], as_of: date) -> dict[str, History]:
    """Count a rooftop's weeks, by segment, from when its sales are on record: of new cars and of used each by itself.

    Years of the one may be imported where the other is known since last month; what then stood there for long would
    count as weeks without a customer. Cars of a kind that never sold here go by all sales.
    """
    kinds: dict[str, list[Stay]] = defaultdict(list)
    for stay in stays:
        kinds[stay.segment.partition("/")[0]].append(stay)
    histories: dict[str, History] = {}
    for own in kinds.values():
        first = min(_sold(own) or _sold(stays), default=as_of)
        histories |= weekly_history(own, monday(first), as_of, HISTORY_WEEKS)
    return histories


def _sold(stays: Sequence[Stay]) -> list[date]:
    return [stay.left for stay in stays if stay.sold and stay.left is not None]


def forecast_rooftop(
    stays: Sequence[Stay],
    rates: Mapping[str, MarketRate],
    select: Collection[str],
    as_of: date,
    demand_scale: float,
    region: str = "",
    sisters: Sequence[SisterSales] = (),
) -> list[SegmentForecast]:
    """Forecast the selected segments of a rooftop in a region such as ``US-MI``; runs in a worker process.

    ``sisters``: what the tenant's other rooftops of the country sold, from which the time of year is borrowed.
    """
    histories = recorded_histories(stays, as_of)
    for segment in select:
        histories.setdefault(segment, no_history(segment, as_of))
    groups = {segment: segment.partition("/")[0] for segment in histories} | body_groups(stays)
    stood = by_segment(stays)
    return forecast_dealer(
        histories,
        rates,
        all_strategies(),
        as_of,
        demand_scale=demand_scale,
        select=select,
        groups=groups,
        sisters=sister_panel(sisters, as_of, HISTORY_WEEKS),
        configurations={segment: shares(stood.get(segment, ()), as_of) for segment in select},
        calendars=calendars_of(region),
    )


class Forecaster:
    """Works off due series."""

    def __init__(self, work: UnitOfWork, pool: ComputePool) -> None:
        self._work = work
        self._pool = pool
        self._sales = RecentSales()

    async def compute(self, items: Sequence[WorkItem]) -> None:
        """Forecast due series, rooftop by rooftop."""
        rooftops: dict[tuple[UUID, UUID], list[WorkItem]] = defaultdict(list)
        for item in items:
            rooftops[item.tenant_id, item.dealer_id].append(item)
        for (tenant_id, dealer_id), due in rooftops.items():
            await self._rooftop(tenant_id, dealer_id, due)

    async def refresh(self) -> None:
        """Have every series forecast anew when a week has ended, for as long as the service runs."""
        while True:
            await store.schedule_new_week(self._work.pool, SERIES.queue)  # type: ignore[arg-type]
            await asyncio.sleep(_REFRESH_SECONDS)

    async def _rooftop(self, tenant_id: UUID, dealer_id: UUID, due: Sequence[WorkItem]) -> None:
        as_of = datetime.now(UTC).date()
        since = as_of - timedelta(weeks=HISTORY_WEEKS + 1)
        async with self._work.begin(tenant_id) as tx:
            stays, labels = await store.load_stays(tx.connection, dealer_id, since)
            rates, market_labels = await store.load_market_rates(tx.connection, dealer_id)
            scale = await store.demand_scale(tx.connection, dealer_id)
            region = await store.region_of(tx.connection, dealer_id)
            sales = await self._sales.of(tx.connection, tenant_id, since)
        labels = {**market_labels, **labels}
        select = {item.key for item in due}
        sisters = sales.lent_to(dealer_id, country_of(region))  # of now: what was kept may not know the rooftop yet
        forecasts = await self._pool.run(forecast_rooftop, stays, rates, select, as_of, scale, region, sisters)
        async with self._work.begin(tenant_id) as tx:
            known = await store.published(tx.connection, dealer_id)
            rows = []
            for forecast in forecasts:
                for strategy, reason in forecast.failures.items():
                    _log.warning("strategy failed", segment=forecast.segment, strategy=strategy, reason=reason)
                version, digest = known.get(forecast.segment, (0, ""))
                label = labels.get(forecast.segment, forecast.segment)
                event = _event(tenant_id, dealer_id, label, version + 1, forecast, scale)
                fresh = _digest(event)
                if fresh != digest:
                    tx.emit(event)
                    rows.append((event, fresh))
            await store.save_published(tx.connection, tenant_id, dealer_id, rows)
            tracked = [(tenant_id, dealer_id, segment) for segment in select]
            await store.track_series(tx.connection, tracked, monday(as_of))
            await SERIES.finish(tx.connection, due)


def _event(
    tenant_id: UUID, dealer_id: UUID, label: str, version: int, forecast: SegmentForecast, demand_scale: float
) -> ForecastReady:
    return ForecastReady(
        event_id=deterministic_id("forecast-ready", tenant_id, dealer_id, forecast.segment, version),
        occurred_at=datetime.now(UTC),
        tenant_id=tenant_id,
        dealer_id=dealer_id,
        forecast_version=version,
        segment=forecast.segment,
        label=label,
        as_of=forecast.as_of,
        weeks=tuple(
            WeeklyDemand(
                week=week.week,
                mean=round(week.mean, 4),
                **dict(zip(("q05", "q10", "q25", "q50", "q75", "q90", "q95"), week.quantiles, strict=True)),
            )
            for week in forecast.weeks
        ),
        yearly_mean=None if forecast.yearly_mean is None else round(forecast.yearly_mean, 4),
        strategy=forecast.strategy,
        scores={name: round(score, 4) for name, score in forecast.scores.items()},
        mase=forecast.mase,
        coverage80=forecast.coverage80,
        ensemble=tuple(
            EnsemblePart(strategy=name, weight=round(weight, 4)) for name, weight in forecast.weights.items()
        ),
        dispersion=round(forecast.dispersion, 4),
        series_weeks=forecast.series_weeks,
        units_sold=forecast.units_sold,
        stockout_weeks=forecast.stockout_weeks,
        weekly_rate=round(forecast.weekly_rate, 4),
        lost_sales_per_week=round(forecast.lost_sales_per_week, 4),
        demand_scale=demand_scale,
        configurations=tuple(_configuration(each) for each in forecast.configurations),
    )


def _configuration(forecast: ConfigurationForecast) -> ConfigurationDemand:
    configuration = forecast.configuration
    first, last = configuration.years or (None, None)
    q10, q50, q90 = (round(units, 4) for units in forecast.quantiles)
    return ConfigurationDemand(
        model_year_from=first,
        model_year_to=last,
        trim=configuration.trim,
        body=configuration.body,
        drivetrain=configuration.drivetrain,
        fuel=configuration.fuel,
        share=round(forecast.share, 6),
        units_sold=forecast.units_sold,
        mean=round(forecast.mean, 4),
        q10=q10,
        q50=q50,
        q90=q90,
    )


def _digest(event: ForecastReady) -> str:
    """Digest what a reader acts on, so that a forecast that says the same is not published again."""
    said = event.model_dump_json(exclude={"event_id", "occurred_at", "forecast_version", "as_of"})
    return hashlib.sha256(said.encode()).hexdigest()
