-- Why: the questions that are always asked, so that nobody has to know the tables.

BEGIN;
DO $$ BEGIN PERFORM pg_advisory_xact_lock(7226, 1); END $$;

CREATE OR REPLACE VIEW ops.open_alerts AS
SELECT host.host_name, alert.alert_id, alert.severity, alert.rule, alert.subject, alert.summary,
    alert.since, now() - alert.since AS open_for, alert.blocked, alert.acknowledged_by,
    alert.silence, host.last_seen AS host_last_seen, alert.ledger
FROM ops.alerts AS alert
JOIN ops.hosts AS host USING (ledger)
WHERE alert.state = 'firing'
    -- A ledger that was lost resolves nothing any more; the one after it does.
    AND NOT EXISTS (
        SELECT FROM ops.hosts AS newer
        WHERE newer.host_name = host.host_name AND newer.stack = host.stack
            AND newer.first_seen > host.last_seen)
ORDER BY alert.severity = 'critical' DESC, alert.since;
COMMENT ON VIEW ops.open_alerts IS 'What is wrong now, the worst and oldest first.';

CREATE OR REPLACE VIEW ops.availability_30d AS
SELECT host.host_name, sample.subject AS service,
    coalesce(sum(sample.well), 0) / sum(sample.wanted) AS share,
    make_interval(secs => sum(sample.wanted)) AS watched,
    make_interval(secs => sum(sample.wanted) - coalesce(sum(sample.well), 0)) AS unwell
FROM ops.samples AS sample
JOIN ops.hosts AS host USING (ledger)
WHERE sample.time > now() - interval '30 days' AND sample.wanted > 0
GROUP BY host.host_name, sample.subject
ORDER BY host.host_name, share, service;
COMMENT ON VIEW ops.availability_30d IS
    'Of the time in which a service was to run and was watched: the share in which it was well.';

CREATE OR REPLACE VIEW ops.alert_history AS
SELECT host.host_name, alert.alert_id, alert.severity, alert.rule, alert.subject, alert.summary,
    alert.state, alert.since, alert.fired_at, alert.resolved_at,
    coalesce(alert.resolved_at, now()) - alert.since AS lasted, alert.blocked,
    alert.acknowledged_by, told.events, told.reminders, alert.ledger
FROM ops.alerts AS alert
JOIN ops.hosts AS host USING (ledger)
CROSS JOIN LATERAL (
    SELECT count(*) AS events, count(*) FILTER (WHERE event.kind = 'reminded') AS reminders
    FROM ops.alert_events AS event
    WHERE event.ledger = alert.ledger AND event.alert_id = alert.alert_id) AS told
ORDER BY alert.since DESC;
COMMENT ON VIEW ops.alert_history IS 'All alerts, the newest first.';

INSERT INTO ops.migrations (version, name, checksum)
VALUES (2, 'views', nullif(current_setting('catalyst.checksum', true), ''))
ON CONFLICT (version) DO NOTHING;
COMMIT;
