-- queue::forget: rates that nobody looks at any more
DELETE FROM rates WHERE minute < now() - interval '30 days'
