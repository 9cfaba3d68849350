-- queue::progress: jobs by layer and state; as many rows as there are spans, which merging keeps few
SELECT mode, layer, state::text AS state, sum(upper(ordinals) - lower(ordinals)) AS jobs
FROM spans WHERE campaign_id = $1
GROUP BY mode, layer, state
ORDER BY mode, layer
