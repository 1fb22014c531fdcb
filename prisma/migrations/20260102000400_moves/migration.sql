-- A state moves only where it may, whoever moves it: the tables of allowed moves of src/domain/states.ts, held by the
-- database too. And the index of payments that two admins gave back by hand, which are asked about ever after.

CREATE FUNCTION refuse_other_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (old.state || '>' || new.state = ANY (TG_ARGV)) THEN
    RAISE EXCEPTION 'a row of % cannot move from % to %', TG_TABLE_NAME, old.state, new.state
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN new;
END $$;

CREATE TRIGGER payments_moves BEFORE UPDATE OF state ON payments
  FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state)
  EXECUTE FUNCTION refuse_other_moves('held>sending', 'held>failed', 'sending>paid', 'sending>failed');
CREATE TRIGGER invoices_moves BEFORE UPDATE OF state ON invoices
  FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state)
  EXECUTE FUNCTION refuse_other_moves('asked>open', 'asked>expired', 'open>closing', 'open>settled', 'open>canceled',
    'open>expired', 'closing>settled', 'closing>open', 'canceled>settled', 'expired>settled');
CREATE TRIGGER sends_moves BEFORE UPDATE OF state ON sends
  FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state)
  EXECUTE FUNCTION refuse_other_moves('held>claimed', 'held>returned', 'held>retracted');
CREATE TRIGGER requests_moves BEFORE UPDATE OF state ON requests
  FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state)
  EXECUTE FUNCTION refuse_other_moves('open>paid', 'open>declined', 'open>canceled', 'open>expired');

CREATE INDEX payments_freed ON payments (due_at) WHERE state = 'failed' AND cause LIKE 'admin:%';
