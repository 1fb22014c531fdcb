-- What lets the promises be watched for ever: every move of a state with its cause and actor, written by triggers that no
-- path can forget; the switch that stops sending; and how far each account's totals are proven, so that proving them
-- again costs what has moved since and not what ever moved.

-- CreateTable
CREATE TABLE "events" (
    "row_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "from_state" TEXT,
    "to_state" TEXT NOT NULL,
    "cause" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "events_pkey" PRIMARY KEY ("row_id","seq")
);

-- CreateTable
CREATE TABLE "switches" (
    "name" TEXT NOT NULL,
    "is_on" BOOLEAN NOT NULL,
    "why" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "known" TEXT[],

    CONSTRAINT "switches_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "proven_totals" (
    "account_id" BIGINT NOT NULL,
    "transfer_id" UUID,
    "debits_posted" BIGINT NOT NULL,
    "credits_posted" BIGINT NOT NULL,
    "is_right" BOOLEAN NOT NULL,

    CONSTRAINT "proven_totals_pkey" PRIMARY KEY ("account_id")
);

INSERT INTO switches (name, is_on, why, by, at, known) VALUES ('sending', true, 'the beginning', 'migration', now(), '{}');

-- What moved each row into its state, of a closed list. Rows older than this stand as `before`; a repair by hand names
-- the admin who made it.
ALTER TABLE "payments" ADD COLUMN "cause" TEXT NOT NULL DEFAULT 'before';
ALTER TABLE "invoices" ADD COLUMN "cause" TEXT NOT NULL DEFAULT 'before';
ALTER TABLE "sends" ADD COLUMN "cause" TEXT NOT NULL DEFAULT 'before';
ALTER TABLE "requests" ADD COLUMN "cause" TEXT NOT NULL DEFAULT 'before';

INSERT INTO events (row_id, seq, kind, to_state, cause, actor, at)
SELECT id, 1, 'payment', state, cause, 'migration', created_at FROM payments
UNION ALL SELECT id, 1, 'invoice', state, cause, 'migration', created_at FROM invoices
UNION ALL SELECT id, 1, 'send', state, cause, 'migration', created_at FROM sends
UNION ALL SELECT id, 1, 'request', state, cause, 'migration', created_at FROM requests;

ALTER TABLE "payments" ALTER COLUMN "cause" DROP DEFAULT, ADD CONSTRAINT payments_cause CHECK (
  cause IN ('tap', 'job', 'sweep', 'answer', 'lookup', 'late_event', 'inside', 'expiry', 'no_node', 'recovery',
    'before')
  OR cause ~ '^admin:[0-9a-f-]{36}$');
ALTER TABLE "invoices" ALTER COLUMN "cause" DROP DEFAULT, ADD CONSTRAINT invoices_cause CHECK (
  cause IN ('tap', 'node', 'payer', 'stream', 'lookup', 'inside', 'expiry', 'before')
  OR cause ~ '^admin:[0-9a-f-]{36}$');
ALTER TABLE "sends" ALTER COLUMN "cause" DROP DEFAULT, ADD CONSTRAINT sends_cause CHECK (
  cause IN ('tap', 'claim', 'retract', 'expiry', 'before') OR cause ~ '^admin:[0-9a-f-]{36}$');
ALTER TABLE "requests" ALTER COLUMN "cause" DROP DEFAULT, ADD CONSTRAINT requests_cause CHECK (
  cause IN ('tap', 'send', 'decline', 'cancel', 'expiry', 'before') OR cause ~ '^admin:[0-9a-f-]{36}$');

-- The holds without an end, which are few: each must have its payment or its send.
CREATE INDEX pending_transfers_open ON pending_transfers (debit_id) WHERE state = 'pending';

-- Rows are made many at a time, so their first events are written by the statement. The product's role may not write
-- events itself: these functions run as their owner.
CREATE FUNCTION write_first_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  actor text := coalesce(nullif(current_setting('application_name'), ''), session_user);
BEGIN
  INSERT INTO events (row_id, seq, kind, to_state, cause, actor, at)
  SELECT id, 1, TG_ARGV[0], state, cause, actor, clock_timestamp() FROM made;
  RETURN NULL;
END $$;

