-- An account's history, newest first: from the account to its newest transfer, and from each transfer to the one before
-- it. As many look-ups by key as the page has rows, in whichever months they lie. The plan is held to that shape: the
-- planner, which cannot know how short the chain is that it follows, would rather read whole months.
--   $1 of_account   $2 before: the last row of the page before, or null   $3 page_size
CREATE FUNCTION ledger_history(of_account bigint, before uuid, page_size int)
RETURNS TABLE (id uuid, kind transfer_kind, code transfer_code, amount bigint, other_id bigint, subject_id uuid,
  created_at timestamptz)
LANGUAGE sql STABLE SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
  WITH RECURSIVE page AS (
    SELECT t.id, t.kind, t.code, t.amount, t.debit_id, t.credit_id, t.subject_id, t.created_at,
      CASE WHEN t.debit_id = $1 THEN t.debit_previous_id ELSE t.credit_previous_id END AS previous_id, 1 AS place
    FROM transfers AS t
    WHERE t.id = CASE WHEN $2 IS NULL THEN (SELECT a.last_transfer_id FROM accounts AS a WHERE a.id = $1)
      ELSE (SELECT CASE $1 WHEN b.debit_id THEN b.debit_previous_id WHEN b.credit_id THEN b.credit_previous_id END
            FROM transfers AS b WHERE b.id = $2) END
    UNION ALL
    SELECT t.id, t.kind, t.code, t.amount, t.debit_id, t.credit_id, t.subject_id, t.created_at,
      CASE WHEN t.debit_id = $1 THEN t.debit_previous_id ELSE t.credit_previous_id END, page.place + 1
    FROM page JOIN transfers AS t ON t.id = page.previous_id
    WHERE page.place < $3
  )
  SELECT p.id, p.kind, p.code, CASE WHEN p.debit_id = $1 THEN -p.amount ELSE p.amount END,
    CASE WHEN p.debit_id = $1 THEN p.credit_id ELSE p.debit_id END, p.subject_id, p.created_at
  FROM page AS p ORDER BY p.place
$$;
