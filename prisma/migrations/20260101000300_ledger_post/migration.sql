-- The one way in which money moves. ledger_post takes a batch of transfers as arrays of equal length and gives one result
-- each, in order: what running them one by one would give. It first tries all at once (ledger_move), which is right
-- whenever nothing of the batch depends on its order; when anything does not fit, nothing has happened, and it decides one by
-- one under the locks (ledger_walk) and then moves what was accepted at once.
--
-- The plans are made once for all batches, and must not be those of the day on which a table or a month was still empty:
-- hence the settings of the functions, and the keys that are named where a join alone would do.
--
-- Locks, always in this order, so that two batches never wait for each other: holds by id, accounts by falling id (the
-- house's own accounts are the oldest and the busiest, so they are locked last and shortest), new rows by id.

-- Opens an account, or finds it open. Gives its number. Throws when it exists otherwise than asked for.
CREATE FUNCTION ledger_open_account(of_code text, of_currency text, is_guarded boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  found accounts;
BEGIN
  SELECT * INTO found FROM accounts WHERE code = of_code;
  IF found.id IS NULL THEN
    INSERT INTO accounts (code, currency, guarded) VALUES (of_code, of_currency, is_guarded)
    ON CONFLICT (code) DO NOTHING RETURNING * INTO found;
  END IF;
  IF found.id IS NULL THEN
    SELECT * INTO found FROM accounts WHERE code = of_code;
  END IF;
  IF found.currency <> of_currency OR found.guarded <> is_guarded THEN
    RAISE EXCEPTION 'account % exists with another currency or guard', of_code;
  END IF;
  RETURN found.id;
END $$;

-- Locks the accounts among `touched` in falling order and writes their new totals and history heads. Gives, for each
-- account, the head it had. Throws LW001 when an account is missing, closed, of another currency, or would be debited
-- by more than it had available before the batch.
-- The plan is held to one shape, accounts looked up one after the other in the order of `change`: that is the lock order.
CREATE FUNCTION ledger_totals(ids uuid[], kinds transfer_kind[], debits bigint[], credits bigint[], amounts bigint[],
  released bigint[], of_currencies text[], walked boolean, OUT touched bigint[], OUT heads uuid[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  wanted int;
BEGIN
  WITH entry AS (
    SELECT u.debit AS account, u.n, u.currency,
      CASE WHEN kind IN ('single', 'post') THEN amount ELSE 0 END AS debit_posted,
      0::bigint AS credit_posted,
      CASE kind WHEN 'pending' THEN amount WHEN 'single' THEN 0 ELSE -release END AS debit_pending,
      0::bigint AS credit_pending,
      CASE WHEN kind IN ('single', 'pending') THEN amount ELSE 0 END AS need,
      CASE WHEN kind IN ('single', 'post') THEN u.n END AS posted_n
    FROM unnest(kinds, debits, amounts, released, of_currencies) WITH ORDINALITY
      AS u (kind, debit, amount, release, currency, n)
    UNION ALL
    SELECT u.credit, u.n, u.currency, 0,
      CASE WHEN kind IN ('single', 'post') THEN amount ELSE 0 END, 0,
      CASE kind WHEN 'pending' THEN amount WHEN 'single' THEN 0 ELSE -release END,
      0, CASE WHEN kind IN ('single', 'post') THEN u.n END
    FROM unnest(kinds, credits, amounts, released, of_currencies) WITH ORDINALITY
      AS u (kind, credit, amount, release, currency, n)
  ), change AS MATERIALIZED (
    SELECT account, currency, sum(debit_posted)::bigint AS debit_posted, sum(credit_posted)::bigint AS credit_posted,
      sum(debit_pending)::bigint AS debit_pending, sum(credit_pending)::bigint AS credit_pending,
      sum(need)::bigint AS need, max(posted_n) AS last_n
    FROM entry GROUP BY account, currency ORDER BY account DESC
  ), moved AS (
    UPDATE accounts AS a SET
      debits_posted = a.debits_posted + c.debit_posted,
      credits_posted = a.credits_posted + c.credit_posted,
      debits_pending = a.debits_pending + c.debit_pending,
      credits_pending = a.credits_pending + c.credit_pending,
      last_transfer_id = coalesce(ids[c.last_n], a.last_transfer_id)
    FROM change AS c
    WHERE a.id = c.account AND (walked OR (a.currency = c.currency AND a.closed_at IS NULL
      AND (NOT a.guarded OR a.credits_posted - a.debits_posted - a.debits_pending >= c.need)))
    RETURNING a.id, old.last_transfer_id AS head
  )
  SELECT array_agg(id), array_agg(head), (SELECT count(*) FROM change) INTO touched, heads, wanted FROM moved;
  IF cardinality(touched) IS DISTINCT FROM wanted THEN
    RAISE EXCEPTION 'the batch must be walked' USING ERRCODE = 'LW001';
  END IF;
END $$;

-- Moves a batch of which all must succeed, or throws: LW001 as ledger_totals, unique_violation when an id exists. For
-- posts and voids, `debits` and `credits` are those of the hold and `released` its amount.
CREATE FUNCTION ledger_move(ids uuid[], kinds transfer_kind[], debits bigint[], credits bigint[], amounts bigint[],
  released bigint[], of_currencies text[], codes transfer_code[], pendings uuid[], subjects uuid[], at timestamptz,
  walked boolean) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  touched bigint[];
  heads uuid[];
BEGIN
  SELECT t.touched, t.heads INTO touched, heads
  FROM ledger_totals(ids, kinds, debits, credits, amounts, released, of_currencies, walked) AS t;

  WITH posted AS (
    SELECT account, n, is_debit, lag(n) OVER (PARTITION BY account ORDER BY n) AS previous
    FROM (
      SELECT debit AS account, n, true AS is_debit FROM unnest(kinds, debits) WITH ORDINALITY AS u (kind, debit, n)
      WHERE kind IN ('single', 'post')
      UNION ALL
      SELECT credit, n, false FROM unnest(kinds, credits) WITH ORDINALITY AS u (kind, credit, n)
      WHERE kind IN ('single', 'post')
    ) AS side
  ), link AS (
    SELECT n, is_debit, coalesce(ids[previous], h.head) AS previous_id
    FROM posted JOIN unnest(touched, heads) AS h (account, head) USING (account)
  )
  INSERT INTO transfers (id, debit_id, credit_id, amount, created_at, kind, code, currency, pending_id, subject_id,
    debit_previous_id, credit_previous_id)
  SELECT u.id, u.debit, u.credit, u.amount, at, u.kind, u.code, u.currency, u.pending, u.subject,
    d.previous_id, c.previous_id
  FROM unnest(ids, kinds, debits, credits, amounts, of_currencies, codes, pendings, subjects) WITH ORDINALITY
    AS u (id, kind, debit, credit, amount, currency, code, pending, subject, n)
    LEFT JOIN link AS d ON d.n = u.n AND d.is_debit
    LEFT JOIN link AS c ON c.n = u.n AND NOT c.is_debit
  ORDER BY u.id;

  IF 'pending' = ANY (kinds) THEN
    INSERT INTO pending_transfers (id, debit_id, credit_id, amount, state, currency)
    SELECT u.id, u.debit, u.credit, u.amount, 'pending', u.currency
    FROM unnest(ids, kinds, debits, credits, amounts, of_currencies) AS u (id, kind, debit, credit, amount, currency)
    WHERE u.kind = 'pending' ORDER BY u.id;
  END IF;
END $$;

-- Decides a batch one by one, under the locks of everything it touches. Gives the results, and for what was created the
-- accounts, amount, release and currency that ledger_move needs (a post or a void has those of its hold).
-- The order of the checks is the order in which a transfer with several faults is answered.
CREATE FUNCTION ledger_walk(ids uuid[], groups int[], kinds transfer_kind[], INOUT debits bigint[], INOUT credits bigint[],
  INOUT amounts bigint[], INOUT of_currencies text[], codes transfer_code[], pendings uuid[], subjects uuid[],
  latest uuid, OUT released bigint[], OUT results text[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  count int := cardinality(ids);
  largest CONSTANT bigint := 2100000000000000000; -- all the millisatoshi there will ever be
  -- Accounts, by position.
  account_ids bigint[]; available bigint[]; guards boolean[]; closed boolean[]; currencies text[];
  -- Holds that the batch refers to, by position: those stored, and those that the batch itself makes.
  hold_ids uuid[]; hold_states text[]; hold_debits bigint[]; hold_credits bigint[]; hold_amounts bigint[];
  hold_currencies text[]; hold_debit_at int[]; hold_credit_at int[];
  -- Transfers, by number: where their accounts and hold are, whether the id is usable, and who had it before.
  debit_at int[]; credit_at int[]; hold_at int[]; made_at int[]; usable boolean[]; stored_same boolean[]; first_n int[];
  -- By first number of an id: the number of the transfer of this batch that holds it now.
  owner int[] := array_fill(0, ARRAY[cardinality(ids)]);
  group_start int := 1;
  broken boolean := false;
  result text;
  d int; c int; h int; other int;
BEGIN
  released := array_fill(0::bigint, ARRAY[count]);
  results := array_fill(NULL::text, ARRAY[count]);

  PERFORM FROM pending_transfers WHERE id = ANY (pendings) ORDER BY id FOR NO KEY UPDATE;
  SELECT array_agg(w.id), array_agg(p.state::text), array_agg(p.debit_id), array_agg(p.credit_id),
    array_agg(p.amount), array_agg(p.currency)
  INTO hold_ids, hold_states, hold_debits, hold_credits, hold_amounts, hold_currencies
  FROM (SELECT DISTINCT id FROM unnest(pendings) AS w (id) WHERE id IS NOT NULL) AS w
  LEFT JOIN (SELECT * FROM pending_transfers WHERE id = ANY (pendings)) AS p ON p.id = w.id;

  SELECT array_agg(a.id), array_agg(a.credits_posted - a.debits_posted - a.debits_pending), array_agg(a.guarded),
    array_agg(a.closed_at IS NOT NULL), array_agg(a.currency)
  INTO account_ids, available, guards, closed, currencies
  FROM (SELECT * FROM accounts WHERE id = ANY (debits || credits || hold_debits || hold_credits)
        ORDER BY id DESC FOR NO KEY UPDATE) AS a;

  SELECT array_agg(d.at::int ORDER BY w.at), array_agg(c.at::int ORDER BY w.at)
  INTO hold_debit_at, hold_credit_at
  FROM unnest(hold_debits, hold_credits) WITH ORDINALITY AS w (debit, credit, at)
  LEFT JOIN unnest(account_ids) WITH ORDINALITY AS d (id, at) ON d.id = w.debit
  LEFT JOIN unnest(account_ids) WITH ORDINALITY AS c (id, at) ON c.id = w.credit;

  -- Read after the locks: an equal transfer that was being posted on these accounts is there by now.
  SELECT array_agg(d.at::int ORDER BY u.n), array_agg(c.at::int ORDER BY u.n), array_agg(p.at::int ORDER BY u.n),
    array_agg(m.at::int ORDER BY u.n),
    array_agg(coalesce(uuid_extract_version(u.id) = 7 AND u.id < latest
      AND EXISTS (SELECT FROM ledger_months AS l WHERE u.id >= l.from_id AND u.id < l.to_id), false) ORDER BY u.n),
    array_agg(CASE WHEN t.id IS NOT NULL THEN (t.kind, t.code, t.pending_id, t.subject_id)
        IS NOT DISTINCT FROM (u.kind, u.code, u.pending, u.subject)
      AND (t.kind = 'void' OR t.amount = u.amount)
      AND (t.kind IN ('post', 'void') OR (t.debit_id, t.credit_id, t.currency) = (u.debit, u.credit, u.currency))
      END ORDER BY u.n),
    array_agg(u.first_n::int ORDER BY u.n)
  INTO debit_at, credit_at, hold_at, made_at, usable, stored_same, first_n
  FROM (
    SELECT *, min(n) OVER (PARTITION BY id) AS first_n
    FROM unnest(ids, kinds, debits, credits, amounts, of_currencies, codes, pendings, subjects) WITH ORDINALITY
      AS u (id, kind, debit, credit, amount, currency, code, pending, subject, n)
  ) AS u
  LEFT JOIN (SELECT * FROM transfers WHERE id = ANY (ids)) AS t ON t.id = u.id
  LEFT JOIN unnest(account_ids) WITH ORDINALITY AS d (id, at) ON d.id = u.debit
  LEFT JOIN unnest(account_ids) WITH ORDINALITY AS c (id, at) ON c.id = u.credit
  LEFT JOIN unnest(hold_ids) WITH ORDINALITY AS p (id, at) ON p.id = u.pending
  LEFT JOIN unnest(hold_ids) WITH ORDINALITY AS m (id, at) ON m.id = u.id AND u.kind = 'pending';

  FOR n IN 1..count LOOP
    IF n > 1 AND groups[n] IS DISTINCT FROM groups[n - 1] THEN
      group_start := n;
      broken := false;
    END IF;
    IF broken THEN
      results[n] := 'linked_failed';
      CONTINUE;
    END IF;

    other := owner[first_n[n]];
    result := CASE
      WHEN NOT usable[n] THEN 'id_invalid'
      WHEN stored_same[n] THEN 'exists'
      WHEN NOT stored_same[n] THEN 'exists_different'
      WHEN other > 0 THEN CASE
        WHEN (kinds[n], codes[n], pendings[n], subjects[n])
            IS NOT DISTINCT FROM (kinds[other], codes[other], pendings[other], subjects[other])
          AND (kinds[n] = 'void' OR amounts[n] = amounts[other])
          AND (kinds[n] IN ('post', 'void')
            OR (debits[n], credits[n], of_currencies[n]) = (debits[other], credits[other], of_currencies[other]))
        THEN 'exists' ELSE 'exists_different' END
      END;

    IF result IS NULL AND kinds[n] IN ('post', 'void') THEN
      h := hold_at[n];
      result := CASE
        WHEN kinds[n] = 'post' AND coalesce(amounts[n] NOT BETWEEN 1 AND largest, true) THEN 'amount_invalid'
        WHEN hold_states[h] IS NULL OR debits[n] <> hold_debits[h] OR credits[n] <> hold_credits[h]
          THEN 'pending_not_found'
        WHEN hold_states[h] = 'posted' THEN 'already_posted'
        WHEN hold_states[h] = 'voided' THEN 'already_voided'
        WHEN kinds[n] = 'post' AND amounts[n] > hold_amounts[h] THEN 'amount_above_pending'
        WHEN kinds[n] = 'post' AND (closed[hold_debit_at[h]] OR closed[hold_credit_at[h]]) THEN 'account_closed'
        ELSE 'created' END;
      IF result = 'created' THEN
        d := hold_debit_at[h];
        c := hold_credit_at[h];
        debits[n] := hold_debits[h];
        credits[n] := hold_credits[h];
        of_currencies[n] := hold_currencies[h];
        released[n] := hold_amounts[h];
        debit_at[n] := d;
        credit_at[n] := c;
        available[d] := available[d] + hold_amounts[h];
        IF kinds[n] = 'post' THEN
          available[d] := available[d] - amounts[n];
          available[c] := available[c] + amounts[n];
          hold_states[h] := 'posted';
        ELSE
          amounts[n] := hold_amounts[h];
          hold_states[h] := 'voided';
        END IF;
      END IF;
    ELSIF result IS NULL THEN
      d := debit_at[n];
      c := credit_at[n];
      result := CASE
        WHEN coalesce(amounts[n] NOT BETWEEN 1 AND largest, true) THEN 'amount_invalid'
        WHEN debits[n] = credits[n] THEN 'same_account'
        WHEN d IS NULL OR c IS NULL THEN 'account_missing'
        WHEN closed[d] OR closed[c] THEN 'account_closed'
        WHEN of_currencies[n] IS DISTINCT FROM currencies[d] OR of_currencies[n] IS DISTINCT FROM currencies[c]
          THEN 'currency_mismatch'
        WHEN guards[d] AND available[d] < amounts[n] THEN 'insufficient_funds'
        ELSE 'created' END;
      IF result = 'created' THEN
        available[d] := available[d] - amounts[n];
        IF kinds[n] = 'single' THEN
          available[c] := available[c] + amounts[n];
        ELSIF made_at[n] IS NOT NULL THEN
          h := made_at[n];
          hold_states[h] := 'pending';
          hold_debits[h] := debits[n];
          hold_credits[h] := credits[n];
          hold_amounts[h] := amounts[n];
          hold_currencies[h] := of_currencies[n];
          hold_debit_at[h] := d;
          hold_credit_at[h] := c;
        END IF;
      END IF;
    END IF;

    results[n] := result;
    IF result = 'created' THEN
      owner[first_n[n]] := n;
    ELSIF result <> 'exists' THEN
      broken := true;
      -- The group fails whole: what it had done is taken back, the last first.
      FOR back IN REVERSE n - 1..group_start LOOP
        IF results[back] = 'created' THEN
          d := debit_at[back];
          c := credit_at[back];
          owner[first_n[back]] := 0;
          available[d] := available[d] - released[back];
          IF kinds[back] <> 'void' THEN
            available[d] := available[d] + amounts[back];
          END IF;
          IF kinds[back] IN ('single', 'post') THEN
            available[c] := available[c] - amounts[back];
          END IF;
          IF kinds[back] IN ('post', 'void') THEN
            hold_states[hold_at[back]] := 'pending';
            released[back] := 0;
          ELSIF made_at[back] IS NOT NULL THEN
            hold_states[made_at[back]] := NULL;
          END IF;
        END IF;
        results[back] := 'linked_failed';
      END LOOP;
    END IF;
  END LOOP;
END $$;

-- Posts a batch. See the head of this file; src/domain/ledger.ts names kinds, codes and results.
--   groups      transfers that stand together with one number succeed or fail together
--   debits, credits   may be null for posts and voids, which have those of their hold; if not, they must be those
--   of_currencies   ignored for posts and voids, which have that of their hold
--   amounts     ignored for voids
--   now_ms      the time, in milliseconds since 1970: written as created_at, and the limit for ids from the future
CREATE FUNCTION ledger_post(ids uuid[], groups int[], kinds transfer_kind[], debits bigint[], credits bigint[],
  amounts bigint[], of_currencies text[], codes transfer_code[], pendings uuid[], subjects uuid[], now_ms bigint)
RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off AS $$
DECLARE
  count int := coalesce(cardinality(ids), 0);
  largest CONSTANT bigint := 2100000000000000000;
  at timestamptz := to_timestamp(now_ms / 1000.0);
  -- 40 days from now.
  latest uuid := (lpad(to_hex(now_ms + 3456000000), 12, '0') || repeat('f', 20))::uuid;
  plain boolean;
  ends int;
  ended int := 0;
  hold record;
  walk record;
  all_debits bigint[] := debits;
  all_credits bigint[] := credits;
  all_amounts bigint[] := amounts;
  all_currencies text[] := of_currencies;
  released bigint[];
BEGIN
  IF count = 0 THEN
    RETURN '{}';
  END IF;
  IF count <> ANY (ARRAY[cardinality(groups), cardinality(kinds), cardinality(debits), cardinality(credits),
      cardinality(amounts), cardinality(of_currencies), cardinality(codes), cardinality(pendings), cardinality(subjects)])
  THEN
    RAISE EXCEPTION 'the arrays of a batch must be of one length';
  END IF;

  BEGIN
    -- Whether every transfer is sound in itself, with ids in the months from the oldest to the newest.
    SELECT bool_and(coalesce(uuid_extract_version(id) = 7 AND id >= lowest AND id < highest AND id < latest
        AND CASE WHEN kind IN ('single', 'pending') THEN amount BETWEEN 1 AND largest AND debit <> credit
          ELSE pending IS NOT NULL AND (kind = 'void' OR amount BETWEEN 1 AND largest) END, false)),
      count(*) FILTER (WHERE kind IN ('post', 'void'))
    INTO plain, ends
    FROM unnest(ids, kinds, debits, credits, amounts, pendings) AS u (id, kind, debit, credit, amount, pending)
    CROSS JOIN (SELECT first_id(min(month)) AS lowest, first_id((max(month) + interval '1 month')::date) AS highest
                FROM ledger_months) AS l;
    IF NOT plain THEN
      RAISE EXCEPTION 'the batch must be walked' USING ERRCODE = 'LW001';
    END IF;
    released := array_fill(0::bigint, ARRAY[count]);
    IF ends > 0 THEN
      PERFORM FROM pending_transfers WHERE id = ANY (pendings) ORDER BY id FOR NO KEY UPDATE;
      FOR hold IN
        UPDATE pending_transfers AS p
        SET state = CASE WHEN u.kind = 'post' THEN 'posted' ELSE 'voided' END::pending_state
        FROM unnest(kinds, debits, credits, amounts, pendings) WITH ORDINALITY
          AS u (kind, debit, credit, amount, pending, n)
        WHERE p.id = ANY (pendings) AND p.id = u.pending AND p.state = 'pending' AND (u.kind = 'void' OR u.amount <= p.amount)
          AND p.debit_id = coalesce(u.debit, p.debit_id) AND p.credit_id = coalesce(u.credit, p.credit_id)
        RETURNING u.n, u.kind, p.debit_id, p.credit_id, p.amount, p.currency
      LOOP
        ended := ended + 1;
        released[hold.n] := hold.amount;
        all_debits[hold.n] := hold.debit_id;
        all_credits[hold.n] := hold.credit_id;
        all_currencies[hold.n] := hold.currency;
        IF hold.kind = 'void' THEN
          all_amounts[hold.n] := hold.amount;
        END IF;
      END LOOP;
      IF ended <> ends THEN
        RAISE EXCEPTION 'the batch must be walked' USING ERRCODE = 'LW001';
      END IF;
    END IF;
    PERFORM ledger_move(ids, kinds, all_debits, all_credits, all_amounts, released, all_currencies, codes, pendings,
      subjects, at, false);
    RETURN array_fill('created'::text, ARRAY[count]);
  EXCEPTION WHEN unique_violation OR check_violation OR SQLSTATE 'LW001' THEN
    NULL; -- Nothing of it has happened, and its locks are given back.
  END;

  LOOP
    walk := ledger_walk(ids, groups, kinds, debits, credits, amounts, of_currencies, codes, pendings, subjects, latest);
    BEGIN
      PERFORM ledger_move(array_agg(u.id ORDER BY n), array_agg(u.kind ORDER BY n), array_agg(u.debit ORDER BY n),
        array_agg(u.credit ORDER BY n), array_agg(u.amount ORDER BY n), array_agg(u.release ORDER BY n),
        array_agg(u.currency ORDER BY n), array_agg(u.code ORDER BY n), array_agg(u.pending ORDER BY n),
        array_agg(u.subject ORDER BY n), at, true)
      FROM unnest(ids, kinds, walk.debits, walk.credits, walk.amounts, walk.released, walk.of_currencies, codes, pendings,
        subjects, walk.results) WITH ORDINALITY
        AS u (id, kind, debit, credit, amount, release, currency, code, pending, subject, result, n)
      WHERE u.result = 'created'
      HAVING count(*) > 0;
      UPDATE pending_transfers AS p
      SET state = CASE WHEN u.kind = 'post' THEN 'posted' ELSE 'voided' END::pending_state
      FROM unnest(kinds, pendings, walk.results) AS u (kind, pending, result)
      WHERE p.id = ANY (pendings) AND p.id = u.pending AND u.result = 'created';
      RETURN walk.results;
    EXCEPTION WHEN unique_violation THEN
      NULL; -- An id of the batch was being used on other accounts. It is there to be seen now: look again.
    END;
  END LOOP;
END $$;
