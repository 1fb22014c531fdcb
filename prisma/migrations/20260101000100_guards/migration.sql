-- What the database itself refuses, whoever asks: states outside their set, amounts that are not above zero, an account
-- that spends more than it has, and any change of what only ever gains rows. And the indexes of rows without an end.

ALTER TABLE accounts
  ADD CONSTRAINT accounts_no_overdraft CHECK (NOT guarded OR credits_posted - debits_posted - debits_pending >= 0),
  ADD CONSTRAINT accounts_totals CHECK (least(debits_posted, credits_posted, debits_pending, credits_pending) >= 0),
  ADD CONSTRAINT accounts_currency CHECK (currency ~ '^[A-Z]{3}$');

ALTER TABLE transfers
  ADD CONSTRAINT transfers_amount CHECK (amount > 0),
  ADD CONSTRAINT transfers_sides CHECK (debit_id <> credit_id),
  ADD CONSTRAINT transfers_pending CHECK ((pending_id IS NOT NULL) = (kind IN ('post', 'void')));

ALTER TABLE pending_transfers
  ADD CONSTRAINT pending_transfers_amount CHECK (amount > 0);

ALTER TABLE users
  ADD CONSTRAINT users_role CHECK (role IN ('person', 'admin'));

ALTER TABLE payments
  ADD CONSTRAINT payments_state CHECK (state IN ('held', 'sending', 'paid', 'failed')),
  ADD CONSTRAINT payments_amounts CHECK (amount_msat > 0 AND fee_ceiling_msat >= 0 AND fee_msat >= 0),
  -- Pinned to a node before it is sent; only what was never sent has none.
  ADD CONSTRAINT payments_node CHECK (state <> 'sending' OR node IS NOT NULL OR own_invoice_id IS NOT NULL),
  ADD CONSTRAINT payments_attempts CHECK (attempts >= 0);

ALTER TABLE invoices
  ADD CONSTRAINT invoices_state CHECK (state IN ('asked', 'open', 'closing', 'settled', 'canceled', 'expired')),
  ADD CONSTRAINT invoices_amounts CHECK (amount_msat > 0 AND received_msat > 0);

ALTER TABLE sends
  ADD CONSTRAINT sends_state CHECK (state IN ('done', 'held', 'claimed', 'returned', 'retracted')),
  ADD CONSTRAINT sends_amount CHECK (amount_msat > 0);

ALTER TABLE requests
  ADD CONSTRAINT requests_state CHECK (state IN ('open', 'paid', 'declined', 'canceled', 'expired')),
  ADD CONSTRAINT requests_amount CHECK (amount_msat > 0);

ALTER TABLE notices
  ADD CONSTRAINT notices_state CHECK (state IN ('waiting', 'sent', 'unreachable'));

ALTER TABLE rates
  ADD CONSTRAINT rates_state CHECK (state IN ('accepted', 'waiting')),
  ADD CONSTRAINT rates_micro CHECK (micro > 0);

-- One invoice is paid once, whoever pays and however often they tap; a failed try leaves it free for another.
CREATE UNIQUE INDEX payments_payment_hash_live ON payments (payment_hash) WHERE state <> 'failed';

-- The rows without an end, which the sweeps look through: few, however many have ended.
CREATE INDEX payments_due ON payments (due_at) WHERE state IN ('held', 'sending');
CREATE INDEX invoices_unfinished ON invoices (expires_at) WHERE state IN ('asked', 'open', 'closing');
CREATE INDEX sends_held ON sends (expires_at) WHERE state = 'held';
CREATE INDEX notices_waiting ON notices (created_at) WHERE state = 'waiting';
CREATE INDEX requests_open ON requests (expires_at) WHERE state = 'open';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE ON transfers
  FOR EACH ROW EXECUTE FUNCTION refuse_change('its rows are only added');
CREATE TRIGGER transfers_no_truncate BEFORE TRUNCATE ON transfers
  EXECUTE FUNCTION refuse_change('its rows are only added');
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('its rows are only added');
CREATE TRIGGER rates_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rates
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('its rows are only added');
CREATE TRIGGER accounts_kept BEFORE DELETE OR TRUNCATE ON accounts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('an account is closed, never removed');
-- Not fired by what changes the totals alone.
CREATE TRIGGER accounts_fixed BEFORE UPDATE OF id, code, currency, guarded ON accounts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('what an account is never changes');
