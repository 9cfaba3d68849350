-- queue::bridge_outage: workers could not renew while no coordinator was there
UPDATE spans SET deadline = deadline + $1 * interval '1 second' WHERE state = 'leased'
