-- Why: what catalystd's ledger remembers is to outlive the machine, and to be asked with SQL.
--
-- Apply all files in order, again as often as you like (a file that was applied changes nothing):
--   catalystctl db migrate
--   psql -v ON_ERROR_STOP=1 -f sql/0001_tables.sql   (and so on)
-- For PostgreSQL 13 to 17.

BEGIN;
-- Two that apply files wait for each other.
DO $$ BEGIN PERFORM pg_advisory_xact_lock(7226, 1); END $$;
SET LOCAL client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS ops;
COMMENT ON SCHEMA ops IS 'What catalystd knows: alerts, events, measures. Written by the agent.';

CREATE TABLE IF NOT EXISTS ops.migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT current_user
);
COMMENT ON TABLE ops.migrations IS 'The files of sql/ that were applied.';
COMMENT ON COLUMN ops.migrations.checksum IS 'SHA-256 of the file; null: psql applied it.';

CREATE TABLE IF NOT EXISTS ops.hosts (
    ledger        text PRIMARY KEY,
    host_name     text NOT NULL,
    stack         text NOT NULL,
    agent_version text NOT NULL,
    wanted        integer NOT NULL,
    well          integer NOT NULL,
    last_sequence bigint NOT NULL DEFAULT 0,
    first_seen    timestamptz NOT NULL DEFAULT now(),
    last_seen     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ops.hosts IS
    'One row for each ledger, touched with every shipment: an old last_seen is a dead host.';
COMMENT ON COLUMN ops.hosts.ledger IS 'The random name of the ledger on that machine.';
COMMENT ON COLUMN ops.hosts.wanted IS 'Services that are to run.';
COMMENT ON COLUMN ops.hosts.well IS 'Services that are to run, and do, in good health.';
COMMENT ON COLUMN ops.hosts.last_sequence IS 'The newest of the ledger''s records that is here.';

CREATE TABLE IF NOT EXISTS ops.alerts (
    ledger          text NOT NULL,
    alert_id        bigint NOT NULL,
    rule            text NOT NULL,
    subject         text NOT NULL,
    severity        text NOT NULL,
    state           text NOT NULL,
    since           timestamptz NOT NULL,
    fired_at        timestamptz,
    resolved_at     timestamptz,
    summary         text NOT NULL,
    blocked         text[] NOT NULL DEFAULT '{}',
    acknowledged_by text,
    silence         text,
    sequence        bigint NOT NULL,
    changed_at      timestamptz NOT NULL,
    PRIMARY KEY (ledger, alert_id)
);
COMMENT ON TABLE ops.alerts IS 'Each alert as it is now; how it came to that: ops.alert_events.';
COMMENT ON COLUMN ops.alerts.subject IS 'A service, or a thing such as @postgres.';
COMMENT ON COLUMN ops.alerts.blocked IS 'Services that suffer from it.';
COMMENT ON COLUMN ops.alerts.silence IS 'Why nobody is told; null: they are.';
COMMENT ON COLUMN ops.alerts.sequence IS 'Of the event that this is the state after.';
CREATE INDEX IF NOT EXISTS alerts_open ON ops.alerts (ledger) WHERE state <> 'resolved';
CREATE INDEX IF NOT EXISTS alerts_since ON ops.alerts (since);

CREATE TABLE IF NOT EXISTS ops.alert_events (
    id       uuid PRIMARY KEY,
    arrival  bigint GENERATED ALWAYS AS IDENTITY,
    arrived  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ledger   text NOT NULL,
    sequence bigint NOT NULL,
    alert_id bigint NOT NULL,
    kind     text NOT NULL,
    time     timestamptz NOT NULL,
    message  text NOT NULL,
    rule     text NOT NULL,
    subject  text NOT NULL,
    severity text NOT NULL,
    alert    jsonb NOT NULL
);
COMMENT ON TABLE ops.alert_events IS 'Each step in the life of an alert, exactly once.';
COMMENT ON COLUMN ops.alert_events.arrival IS 'Grows in the order in which they came; has gaps.';
COMMENT ON COLUMN ops.alert_events.alert IS 'The alert as it was then, with its evidence.';
CREATE INDEX IF NOT EXISTS alert_events_alert ON ops.alert_events (ledger, alert_id, sequence);
CREATE INDEX IF NOT EXISTS alert_events_time ON ops.alert_events (time);

CREATE TABLE IF NOT EXISTS ops.service_events (
    ledger   text NOT NULL,
    sequence bigint NOT NULL,
    time     timestamptz NOT NULL,
    service  text,
    kind     text NOT NULL,
    priority smallint NOT NULL,
    message  text NOT NULL,
    PRIMARY KEY (ledger, sequence)
);
COMMENT ON TABLE ops.service_events IS 'What happened: starts, exits, verdicts, operators'' wishes.';
COMMENT ON COLUMN ops.service_events.service IS 'Null: it is about the agent or the whole stack.';
COMMENT ON COLUMN ops.service_events.priority IS 'As in syslog(3): 2 critical … 6 information.';
CREATE INDEX IF NOT EXISTS service_events_time ON ops.service_events (time);

CREATE TABLE IF NOT EXISTS ops.samples (
    ledger   text NOT NULL,
    subject  text NOT NULL,
    time     timestamptz NOT NULL,
    measures jsonb NOT NULL,
    highs    jsonb NOT NULL DEFAULT '{}',
    wanted   double precision
        GENERATED ALWAYS AS ((measures ->> 'wanted')::double precision) STORED,
    well     double precision
        GENERATED ALWAYS AS ((measures ->> 'well')::double precision) STORED,
    PRIMARY KEY (ledger, subject, time)
);
COMMENT ON TABLE ops.samples IS 'What was measured in each minute, one row a subject.';
COMMENT ON COLUMN ops.samples.measures IS 'Means by measure; sums for wanted, well and restarts.';
COMMENT ON COLUMN ops.samples.highs IS 'The greatest values, where they are not the means.';
COMMENT ON COLUMN ops.samples.wanted IS 'Seconds of the minute in which it was to run.';
COMMENT ON COLUMN ops.samples.well IS 'Seconds of those in which it was well.';
CREATE INDEX IF NOT EXISTS samples_time ON ops.samples (time);

CREATE TABLE IF NOT EXISTS ops.rollouts (
    ledger           text NOT NULL,
    rollout_id       bigint NOT NULL,
    kind             text NOT NULL,
    state            text NOT NULL,
    release          text,
    previous_release text,
    asked_by         text,
    reason           text,
    started_at       timestamptz NOT NULL,
    finished_at      timestamptz,
    message          text,
    services         jsonb NOT NULL DEFAULT '[]',
    sequence         bigint NOT NULL,
    PRIMARY KEY (ledger, rollout_id)
);
COMMENT ON TABLE ops.rollouts IS 'Restarts, deploys and rollbacks, each as it is now.';
COMMENT ON COLUMN ops.rollouts.kind IS 'restart, deploy or rollback.';
COMMENT ON COLUMN ops.rollouts.services IS 'What became of each service, in the order of rolling.';
CREATE INDEX IF NOT EXISTS rollouts_started ON ops.rollouts (started_at);

-- Whoever listens hears of an alert when it arrives: LISTEN catalyst_alerts.
CREATE OR REPLACE FUNCTION ops.announce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A payload has at most 8,000 bytes; the row has the rest.
    PERFORM pg_notify('catalyst_alerts', json_build_object(
        'id', NEW.id, 'ledger', NEW.ledger, 'alert', NEW.alert_id, 'kind', NEW.kind,
        'time', NEW.time, 'severity', NEW.severity, 'rule', NEW.rule,
        'subject', left(NEW.subject, 100), 'message', left(NEW.message, 300))::text);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION ops.announce() IS 'Tells the channel catalyst_alerts of a new alert event.';
DROP TRIGGER IF EXISTS announce ON ops.alert_events;
CREATE TRIGGER announce AFTER INSERT ON ops.alert_events
    FOR EACH ROW EXECUTE FUNCTION ops.announce();

INSERT INTO ops.migrations (version, name, checksum)
VALUES (1, 'tables', nullif(current_setting('catalyst.checksum', true), ''))
ON CONFLICT (version) DO NOTHING;
COMMIT;
