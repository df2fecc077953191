-- Why: who rolled what, when, how long it took and what came of it, without knowing the JSON.

BEGIN;
DO $$ BEGIN PERFORM pg_advisory_xact_lock(7226, 1); END $$;

CREATE OR REPLACE VIEW ops.rollout_history AS
SELECT host.host_name, rollout.rollout_id, rollout.kind, rollout.state, rollout.release,
    rollout.previous_release, rollout.asked_by, rollout.reason, rollout.started_at,
    coalesce(rollout.finished_at, now()) - rollout.started_at AS took, rollout.message,
    step.services, step.done, step.rolled_back, rollout.ledger
FROM ops.rollouts AS rollout
JOIN ops.hosts AS host USING (ledger)
CROSS JOIN LATERAL (
    SELECT count(*) AS services,
        count(*) FILTER (WHERE each ->> 'phase' = 'done') AS done,
        count(*) FILTER (WHERE each ->> 'phase' = 'rolled-back') AS rolled_back
    FROM jsonb_array_elements(rollout.services) AS each) AS step
ORDER BY rollout.started_at DESC;
COMMENT ON VIEW ops.rollout_history IS
    'All restarts, deploys and rollbacks, the newest first, with how many services they changed.';

-- The view is new to both roles.
DO $$ BEGIN PERFORM ops.grant_roles(); END $$;

INSERT INTO ops.migrations (version, name, checksum)
VALUES (5, 'rollouts', nullif(current_setting('catalyst.checksum', true), ''))
ON CONFLICT (version) DO NOTHING;
COMMIT;
