-- queue::connect: what each connection of a coordinator begins with.

-- The same statements come again and again. Most are planned in more time than they take, so each is planned once.
SET plan_cache_mode = force_generic_plan;
-- The tables grow and shrink faster than statistics of them are made: no plan may bet on one being small.
SET enable_seqscan = off;
SET jit = off;

-- Transactions are short. One whose coordinator stands still or is gone must not keep its locks, and none waits long.
SET idle_in_transaction_session_timeout = '5s';
SET lock_timeout = '5s';
SET statement_timeout = '60s';

-- A coordinator whose machine vanished is noticed; over a unix socket these say nothing.
SET tcp_keepalives_idle = 5;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 2;
SET tcp_user_timeout = '15s';
