-- What lets the watch cost the same however long the house has lived: how far a node's movements are added up for good,
-- and what was found broken once and is to be looked at again before it stops sending.

-- CreateTable
CREATE TABLE "node_counts" (
    "node" TEXT NOT NULL,
    "round" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    "moved_msat" BIGINT NOT NULL,
    "invoice_index" BIGINT NOT NULL,
    "invoices_open" BIGINT[],
    "last_invoice" TEXT,
    "payment_index" BIGINT NOT NULL,
    "payments_open" BIGINT[],
    "last_payment" TEXT,

    CONSTRAINT "node_counts_pkey" PRIMARY KEY ("node","round")
);

-- CreateTable
CREATE TABLE "node_marks" (
    "node" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "invoice_index" BIGINT NOT NULL,
    "payment_index" BIGINT NOT NULL,

    CONSTRAINT "node_marks_pkey" PRIMARY KEY ("node","at")
);

-- CreateTable
CREATE TABLE "promise_doubts" (
    "promise" TEXT NOT NULL,
    "slice" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "promise_doubts_pkey" PRIMARY KEY ("promise","slice")
);

-- A count goes on, never back, whoever writes it.
CREATE FUNCTION refuse_count_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.version <> old.version + 1 OR new.invoice_index < old.invoice_index OR new.payment_index < old.payment_index THEN
    RAISE EXCEPTION 'the count of % does not go back', old.node USING ERRCODE = 'check_violation';
  END IF;
  RETURN new;
END $$;

CREATE TRIGGER node_counts_go_on BEFORE UPDATE ON node_counts
  FOR EACH ROW EXECUTE FUNCTION refuse_count_back();

GRANT SELECT, INSERT, UPDATE, DELETE ON node_counts TO satfleet_app;
GRANT SELECT, INSERT, DELETE ON node_marks, promise_doubts TO satfleet_app;
REVOKE ALL ON FUNCTION refuse_count_back FROM PUBLIC;
