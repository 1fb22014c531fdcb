-- Where a person wants theirs to go should the house close: an invoice without an amount, from a wallet of their own.

CREATE TABLE "sweep_targets" (
    "user_id" UUID NOT NULL,
    "request" TEXT NOT NULL,
    "payment_hash" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sweep_targets_pkey" PRIMARY KEY ("user_id")
);

GRANT SELECT, INSERT, UPDATE ON sweep_targets TO satfleet_app;
