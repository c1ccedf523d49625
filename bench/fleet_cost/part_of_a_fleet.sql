-- A part of a fleet: rooftops :first to :last with all that the services would have stored of them.
-- Names with one colon are filled in; documents are the examples of the published language.

CREATE TEMP TABLE IF NOT EXISTS rooftop_n (d int, tenant uuid, dealer uuid);

CREATE TEMP TABLE IF NOT EXISTS segment_n (d int, tenant uuid, dealer uuid, s int, segment text);

CREATE TEMP TABLE IF NOT EXISTS car_n (
d int, tenant uuid, dealer uuid, n int, key text, segment text, status text, stocked date, left_on date,
price numeric, id uuid);

TRUNCATE rooftop_n;

TRUNCATE segment_n;

TRUNCATE car_n;

INSERT INTO rooftop_n SELECT d, md5('group ' || d / :group)::uuid, md5('rooftop ' || d)::uuid
FROM generate_series(:first, :last) AS d;

INSERT INTO segment_n SELECT d, tenant, dealer, s, (ARRAY['used', 'new'])[1 + s % 2] || '/make' || s % 6 ||
    '/model' || s
FROM rooftop_n, generate_series(0, :segments - 1) AS s;

INSERT INTO car_n
SELECT r.d, r.tenant, r.dealer, n, 'V' || lpad((r.d * 1000 + n)::text, 16, '0'), s.segment,
CASE WHEN n / :segments % 3 = 0 THEN 'sold' ELSE 'in_stock' END, current_date - (n % 150) - 20,
CASE WHEN n / :segments % 3 = 0 THEN current_date - n % 90 END, 15000 + (n * 7919) % 20000, md5('car ' || r.d
    || ' ' || n)::uuid
FROM rooftop_n r JOIN generate_series(1, :vehicles) AS n ON true JOIN segment_n s ON s.d = r.d AND s.s = n %
    :segments;

ANALYZE rooftop_n;

ANALYZE segment_n;

ANALYZE car_n;

INSERT INTO gateway.tenant (tenant_id, name) SELECT DISTINCT tenant, tenant::text FROM rooftop_n ON CONFLICT
    DO NOTHING;

INSERT INTO gateway.dealer (tenant_id, dealer_id, name, currency, region, timezone)
SELECT tenant, dealer, 'Rooftop ' || d, 'USD', 'US-MI', 'UTC' FROM rooftop_n;

INSERT INTO gateway.vehicle SELECT tenant, key, dealer, 5, status, 'used', segment, 'Make', 'Model', stocked,
    stocked,
price, price * 0.9, 500, left_on, 'trade', CASE WHEN left_on IS NOT NULL THEN 1500 END, 'USD',
(SELECT document FROM example WHERE topic = 'inventory-updated') || jsonb_build_object('vehicle_key', key,
    'vin', key, 'dealer_id', dealer, 'tenant_id', tenant,
'status', status, 'segment', segment) FROM car_n;

INSERT INTO gateway.market SELECT tenant, dealer, segment, 1, (s - 15) / 100.0,
(SELECT document FROM example WHERE topic = 'market-updated') || jsonb_build_object('segment', segment,
    'own_units', (
SELECT coalesce(jsonb_agg(u || jsonb_build_object('vehicle_key', c.key)), '[]')
FROM car_n c, LATERAL (SELECT (SELECT document FROM example WHERE topic = 'market-updated')->'own_units'->0)
    AS o(u)
WHERE c.d = segment_n.d AND c.n % :segments = segment_n.s AND c.status = 'in_stock')) FROM segment_n;

INSERT INTO gateway.forecast SELECT tenant, dealer, segment, 1, (SELECT document FROM example WHERE topic =
    'forecast-ready') || jsonb_build_object('segment', segment) FROM segment_n;

INSERT INTO gateway.recommendation (tenant_id, recommendation_id, dealer_id, action, status, value, issued_at,
    expires_at, document)
SELECT tenant, id, dealer, 'reprice', CASE WHEN n % 4 = 0 THEN 'issued' ELSE 'expired' END, n * 10,
now() - n * interval '1 hour', now() + interval '7 days',
(SELECT document FROM example WHERE topic = 'recommendation-issued') || jsonb_build_object('vehicle_key', key,
    'segment', segment) FROM car_n WHERE n <= 200;

INSERT INTO gateway.outcome SELECT tenant, id, dealer, id, now() - n * interval '1 hour', (SELECT document
    FROM example WHERE topic = 'outcome-recorded')
FROM car_n WHERE n % 3 = 0;

INSERT INTO gateway.policy SELECT tenant, dealer, v, (SELECT document FROM example WHERE topic =
    'policy-updated') FROM rooftop_n, generate_series(1, 10) AS v;

INSERT INTO gateway.live_position SELECT tenant, 200 * count(*) FROM rooftop_n GROUP BY tenant
ON CONFLICT (tenant_id) DO UPDATE SET last = live_position.last + excluded.last;

