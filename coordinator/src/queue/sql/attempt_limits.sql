-- queue::punish: how often a job may be tried, and how many of them a neuron has
SELECT max_attempts, cardinality(polarities) AS polarities FROM campaigns WHERE id = $1
