-- A past of :events reports of a tenth as many vehicles over six days, as the services would have kept it: of twenty
-- dealer groups that report nothing any more, so that nothing is left to compute.

CREATE TEMP TABLE report AS
SELECT n, now() - interval '6 days' * (1 - n / :events.0) AS at, md5('report ' || n)::uuid AS id,
    (lpad(to_hex((extract(epoch FROM now() - interval '6 days' * (1 - n / :events.0)) * 1000)::bigint), 12, '0') || '8'
        || substr(md5('update ' || n), 1, 3) || 'a' || substr(md5('update ' || n), 5, 15))::uuid AS update_id,
    md5('group ' || n % 20)::uuid AS tenant, md5('rooftop ' || n % 100)::uuid AS dealer,
    'P' || lpad((n % (:events / 10))::text, 16, '0') AS key, n / (:events / 10) + 1 AS version
FROM generate_series(0, :events - 1) AS n;

CREATE TEMP TABLE car AS SELECT * FROM report WHERE version = 10;

INSERT INTO gateway.outbox (id, topic, key, payload, headers, created_at)
SELECT id, 'dms-event-received', dealer, convert_to(rpad(id::text, 650), 'UTF8'),
    json_build_object('ce_id', id, 'ce_source', '/doso/gateway', 'ce_type', 'dms-event-received', 'ce_time', at,
        'ce_specversion', '1.0', 'content-type', 'application/json'), at
FROM report ORDER BY n;

INSERT INTO inventory.outbox (id, topic, key, payload, headers, created_at)
SELECT update_id, 'inventory-updated', dealer, convert_to(rpad(id::text, 1100), 'UTF8'),
    json_build_object('ce_id', id, 'ce_source', '/doso/inventory', 'ce_type', 'inventory-updated', 'ce_time', at,
        'ce_specversion', '1.0', 'content-type', 'application/json'), at
FROM report ORDER BY n;

INSERT INTO inventory.inbox SELECT id, 'dms-event-received', at FROM report ORDER BY n;

INSERT INTO gateway.inbox SELECT update_id, 'inventory-updated', at FROM report ORDER BY n;

INSERT INTO market.inbox SELECT update_id, 'inventory-updated', at FROM report ORDER BY n;

INSERT INTO forecast.inbox SELECT update_id, 'inventory-updated', at FROM report ORDER BY n;

INSERT INTO recommend.inbox SELECT update_id, 'inventory-updated', at FROM report ORDER BY n;

INSERT INTO feedback.inbox SELECT update_id, 'inventory-updated', at FROM report ORDER BY n;

INSERT INTO inventory.vehicle_event
SELECT tenant, key, at, id, 'vehicle.priced', dealer, '{"list_price": "15000.00", "vin": "1HGCM82633A004352"}', at
FROM report ORDER BY n;

INSERT INTO feedback.vehicle_state (tenant_id, vehicle_key, version, dealer_id, segment, at, status, list_price,
    stock_date, group_stock_date)
SELECT tenant, key, version, dealer, 'used/toyota/camry', at, 'in_stock', 15000, at::date, at::date
FROM report ORDER BY n;

INSERT INTO inventory.vehicle (tenant_id, vehicle_key, dealer_id, status, last_at, last_id, version, vin, stock_number,
    condition, make, model, list_price, price_history, cost, stock_date, group_stock_date, quantity)
SELECT tenant, key, dealer, 'in_stock', at, id, version, key, 'S' || n, 'used', 'Toyota', 'Camry', 15000,
    jsonb_build_array(jsonb_build_array(at::date, '15000.00')), 13500, at::date, at::date, 1
FROM car;

INSERT INTO gateway.vehicle SELECT tenant, key, dealer, version, 'in_stock', 'used', 'used/toyota/camry', 'Toyota',
    'Camry', at::date, at::date, 15000, 13500, 500, NULL, 'trade', NULL, 'USD',
    jsonb_build_object('vehicle_key', key, 'filler', rpad('', 1000))
FROM car;

INSERT INTO market.own_unit SELECT tenant, key, dealer, version, 'US-MI', 'USD', key, 'used/toyota/camry',
    'Toyota Camry, used', 2022, NULL, false, 30000, 1, 'in_stock', NULL FROM car;

INSERT INTO forecast.stay SELECT tenant, key, 0, dealer, version, 'used/toyota/camry', 'Toyota Camry, used', at::date,
    NULL, false, 2022, 2022, NULL, NULL, NULL, NULL FROM car;

INSERT INTO recommend.unit (tenant_id, vehicle_key, dealer_id, version, status, segment, label, quantity, cost,
    recon_cost, list_price, price_history, stock_date, group_stock_date)
SELECT tenant, key, dealer, version, 'in_stock', 'used/toyota/camry', 'Toyota Camry, used', 1, 13500, 500, 15000,
    jsonb_build_array(jsonb_build_array(at::date, '15000.00')), at::date, at::date
FROM car;

DROP TABLE report;

DROP TABLE car;
