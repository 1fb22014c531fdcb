-- The months of `transfers`: made ahead by a job, detached when they are old. A month is a partition by the time in the
-- UUIDv7 ids; there is no default partition, so an id outside all months is refused by ledger_post.

-- The smallest id of a UTC day's first millisecond.
CREATE FUNCTION first_id(day date) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT
  RETURN (lpad(to_hex((extract(epoch FROM day::timestamp) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- Makes the month of `first` and those after it, `months` in all, where they are missing. Gives how many were made.
CREATE FUNCTION make_partitions(first date, months int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  made int := 0;
  start date := date_trunc('month', first::timestamp)::date;
  next date;
  name text;
BEGIN
  IF months NOT BETWEEN 1 AND 36 THEN
    RAISE EXCEPTION 'months must be from 1 to 36, not %', months;
  END IF;
  -- Two jobs at once make each month once.
  PERFORM pg_advisory_xact_lock(hashtext('make_partitions'));
  FOR i IN 1..months LOOP
    next := (start + interval '1 month')::date;
    IF NOT EXISTS (SELECT FROM ledger_months WHERE month = start) THEN
      name := 'transfers_' || to_char(start, 'YYYY_MM');
      -- Attaching an empty table, unlike CREATE ... PARTITION OF, does not stop those who read or post meanwhile.
      EXECUTE format('CREATE TABLE %I (LIKE transfers INCLUDING ALL)', name);
      EXECUTE format('ALTER TABLE transfers ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, first_id(start), first_id(next));
      EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I '
        'EXECUTE FUNCTION refuse_change(''its rows are only added'')', name);
      INSERT INTO ledger_months VALUES (start, first_id(start), first_id(next));
      made := made + 1;
    END IF;
    start := next;
  END LOOP;
  RETURN made;
END $$;

-- Takes an old month out of `transfers`; its table stays, for the owner to store away. What it had posted is kept per
-- account, so that the books still add up. Refused while a hold of it is open, and for the present and the last month.
CREATE FUNCTION detach_partition(of_month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  bounds ledger_months;
  name text := 'transfers_' || to_char(of_month, 'YYYY_MM');
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('make_partitions'));
  SELECT * INTO bounds FROM ledger_months WHERE month = of_month;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the month % is not attached', of_month;
  END IF;
  IF of_month > (now() AT TIME ZONE 'UTC') - interval '2 months' THEN
    RAISE EXCEPTION 'the month % is too young to be detached', of_month;
  END IF;
  -- From here on nothing is added to the month; the others are posted to until the last moment.
  EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', name);
  IF EXISTS (SELECT FROM pending_transfers
             WHERE id >= bounds.from_id AND id < bounds.to_id AND state = 'pending') THEN
    RAISE EXCEPTION 'the month % still has open holds', of_month;
  END IF;
  EXECUTE format($sql$
    INSERT INTO detached_totals AS d (account_id, debits_posted, credits_posted)
    SELECT account_id, sum(debits), sum(credits)
    FROM (SELECT debit_id AS account_id, amount AS debits, 0 AS credits FROM %1$I WHERE kind IN ('single', 'post')
          UNION ALL
          SELECT credit_id, 0, amount FROM %1$I WHERE kind IN ('single', 'post')) AS moved
    GROUP BY account_id
    ON CONFLICT (account_id) DO UPDATE SET
      debits_posted = d.debits_posted + excluded.debits_posted,
      credits_posted = d.credits_posted + excluded.credits_posted
  $sql$, name);
  EXECUTE format('ALTER TABLE transfers DETACH PARTITION %I', name);
  DELETE FROM pending_transfers WHERE id >= bounds.from_id AND id < bounds.to_id;
  DELETE FROM ledger_months WHERE month = of_month;
END $$;

SELECT make_partitions((now() AT TIME ZONE 'UTC' - interval '1 month')::date, 5);