INSERT INTO gateway.live_event SELECT tenant, 200 * (d % :group) + n, dealer, 'vehicle.changed', '[]'
FROM car_n WHERE n <= 200;

INSERT INTO gateway.audit SELECT tenant, 100 * (d % :group) + n, now() - (300 - n) * interval '1 minute',
    'user ' || n % 7,
'read', 'inventory', '{}', NULL, NULL, md5('row ' || d || n - 1), md5('row ' || d || n) FROM car_n WHERE n <=
    100;

INSERT INTO gateway.import SELECT tenant, id, dealer, 'inventory', 'snapshot', 'stock.csv', 1000,
    current_date, NULL,
true, true, 'done', 300, 300, 0, '{}', NULL, 1, now() - (30 - n) * interval '1 day' - d * interval '1 minute'
FROM car_n WHERE n <= 30 ORDER BY n, d;

INSERT INTO gateway.idempotency (tenant_id, key, route, began_at) SELECT tenant, key, 'POST /x', now() - n *
    interval '4 minutes'
FROM car_n WHERE n <= 100;

INSERT INTO inventory.dealer SELECT tenant, dealer, 'Rooftop ' || d, 'USD', 'US-MI' FROM rooftop_n;

INSERT INTO inventory.vehicle (tenant_id, vehicle_key, dealer_id, status, last_at, last_id, version, vin,
    stock_number,
condition, make, model, list_price, price_history, cost, stock_date, group_stock_date, exit_date, quantity)
SELECT tenant, key, dealer, status, now(), id, 5, NULL, 'S' || n, 'used', 'Make', 'Model', price,
jsonb_build_array(jsonb_build_array(stocked, price + 500), jsonb_build_array(stocked + 20, price)), price * 0.9,
stocked, stocked, left_on, 1 FROM car_n;

INSERT INTO inventory.vehicle_event SELECT tenant, key, now() - v * interval '1 day', md5(key || v)::uuid,
'vehicle.priced', dealer, '{"list_price": "15000.00"}', now() FROM car_n, generate_series(1, 3) AS v;

INSERT INTO inventory.sale SELECT tenant, key, id, dealer, left_on, price, 1500, 900, 'trade', false, NULL
    FROM car_n
WHERE left_on IS NOT NULL;

INSERT INTO inventory.outbox (id, topic, key, payload, headers, created_at)
SELECT id, 'inventory-updated', dealer::text, convert_to((SELECT document FROM example WHERE topic =
    'inventory-updated')::text, 'UTF8'), '{}', now() - interval '6 days' * (1 - (d * :vehicles + n) /
    300000.0) FROM car_n ORDER BY d, n;

INSERT INTO inventory.inbox SELECT id, 'dms-event-received', now() - interval '6 days' * (1 - (d * :vehicles +
    n) / 300000.0) FROM car_n ORDER BY d, n;

INSERT INTO inventory.dead_letter (topic, position, digest, event_id, error_class, error, parked_at)
SELECT 'dms-event-received', '0/' || d * 1000 + n, 'x', id, 'Error', 'why', now() - n * interval '1 hour' FROM
    car_n WHERE n <= 5;

INSERT INTO market.region SELECT DISTINCT tenant, 'US-MI', 'USD', 1 FROM rooftop_n ON CONFLICT DO NOTHING;

INSERT INTO market.listing SELECT tenant, 'US-MI', key, key, segment, 'Label', NULL, false, 'seller ' || n %
    9, price,
30000, 2022, stocked, current_date, left_on IS NULL FROM car_n WHERE n <= 200;

INSERT INTO market.listing_price SELECT tenant, 'US-MI', key, stocked, price FROM car_n WHERE n <= 200;

INSERT INTO market.own_unit SELECT tenant, key, dealer, 5, 'US-MI', 'USD', key, segment, 'Label', 2022, NULL,
    false,
30000, 1, status, left_on FROM car_n;

INSERT INTO market.statistic (tenant_id, dealer_id, segment, version, document, published_at)
SELECT tenant, dealer, segment, 1, (SELECT document FROM example WHERE topic = 'market-updated'), now()
FROM segment_n;

INSERT INTO forecast.stay SELECT tenant, key, 0, dealer, 5, segment, 'Label', stocked, left_on, left_on IS NOT
    NULL, 2022,
2022, NULL, NULL, NULL, NULL FROM car_n;

INSERT INTO forecast.market_rate SELECT tenant, dealer, segment, 1, 'Label', 2.0, 0.1 FROM segment_n;

INSERT INTO forecast.policy SELECT tenant, dealer, 1, 1.0 FROM rooftop_n;

INSERT INTO forecast.forecast (tenant_id, dealer_id, segment, version, as_of, digest, document)
SELECT tenant, dealer, segment, 1, current_date, md5(segment), (SELECT document FROM example WHERE topic =
    'forecast-ready') FROM segment_n;

INSERT INTO forecast.series SELECT tenant, dealer, segment,
date_trunc('week', now())::date - CASE WHEN d = 0 AND s < 5 THEN 7 ELSE 0 END FROM segment_n;

