-- The trace of the message that made a row, as it stands in every line of the logs about it and in nginx's: so that
-- `why` can name it, and a job that the relay brings back goes on under it. Set with the transaction, at no cost of a
-- round trip: `satfleet.trace` holds the trace of the one message that the transaction serves, and is empty where it
-- serves none, or several.

-- The trace of this transaction. Null: it has none.
CREATE FUNCTION trace_now() RETURNS uuid
LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('satfleet.trace', true), '')::uuid $$;

ALTER TABLE "payments" ADD COLUMN "trace" UUID;
ALTER TABLE "invoices" ADD COLUMN "trace" UUID;
ALTER TABLE "sends" ADD COLUMN "trace" UUID;
ALTER TABLE "requests" ADD COLUMN "trace" UUID;
ALTER TABLE "outbox" ADD COLUMN "trace" UUID;
ALTER TABLE "payments" ALTER COLUMN "trace" SET DEFAULT trace_now();
ALTER TABLE "invoices" ALTER COLUMN "trace" SET DEFAULT trace_now();
ALTER TABLE "sends" ALTER COLUMN "trace" SET DEFAULT trace_now();
ALTER TABLE "requests" ALTER COLUMN "trace" SET DEFAULT trace_now();
ALTER TABLE "outbox" ALTER COLUMN "trace" SET DEFAULT trace_now();

-- As in the migration `admin`, and with the trace of each send, since many share a call. The function without it serves
-- the instances of the version before.
CREATE FUNCTION send_now(ids uuid[], from_users uuid[], to_users uuid[], to_names text[], memos text[],
  amounts bigint[], debits bigint[], credits bigint[], notice_ids uuid[], details text[], now_ms bigint, due_ms bigint,
  traces uuid[]) RETURNS text[]
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

  INSERT INTO sends (id, from_user_id, to_user_id, to_name, amount_msat, memo, state, cause, created_at, finished_at,
    trace)
  SELECT u.id, u.from_user, u.to_user, u.to_name, u.amount, u.memo, 'done', 'tap', at, at, u.trace
  FROM unnest(ids, from_users, to_users, to_names, memos, amounts, results, traces)
    AS u (id, from_user, to_user, to_name, memo, amount, result, trace)
  WHERE u.result = 'created';

  INSERT INTO notices (id, user_id, kind, subject_id, details, state, created_at)
  SELECT u.notice, u.to_user, 'send_received', u.id, u.detail::jsonb, 'waiting', at
  FROM unnest(notice_ids, to_users, ids, details, results) AS u (notice, to_user, id, detail, result)
  WHERE u.result = 'created';

  INSERT INTO outbox (id, queue, subject_id, created_at, due_at, trace)
  SELECT u.notice, 'notification', u.notice, at, due, u.trace
  FROM unnest(notice_ids, results, traces) AS u (notice, result, trace)
  WHERE u.result = 'created';

  RETURN results;
END $$;

REVOKE ALL ON FUNCTION trace_now FROM PUBLIC;
REVOKE ALL ON FUNCTION send_now (uuid[], uuid[], uuid[], text[], text[], bigint[], bigint[], bigint[], uuid[], text[], bigint, bigint, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trace_now TO satfleet_app;
GRANT EXECUTE ON FUNCTION send_now (uuid[], uuid[], uuid[], text[], text[], bigint[], bigint[], bigint[], uuid[], text[], bigint, bigint, uuid[]) TO satfleet_app;
