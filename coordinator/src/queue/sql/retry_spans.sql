-- queue::retry: failed jobs start over, with all their attempts
WITH counted AS (
    UPDATE layers SET failed = 0 WHERE campaign_id = $1 AND failed > 0
)
UPDATE spans SET state = 'pending', attempts = 0, not_before = '-infinity' WHERE campaign_id = $1 AND state = 'failed'
