-- queue::complete: a job was finished, so the surroundings are well again
UPDATE campaigns SET trouble = NULL, trouble_count = 0 WHERE id = $1 AND trouble IS NOT NULL
