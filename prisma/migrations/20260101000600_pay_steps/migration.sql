-- The two hot steps of a payment, each in one call: its row, its money, its news and its job stand or fall together.
-- They run with the caller's rights; money moves only through ledger_post, which locks last. Where it refuses, LR001 is
-- raised with its answer, and nothing of the step has happened.

-- Makes a payment and holds its sats. Gives `created`; `exists` when this id was started before; `too_many` when the
-- payer has `most_open` payments without an end. A payment hash that is alive under another id is a unique violation.
CREATE FUNCTION pay_start(of_id uuid, payer uuid, hash text, of_request text, of_destination text, amount bigint,
  ceiling bigint, own_invoice uuid, of_memo text, expires_ms bigint, wallet bigint, outgoing bigint, most_open int,
  now_ms bigint, due_ms bigint) RETURNS text
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  at timestamptz := to_timestamp(now_ms / 1000.0);
  due timestamptz := to_timestamp(due_ms / 1000.0);
  results text[];
BEGIN
  IF EXISTS (SELECT FROM payments WHERE id = of_id) THEN
    RETURN 'exists';
  END IF;
  IF (SELECT count(*) FILTER (WHERE state IN ('held', 'sending'))
      FROM (SELECT state FROM payments WHERE user_id = payer ORDER BY id DESC LIMIT 200) AS recent) >= most_open THEN
    RETURN 'too_many';
  END IF;
  INSERT INTO payments (id, user_id, state, payment_hash, request, destination, amount_msat, fee_ceiling_msat,
    own_invoice_id, memo, expires_at, created_at, due_at)
  VALUES (of_id, payer, 'held', hash, of_request, of_destination, amount, ceiling, own_invoice, of_memo,
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

-- Ends a payment that its node says is paid: amount and fee leave the hold through `node_account`, the rest goes back,
-- the payer is told once. Gives the state it found: only `sending` was acted upon.
CREATE FUNCTION pay_finish_paid(of_id uuid, fee bigint, of_preimage text, outgoing bigint, node_account bigint,
  post_id uuid, out_id uuid, notice_id uuid, now_ms bigint, due_ms bigint) RETURNS text
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
  UPDATE payments SET state = 'paid', fee_msat = fee, preimage = of_preimage, finished_at = at WHERE id = of_id;
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

REVOKE ALL ON FUNCTION pay_start, pay_finish_paid FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pay_start, pay_finish_paid TO satfleet_app;
