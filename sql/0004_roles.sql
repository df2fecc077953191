-- Why: the agent's password lies on the machine it watches. Whoever steals it must not be able to
-- remove what happened; who only looks must not be able to change it.
--
-- Give a role that logs in one of the two: GRANT catalyst_writer TO trading_agent;

BEGIN;
DO $$ BEGIN PERFORM pg_advisory_xact_lock(7226, 1); END $$;

-- A function, because it is called again when the roles are made later or tables are added.
CREATE OR REPLACE FUNCTION ops.grant_roles() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['catalyst_writer', 'catalyst_reader'] LOOP
        IF to_regrole(role) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE NOTICE 'cannot make the role %', role USING HINT = format(
                        'Let an administrator run "CREATE ROLE %I NOLOGIN", then run'
                            || ' "SELECT ops.grant_roles()".', role);
                    CONTINUE;
            END;
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA ops TO %I', role);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA ops TO %I', role);
    END LOOP;
    IF to_regrole('catalyst_writer') IS NOT NULL THEN
        GRANT INSERT ON ops.hosts, ops.alerts, ops.alert_events, ops.service_events, ops.samples,
            ops.rollouts TO catalyst_writer;
        GRANT UPDATE ON ops.hosts, ops.alerts, ops.rollouts TO catalyst_writer;
        GRANT EXECUTE ON FUNCTION ops.prune(integer) TO catalyst_writer;
    END IF;
END $$;
COMMENT ON FUNCTION ops.grant_roles() IS
    'Makes catalyst_writer and catalyst_reader where that is allowed, and gives them their rights.';
REVOKE ALL ON FUNCTION ops.grant_roles() FROM PUBLIC;
DO $$ BEGIN PERFORM ops.grant_roles(); END $$;

INSERT INTO ops.migrations (version, name, checksum)
VALUES (4, 'roles', nullif(current_setting('catalyst.checksum', true), ''))
ON CONFLICT (version) DO NOTHING;
COMMIT;
