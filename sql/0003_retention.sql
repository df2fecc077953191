-- Why: no table may grow for ever. The agent calls ops.prune() once a day; from psql: SELECT * FROM ops.prune();

BEGIN;
DO $$ BEGIN PERFORM pg_advisory_xact_lock(7226, 1); END $$;
SET LOCAL client_min_messages = warning;

CREATE TABLE IF NOT EXISTS ops.retention (
    relation text PRIMARY KEY,
    age      interval NOT NULL CHECK (age >= interval '1 day'),
    because  text NOT NULL
);
COMMENT ON TABLE ops.retention IS 'How long rows are kept. Change it here; the reasons are beside.';
INSERT INTO ops.retention (relation, age, because) VALUES
    ('samples', '90 days', 'three months to compare; 13,000 rows a day with nine services'),
    ('alert_events', '400 days', 'the same day of last year can be looked at'),
    ('alerts', '400 days', 'as their events'),
    ('service_events', '400 days', 'the same day of last year can be looked at'),
    ('rollouts', '400 days', 'the same day of last year can be looked at'),
    ('hosts', '400 days', 'a host that is gone takes its last rows along')
ON CONFLICT (relation) DO NOTHING;

-- With its owner's rights, so that the agent's role need not be allowed to delete anything else.
CREATE OR REPLACE FUNCTION ops.prune(rows_max integer DEFAULT 10000)
RETURNS TABLE (relation text, pruned bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rule record;
BEGIN
    FOR rule IN
        SELECT kept.relation, now() - kept.age AS oldest, due.condition
        FROM ops.retention AS kept
        JOIN (VALUES
            ('samples', 'old.time < $1'),
            ('alert_events', 'old.time < $1'),
            -- One that is still open is kept as long as its host reports.
            ('alerts', 'coalesce(old.resolved_at, old.changed_at) < $1 AND (old.state = ''resolved'''
                || ' OR NOT EXISTS (SELECT FROM ops.hosts AS host'
                || ' WHERE host.ledger = old.ledger AND host.last_seen >= $1))'),
            ('service_events', 'old.time < $1'),
            ('rollouts', 'coalesce(old.finished_at, old.started_at) < $1'),
            ('hosts', 'old.last_seen < $1')
        ) AS due (relation, condition) USING (relation)
        ORDER BY kept.relation
    LOOP
        EXECUTE format(
            'DELETE FROM ops.%1$I WHERE ctid = ANY (ARRAY('
                || 'SELECT old.ctid FROM ops.%1$I AS old WHERE %2$s LIMIT $2))',
            rule.relation, rule.condition)
        USING rule.oldest, least(greatest(rows_max, 1), 100000);
        GET DIAGNOSTICS pruned = ROW_COUNT;
        relation := rule.relation;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION ops.prune(integer) IS
    'Deletes what is older than ops.retention says, at most so many rows of each table at a time.';
REVOKE ALL ON FUNCTION ops.prune(integer) FROM PUBLIC;

INSERT INTO ops.migrations (version, name, checksum)
VALUES (3, 'retention', nullif(current_setting('catalyst.checksum', true), ''))
ON CONFLICT (version) DO NOTHING;
COMMIT;
