-- What the product's role may do. It reads the ledger and moves money only through ledger_post; it writes the state
-- tables, but takes no row away where money hangs on it; it adds to what is append-only. It owns nothing.

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'satfleet_app') THEN
    RAISE EXCEPTION 'The role satfleet_app does not exist. Set the database up first: roles belong to the server.';
  END IF;
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO satfleet_app;

GRANT SELECT ON accounts, transfers, pending_transfers, ledger_months, detached_totals TO satfleet_app;
GRANT SELECT, INSERT, UPDATE ON payments, invoices, sends, requests TO satfleet_app;
GRANT SELECT, INSERT ON audit, rates TO satfleet_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON users, identities, chats, cards, outbox, notices, lightning_nodes TO satfleet_app;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_post, ledger_open_account, ledger_history, make_partitions, detach_partition
  TO satfleet_app;

-- Whether all migrations are applied is for every process to see at its start.
DO $$
BEGIN
  IF to_regclass('_prisma_migrations') IS NOT NULL THEN
    GRANT SELECT ON _prisma_migrations TO satfleet_app;
  END IF;
END $$;
