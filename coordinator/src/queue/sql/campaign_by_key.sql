-- queue::submit: the campaign that has the key
SELECT id, spec FROM campaigns WHERE client_key = $1