INSERT INTO recommend.rooftop (tenant_id, dealer_id, name, currency) SELECT tenant, dealer, 'Rooftop ' || d,
    'USD' FROM rooftop_n;

INSERT INTO recommend.unit (tenant_id, vehicle_key, dealer_id, version, status, segment, label, quantity,
    cost, recon_cost,
list_price, price_history, stock_date, group_stock_date, exit_date, front_gross, back_gross)
SELECT tenant, key, dealer, 5, status, segment, 'Label', 1, price * 0.9, 500, price,
    jsonb_build_array(jsonb_build_array(stocked, price + 500), jsonb_build_array(stocked + 20, price)), stocked, stocked,
    left_on,
CASE WHEN left_on IS NOT NULL THEN 1500 END, 900 FROM car_n;

INSERT INTO recommend.market SELECT tenant, dealer, segment, 1, (SELECT document FROM example WHERE topic =
    'market-updated') FROM segment_n;

INSERT INTO recommend.demand SELECT tenant, dealer, segment, 1, (SELECT document FROM example WHERE topic =
    'forecast-ready') FROM segment_n;

INSERT INTO recommend.advice (tenant_id, recommendation_id, dealer_id, status, expires_at, event)
SELECT tenant, id, dealer, CASE WHEN n % 4 = 0 THEN 'issued' ELSE 'expired' END,
now() + interval '7 days', (SELECT document FROM example WHERE topic = 'recommendation-issued') FROM
    car_n WHERE n <= 200;

INSERT INTO recommend.review SELECT DISTINCT tenant, current_date - CASE WHEN d = 0 THEN 1 ELSE 0 END FROM
    rooftop_n
ON CONFLICT DO NOTHING;

INSERT INTO feedback.advice (tenant_id, recommendation_id, dealer_id, action, vehicle_key, segment, status,
issued_at, settled, is_first, opens, document)
SELECT tenant, id, dealer, 'reprice', key, segment, CASE WHEN n % 4 = 0 THEN 'issued' ELSE 'expired' END,
now() - n * interval '1 hour', n % 4 <> 0, false, false, (SELECT document FROM example WHERE topic =
    'recommendation-issued') FROM car_n WHERE n <= 200;

INSERT INTO feedback.answer SELECT tenant, id, now(), '{}' FROM car_n WHERE n <= 50;

INSERT INTO feedback.vehicle_state SELECT tenant, key, v, dealer, segment, now() - (9 - v) * interval '1 day',
CASE WHEN v = 2 THEN status ELSE 'in_stock' END, price, stocked, stocked, stocked,
CASE WHEN v = 2 THEN left_on END, CASE WHEN v = 2 AND left_on IS NOT NULL THEN 1500 END
FROM car_n, generate_series(1, 2) AS v;

INSERT INTO feedback.outcome (tenant_id, recommendation_id, dealer_id, recorded_at, version, action, ended_on,
vehicle_keys, counts, sales, expected_sales, gross_error, discount, arrivals, lead_days, claimed, is_right, document)
SELECT tenant, id, dealer, now() - n * interval '1 hour', 1, 'reprice', current_date - n / 24, '{}', 1, 1, 0.8,
-200, NULL, 0, 0, 0.6, 1, (SELECT document FROM example WHERE topic = 'outcome-recorded') FROM car_n WHERE n % 3 = 0;

INSERT INTO feedback.weekly_forecast SELECT tenant, dealer, segment, date_trunc('week', current_date)::date -
    7 * w, 1,
current_date - 7 * w - 3, 1.5 FROM segment_n, generate_series(-4, 26) AS w;

INSERT INTO feedback.policy (tenant_id, dealer_id, version, learned_on, parameters, document)
SELECT tenant, dealer, v, current_date - 10 + v, '{}', (SELECT document FROM example WHERE topic = 'policy-updated')
FROM rooftop_n, generate_series(1, 10) AS v;

INSERT INTO feedback.open_exposure SELECT tenant, dealer, 12.5 FROM rooftop_n;

INSERT INTO market.work (queue, tenant_id, dealer_id, key, due_at, latest_at)
SELECT 'survey', tenant, dealer, '', now() + interval '1 hour', now() + interval '1 hour' FROM rooftop_n;

INSERT INTO forecast.work (queue, tenant_id, dealer_id, key, due_at, latest_at)
SELECT 'series', tenant, dealer, '', now() + interval '1 hour', now() + interval '1 hour' FROM rooftop_n;

INSERT INTO recommend.work (queue, tenant_id, dealer_id, key, due_at, latest_at)
SELECT 'review', tenant, dealer, '', now() + interval '1 hour', now() + interval '1 hour' FROM rooftop_n;

INSERT INTO feedback.work (queue, tenant_id, dealer_id, key, due_at, latest_at)
SELECT 'outcomes', tenant, dealer, '', now() + interval '1 hour', now() + interval '1 hour' FROM rooftop_n;
