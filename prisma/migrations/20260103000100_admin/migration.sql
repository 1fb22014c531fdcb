-- What those who run the house may stop: one rail (sending inside, paying over Lightning, receiving) for everybody, or
-- everything that leaves one person's wallet. Both are asked by the very functions that take the money, under the lock of
-- the switch `sending`: whoever stops anything takes that lock alone, so once it is stopped nothing that had seen it
-- otherwise is still to be committed. The news of the house to all, with how far they have got. And the PINs of admins,
-- whose tries are counted here, since whatever else counted them could be emptied.

-- CreateTable
CREATE TABLE "freezes" (
    "user_id" UUID NOT NULL,
    "why" TEXT NOT NULL,
    "by" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "freezes_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "broadcasts" (
    "id" UUID NOT NULL,
    "by" UUID NOT NULL,
    "text" TEXT NOT NULL,
    "language" TEXT,
    "state" TEXT NOT NULL,
    "cursor" UUID,
    "told" INTEGER NOT NULL DEFAULT 0,
    "total" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "broadcasts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pins" (
    "user_id" UUID NOT NULL,
    "salt" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "locked_until" TIMESTAMPTZ(3),
    "set_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "pins_pkey" PRIMARY KEY ("user_id")
);

-- AlterTable
ALTER TABLE "users" ADD COLUMN "news_muted" BOOLEAN NOT NULL DEFAULT false;

ALTER TABLE broadcasts ADD CONSTRAINT broadcasts_state CHECK (state IN ('draft', 'running', 'done', 'stopped'));
CREATE INDEX broadcasts_running ON broadcasts (id) WHERE state = 'running';

INSERT INTO switches (name, is_on, why, by, at, known)
SELECT name, true, 'the beginning', 'migration', now(), '{}' FROM unnest(ARRAY['send', 'pay', 'receive']) AS rail (name);

-- Why nothing new may begin on a rail, for a person: `stopped` (all sending is), `paused` (this rail is), `frozen` (the
-- person is); null when it may. Holds all three still until the transaction ends. A switch without its row is off.
--   rail   a switch's name; `sending` asks for no rail beside it
--   who    may be null: then nobody is asked for
CREATE FUNCTION refusal_to_begin(rail text, who uuid) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtext('switch:sending'));
  RETURN (SELECT CASE
      WHEN NOT coalesce(bool_and(is_on) FILTER (WHERE name = 'sending'), false) THEN 'stopped'
      WHEN NOT coalesce(bool_and(is_on) FILTER (WHERE name = rail), false) THEN 'paused'
      WHEN EXISTS (SELECT FROM freezes WHERE user_id = who) THEN 'frozen' END
    FROM switches WHERE name IN ('sending', rail));
END $$;

-- As in the migration `promises`, and: `paused` while the rail is, and `frozen` for those who are, in whose place nothing
-- moves while all others' sends do.
CREATE OR REPLACE FUNCTION send_now(ids uuid[], from_users uuid[], to_users uuid[], to_names text[], memos text[],
  amounts bigint[], debits bigint[], credits bigint[], notice_ids uuid[], details text[], now_ms bigint, due_ms bigint)
RETURNS text[]
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  count int := cardinality(ids);
  at timestamptz := to_timestamp(now_ms / 1000.0);
  due timestamptz := to_timestamp(due_ms / 1000.0);
  refusal text;
  frozen uuid[];
  results text[];
BEGIN
  refusal := refusal_to_begin('send', NULL);
  IF refusal IS NOT NULL THEN
    RETURN ARRAY(SELECT CASE WHEN s.id IS NULL THEN refusal ELSE 'exists' END
      FROM unnest(ids) WITH ORDINALITY AS u (id, n) LEFT JOIN sends AS s ON s.id = u.id ORDER BY u.n);
  END IF;
  frozen := ARRAY(SELECT user_id FROM freezes WHERE user_id = ANY (from_users));
  IF cardinality(frozen) > 0 THEN
    -- An account that there is not: the ledger moves nothing of theirs.
    debits := ARRAY(SELECT CASE WHEN u.who = ANY (frozen) THEN 0 ELSE u.debit END
      FROM unnest(from_users, debits) WITH ORDINALITY AS u (who, debit, n) ORDER BY u.n);
  END IF;
  results := ledger_post(ids, ARRAY(SELECT generate_series(1, count)), array_fill('single'::transfer_kind, ARRAY[count]),
    debits, credits, amounts, array_fill('BTC'::text, ARRAY[count]), array_fill('send'::transfer_code, ARRAY[count]),
    array_fill(NULL::uuid, ARRAY[count]), ids, now_ms);
  IF cardinality(frozen) > 0 THEN
    results := ARRAY(SELECT CASE WHEN u.who <> ALL (frozen) THEN u.result WHEN s.id IS NULL THEN 'frozen' ELSE 'exists' END
      FROM unnest(ids, from_users, results) WITH ORDINALITY AS u (id, who, result, n)
      LEFT JOIN sends AS s ON s.id = u.id ORDER BY u.n);
  END IF;

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

-- As in the migration `promises`, and: `paused` and `frozen`, but for a payment that was started before.
CREATE OR REPLACE FUNCTION pay_start(of_id uuid, payer uuid, hash text, of_request text, of_destination text,
  amount bigint, ceiling bigint, own_invoice uuid, of_memo text, expires_ms bigint, wallet bigint, outgoing bigint,
  most_open int, now_ms bigint, due_ms bigint) RETURNS text
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  at timestamptz := to_timestamp(now_ms / 1000.0);
  due timestamptz := to_timestamp(due_ms / 1000.0);
  refusal text;
  results text[];
BEGIN
  IF EXISTS (SELECT FROM payments WHERE id = of_id) THEN
    RETURN 'exists';
  END IF;
  refusal := refusal_to_begin('pay', payer);
  IF refusal IS NOT NULL THEN
    RETURN refusal;
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

GRANT SELECT, INSERT, DELETE ON freezes TO satfleet_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON pins TO satfleet_app;
GRANT SELECT, INSERT, UPDATE ON broadcasts TO satfleet_app;
REVOKE ALL ON FUNCTION refusal_to_begin FROM PUBLIC;
GRANT EXECUTE ON FUNCTION refusal_to_begin TO satfleet_app;
