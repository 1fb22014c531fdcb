-- Transfers between people who are both here, many in one call: the money, the sends, the receivers' notices and the
-- jobs that tell them, all in the transaction of the call. A send whose money does not move leaves no row. Runs with the
-- caller's rights; money moves only through ledger_post, which decides first and locks last.
--   details   the notice's words as JSON text
--   due_ms    when the relay may take a job that the fast path missed
-- Gives one result of ledger_post for each; `exists` for a send that was made before.
CREATE FUNCTION send_now(ids uuid[], from_users uuid[], to_users uuid[], to_names text[], memos text[], amounts bigint[],
  debits bigint[], credits bigint[], notice_ids uuid[], details text[], now_ms bigint, due_ms bigint) RETURNS text[]
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  count int := cardinality(ids);
  at timestamptz := to_timestamp(now_ms / 1000.0);
  due timestamptz := to_timestamp(due_ms / 1000.0);
  results text[];
BEGIN
  results := ledger_post(ids, ARRAY(SELECT generate_series(1, count)), array_fill('single'::transfer_kind, ARRAY[count]),
    debits, credits, amounts, array_fill('BTC'::text, ARRAY[count]), array_fill('send'::transfer_code, ARRAY[count]),
    array_fill(NULL::uuid, ARRAY[count]), ids, now_ms);

  INSERT INTO sends (id, from_user_id, to_user_id, to_name, amount_msat, memo, state, created_at, finished_at)
  SELECT u.id, u.from_user, u.to_user, u.to_name, u.amount, u.memo, 'done', at, at
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

REVOKE ALL ON FUNCTION send_now FROM PUBLIC;
GRANT EXECUTE ON FUNCTION send_now TO satfleet_app;