-- The causes of two moves in a row differ, whichever way a row goes: a statement that moves a state and leaves the cause
-- as it was has forgotten it, and is refused. The row is locked by its update, so the numbers have no gap.
CREATE FUNCTION write_next_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF new.cause = old.cause AND new.cause NOT LIKE 'admin:%' THEN
    RAISE EXCEPTION '% moved from % to % without a cause of its own', TG_ARGV[0], old.state, new.state
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  INSERT INTO events (row_id, seq, kind, from_state, to_state, cause, actor, at)
  SELECT new.id, coalesce(max(seq), 0) + 1, TG_ARGV[0], old.state, new.state, new.cause,
    coalesce(nullif(current_setting('application_name'), ''), session_user), clock_timestamp()
  FROM events WHERE row_id = new.id;
  RETURN NULL;
END $$;

CREATE TRIGGER payments_made AFTER INSERT ON payments REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION write_first_events('payment');
CREATE TRIGGER invoices_made AFTER INSERT ON invoices REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION write_first_events('invoice');
CREATE TRIGGER sends_made AFTER INSERT ON sends REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION write_first_events('send');
CREATE TRIGGER requests_made AFTER INSERT ON requests REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION write_first_events('request');

CREATE TRIGGER payments_moved AFTER UPDATE OF state ON payments
  FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION write_next_event('payment');
CREATE TRIGGER invoices_moved AFTER UPDATE OF state ON invoices
  FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION write_next_event('invoice');
CREATE TRIGGER sends_moved AFTER UPDATE OF state ON sends
  FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION write_next_event('send');
CREATE TRIGGER requests_moved AFTER UPDATE OF state ON requests
  FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION write_next_event('request');

CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('its rows are only added');
CREATE TRIGGER switches_kept BEFORE DELETE OR TRUNCATE ON switches
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a switch is turned, never removed');

-- Whether new payments and sends may begin. Holds the switch still until the transaction ends: whoever turns it takes the
-- same lock alone, so once it is off nothing that had seen it on is still to be committed. Without its row it is off.
CREATE FUNCTION sending_is_on() RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtext('switch:sending'));
  RETURN coalesce((SELECT is_on FROM switches WHERE name = 'sending'), false);
END $$;

-- Adds up what has moved each account of a slice since it was last proven, along the chain of its transfers, and compares
-- it with the account's totals. What is right is proven up to its newest transfer from now on; what is wrong is looked at
-- again every time. Gives the accounts that are wrong, by name. Held to look-ups by key, as ledger_history is.
--   slice   accounts whose number, divided by `slices`, leaves this
CREATE FUNCTION prove_accounts(slice int, slices int) RETURNS TABLE (code text, why text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
  WITH RECURSIVE wanted AS (
    SELECT generate_series($1::bigint, (SELECT max(id) FROM accounts), $2::bigint) AS id
    UNION SELECT account_id FROM proven_totals WHERE NOT is_right
  ), chosen AS MATERIALIZED (
    SELECT a.id, a.code, a.debits_posted, a.credits_posted, a.last_transfer_id AS head, p.transfer_id AS until,
      coalesce(p.debits_posted, 0) AS base_debits, coalesce(p.credits_posted, 0) AS base_credits,
      p.is_right AS was_right
    FROM wanted JOIN accounts AS a ON a.id = wanted.id LEFT JOIN proven_totals AS p ON p.account_id = a.id
  ), walk AS (
    SELECT id, until, head AS next, 0::bigint AS debits, 0::bigint AS credits, 0 AS steps FROM chosen
    UNION ALL
    SELECT w.id, w.until, CASE WHEN t.debit_id = w.id THEN t.debit_previous_id ELSE t.credit_previous_id END,
      w.debits + CASE WHEN t.debit_id = w.id THEN t.amount ELSE 0 END,
      w.credits + CASE WHEN t.credit_id = w.id THEN t.amount ELSE 0 END, w.steps + 1
    FROM walk AS w JOIN transfers AS t ON t.id = w.next
    WHERE w.next IS DISTINCT FROM w.until
  ), ended AS (
    SELECT DISTINCT ON (id) id, next, debits, credits FROM walk ORDER BY id, steps DESC
  ), judged AS MATERIALIZED (
    SELECT c.*, CASE
      -- A chain that leads out of the months that are here goes on in a detached one, whose sums are kept.
      WHEN e.next IS DISTINCT FROM c.until AND (e.next IS NULL OR c.until IS NOT NULL
        OR e.next >= (SELECT from_id FROM ledger_months ORDER BY month LIMIT 1)) THEN 'its chain is broken'
      WHEN (c.debits_posted, c.credits_posted) <> (
        c.base_debits + e.debits + CASE WHEN e.next IS NULL OR e.next = c.until THEN 0 ELSE coalesce(d.debits_posted, 0) END,
        c.base_credits + e.credits + CASE WHEN e.next IS NULL OR e.next = c.until THEN 0 ELSE coalesce(d.credits_posted, 0) END)
      THEN 'posted totals' END AS why
    FROM chosen AS c JOIN ended AS e ON e.id = c.id LEFT JOIN detached_totals AS d ON d.account_id = c.id
  ), remembered AS (
    INSERT INTO proven_totals AS p (account_id, transfer_id, debits_posted, credits_posted, is_right)
    SELECT id, CASE WHEN why IS NULL THEN head ELSE until END, CASE WHEN why IS NULL THEN debits_posted ELSE base_debits END,
      CASE WHEN why IS NULL THEN credits_posted ELSE base_credits END, why IS NULL
    FROM judged
    WHERE was_right IS DISTINCT FROM (why IS NULL) OR (why IS NULL AND head IS DISTINCT FROM until)
    ON CONFLICT (account_id) DO UPDATE SET transfer_id = excluded.transfer_id, debits_posted = excluded.debits_posted,
      credits_posted = excluded.credits_posted, is_right = excluded.is_right
  )
  SELECT j.code, j.why FROM judged AS j WHERE j.why IS NOT NULL ORDER BY 1 LIMIT 100
$$;

-- As in the migration `send_now`, and: while sending is stopped nothing moves, and each is answered `stopped`, but for
-- those that were made before.
CREATE OR REPLACE FUNCTION send_now(ids uuid[], from_users uuid[], to_users uuid[], to_names text[], memos text[],
  amounts bigint[], debits bigint[], credits bigint[], notice_ids uuid[], details text[], now_ms bigint, due_ms bigint)
RETURNS text[]
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  count int := cardinality(ids);
  at timestamptz := to_timestamp(now_ms / 1000.0);
  due timestamptz := to_timestamp(due_ms / 1000.0);
  results text[];
BEGIN
  IF NOT sending_is_on() THEN
    RETURN ARRAY(SELECT CASE WHEN s.id IS NULL THEN 'stopped' ELSE 'exists' END
      FROM unnest(ids) WITH ORDINALITY AS u (id, n) LEFT JOIN sends AS s ON s.id = u.id ORDER BY u.n);
  END IF;
  results := ledger_post(ids, ARRAY(SELECT generate_series(1, count)), array_fill('single'::transfer_kind, ARRAY[count]),
    debits, credits, amounts, array_fill('BTC'::text, ARRAY[count]), array_fill('send'::transfer_code, ARRAY[count]),
    array_fill(NULL::uuid, ARRAY[count]), ids, now_ms);

  INSERT INTO sends (id, from_user_id, to_user_id, to_name, amount_msat, memo, state, cause, created_at, finished_at)
  SELECT u.id, u.from_user, u.to_user, u.to_name, u.amount, u.memo, 'done', 'tap', at, at
  FROM unnest(ids, from_users, to_users, to_names, memos, amounts, results)
    AS u (id, from_user, to_user, to_name, memo, amount, result)
  WHERE u.result = 'created';

  INSERT INTO notices (id, user_id, kind, subject_id, details, state, created_at)
  SELECT u.notice, u.to_user, 'send_received', u.id, u.detail::jsonb, 'waiting', at
  FROM unnest(notice_ids, to_users, ids, details, results) AS u (notice, to_user, id, detail, result)
  WHERE u.result = 'created';

  INSERT INTO outbox (id, queue, subject_id, created_at, due_at)
  SELECT u.notice, 'notification', u.notice, at, due
  FROM unnest(notice_ids, results) AS u (notice, result)
  WHERE u.result = 'created';

  RETURN results;
END $$;

-- As in the migration `pay_steps`, and: `stopped` while sending is stopped, but for a payment that was started before.
CREATE OR REPLACE FUNCTION pay_start(of_id uuid, payer uuid, hash text, of_request text, of_destination text,
  amount bigint, ceiling bigint, own_invoice uuid, of_memo text, expires_ms bigint, wallet bigint, outgoing bigint,
  most_open int, now_ms bigint, due_ms bigint) RETURNS text
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  at timestamptz := to_timestamp(now_ms / 1000.0);
  due timestamptz := to_timestamp(due_ms / 1000.0);
  results text[];
BEGIN
  IF EXISTS (SELECT FROM payments WHERE id = of_id) THEN
    RETURN 'exists';
  END IF;
  IF NOT sending_is_on() THEN
    RETURN 'stopped';
  END IF;
  IF (SELECT count(*) FILTER (WHERE state IN ('held', 'sending'))
      FROM (SELECT state FROM payments WHERE user_id = payer ORDER BY id DESC LIMIT 200) AS recent) >= most_open THEN
    RETURN 'too_many';
  END IF;
  INSERT INTO payments (id, user_id, state, cause, payment_hash, request, destination, amount_msat, fee_ceiling_msat,
    own_invoice_id, memo, expires_at, created_at, due_at)
  VALUES (of_id, payer, 'held', 'tap', hash, of_request, of_destination, amount, ceiling, own_invoice, of_memo,
    to_timestamp(expires_ms / 1000.0), at, due)
  ON CONFLICT (id) DO NOTHING;
  IF NOT FOUND THEN
    RETURN 'exists';
  END IF;
  INSERT INTO outbox (id, queue, subject_id, created_at, due_at) VALUES (of_id, 'payment', of_id, at, due);
  results := ledger_post(ARRAY[of_id], ARRAY[1], ARRAY['pending'::transfer_kind], ARRAY[wallet], ARRAY[outgoing],
    ARRAY[amount + ceiling], ARRAY['BTC'], ARRAY['hold'::transfer_code], ARRAY[NULL::uuid], ARRAY[of_id], now_ms);
  IF results[1] NOT IN ('created', 'exists') THEN
    RAISE EXCEPTION 'the ledger refused: %', results[1] USING ERRCODE = 'LR001', DETAIL = results[1];
  END IF;
  RETURN 'created';
END $$;

-- As in the migration `pay_steps`, and with what brought the answer.
DROP FUNCTION pay_finish_paid;
CREATE FUNCTION pay_finish_paid(of_id uuid, fee bigint, of_preimage text, of_cause text, outgoing bigint,
  node_account bigint, post_id uuid, out_id uuid, notice_id uuid, now_ms bigint, due_ms bigint) RETURNS text
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  at timestamptz := to_timestamp(now_ms / 1000.0);
  payment payments;
  results text[];
BEGIN
  SELECT * INTO payment FROM payments WHERE id = of_id FOR NO KEY UPDATE;
  IF payment.state IS DISTINCT FROM 'sending' THEN
    RETURN payment.state;
  END IF;
  UPDATE payments SET state = 'paid', cause = of_cause, fee_msat = fee, preimage = of_preimage, finished_at = at
  WHERE id = of_id;
  INSERT INTO notices (id, user_id, kind, subject_id, details, state, created_at)
  VALUES (notice_id, payment.user_id, 'payment_paid', of_id, jsonb_build_object('amountMsat', payment.amount_msat::text,
    'feeMsat', fee::text, 'preimage', of_preimage, 'memo', payment.memo), 'waiting', at)
  ON CONFLICT (user_id, kind, subject_id) DO NOTHING;
  IF FOUND THEN
    INSERT INTO outbox (id, queue, subject_id, created_at, due_at)
    VALUES (notice_id, 'notification', notice_id, at, to_timestamp(due_ms / 1000.0));
  END IF;
  results := ledger_post(ARRAY[post_id, out_id], ARRAY[1, 1], ARRAY['post', 'single']::transfer_kind[],
    ARRAY[NULL, outgoing], ARRAY[NULL, node_account], ARRAY[payment.amount_msat + fee, payment.amount_msat + fee],
    ARRAY[NULL, 'BTC'], ARRAY['pay', 'outflow']::transfer_code[], ARRAY[of_id, NULL], ARRAY[of_id, of_id], now_ms);
  IF NOT results <@ ARRAY['created', 'exists'] THEN
    RAISE EXCEPTION 'the ledger refused: %', results USING ERRCODE = 'LR001', DETAIL = results[1];
  END IF;
  RETURN 'sending';
END $$;

GRANT SELECT ON events, proven_totals TO satfleet_app;
GRANT SELECT, UPDATE ON switches TO satfleet_app;
REVOKE ALL ON FUNCTION write_first_events, write_next_event, sending_is_on, prove_accounts, pay_finish_paid FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sending_is_on, prove_accounts, pay_finish_paid TO satfleet_app;
