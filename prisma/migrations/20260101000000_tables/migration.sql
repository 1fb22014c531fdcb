-- The tables of schema.prisma, as Prisma makes them, with three changes by hand that Prisma does not see: `transfers` is
-- partitioned by month on its UUIDv7 id, accounts number themselves, and rows that are updated often leave room for it.

-- CreateEnum
CREATE TYPE "transfer_kind" AS ENUM ('single', 'pending', 'post', 'void');

-- CreateEnum
CREATE TYPE "transfer_code" AS ENUM ('deposit', 'hold', 'pay', 'outflow', 'release', 'send', 'claim_hold', 'claim', 'return', 'capital', 'routing_fee', 'routing_income', 'chain_fee', 'suspense', 'adjust');

-- CreateEnum
CREATE TYPE "pending_state" AS ENUM ('pending', 'posted', 'voided');

-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "language" TEXT NOT NULL,
    "currency" TEXT NOT NULL,
    "zone" TEXT NOT NULL,
    "role" TEXT NOT NULL DEFAULT 'person',
    "onboarded_at" TIMESTAMPTZ(3),
    "wallet_id" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "identities" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "channel" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,
    "username" TEXT,
    "name" TEXT,

    CONSTRAINT "identities_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "chats" (
    "id" UUID NOT NULL,
    "identity_id" UUID NOT NULL,
    "bot" TEXT NOT NULL,
    "chat_id" TEXT NOT NULL,
    "blocked" BOOLEAN NOT NULL DEFAULT false,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "chats_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "cards" (
    "subject_id" UUID NOT NULL,
    "chat_row_id" UUID NOT NULL,
    "message_id" TEXT NOT NULL,
    "photo" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "cards_pkey" PRIMARY KEY ("subject_id","chat_row_id")
);

-- CreateTable
CREATE TABLE "payments" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "state" TEXT NOT NULL,
    "payment_hash" TEXT NOT NULL,
    "request" TEXT NOT NULL,
    "destination" TEXT NOT NULL,
    "amount_msat" BIGINT NOT NULL,
    "fee_ceiling_msat" BIGINT NOT NULL,
    "fee_msat" BIGINT,
    "node" TEXT,
    "own_invoice_id" UUID,
    "preimage" TEXT,
    "failure" TEXT,
    "memo" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "sent_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "payments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "invoices" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "state" TEXT NOT NULL,
    "node" TEXT,
    "payment_hash" TEXT,
    "request" TEXT,
    "amount_msat" BIGINT,
    "received_msat" BIGINT,
    "memo" TEXT,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "invoices_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sends" (
    "id" UUID NOT NULL,
    "from_user_id" UUID NOT NULL,
    "to_user_id" UUID,
    "to_name" TEXT NOT NULL,
    "amount_msat" BIGINT NOT NULL,
    "memo" TEXT,
    "state" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "sends_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "requests" (
    "id" UUID NOT NULL,
    "from_user_id" UUID NOT NULL,
    "to_user_id" UUID NOT NULL,
    "amount_msat" BIGINT NOT NULL,
    "memo" TEXT,
    "state" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "requests_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "outbox" (
    "id" UUID NOT NULL,
    "queue" TEXT NOT NULL,
    "subject_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notices" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "subject_id" UUID NOT NULL,
    "details" JSONB NOT NULL,
    "state" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "sent_at" TIMESTAMPTZ(3),

    CONSTRAINT "notices_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rates" (
    "id" UUID NOT NULL,
    "leg" TEXT NOT NULL,
    "micro" BIGINT NOT NULL,
    "sources" TEXT[],
    "state" TEXT NOT NULL,
    "source_at" TIMESTAMPTZ(3) NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "rates_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "lightning_nodes" (
    "name" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "adopted_at" TIMESTAMPTZ(3) NOT NULL,
    "added_index" BIGINT NOT NULL DEFAULT 0,
    "settled_index" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "lightning_nodes_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "audit" (
    "id" UUID NOT NULL,
    "actor_id" UUID NOT NULL,
    "action" TEXT NOT NULL,
    "details" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "audit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "accounts" (
    "id" BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    "debits_posted" BIGINT NOT NULL DEFAULT 0,
    "credits_posted" BIGINT NOT NULL DEFAULT 0,
    "debits_pending" BIGINT NOT NULL DEFAULT 0,
    "credits_pending" BIGINT NOT NULL DEFAULT 0,
    "last_transfer_id" UUID,
    "closed_at" TIMESTAMPTZ(3),
    "guarded" BOOLEAN NOT NULL,
    "currency" TEXT NOT NULL,
    "code" TEXT NOT NULL,

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("id")
) WITH (fillfactor = 60);

-- CreateTable
CREATE TABLE "transfers" (
    "id" UUID NOT NULL,
    "debit_id" BIGINT NOT NULL,
    "credit_id" BIGINT NOT NULL,
    "amount" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "kind" "transfer_kind" NOT NULL,
    "code" "transfer_code" NOT NULL,
    "currency" TEXT NOT NULL,
    "pending_id" UUID,
    "subject_id" UUID,
    "debit_previous_id" UUID,
    "credit_previous_id" UUID,

    CONSTRAINT "transfers_pkey" PRIMARY KEY ("id")
) PARTITION BY RANGE ("id");

-- CreateTable
CREATE TABLE "pending_transfers" (
    "id" UUID NOT NULL,
    "debit_id" BIGINT NOT NULL,
    "credit_id" BIGINT NOT NULL,
    "amount" BIGINT NOT NULL,
    "state" "pending_state" NOT NULL,
    "currency" TEXT NOT NULL,

    CONSTRAINT "pending_transfers_pkey" PRIMARY KEY ("id")
) WITH (fillfactor = 80);

-- CreateTable
CREATE TABLE "ledger_months" (
    "month" DATE NOT NULL,
    "from_id" UUID NOT NULL,
    "to_id" UUID NOT NULL,

    CONSTRAINT "ledger_months_pkey" PRIMARY KEY ("month")
);

-- CreateTable
CREATE TABLE "detached_totals" (
    "account_id" BIGINT NOT NULL,
    "debits_posted" BIGINT NOT NULL,
    "credits_posted" BIGINT NOT NULL,

    CONSTRAINT "detached_totals_pkey" PRIMARY KEY ("account_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_wallet_id_key" ON "users"("wallet_id");

-- CreateIndex
CREATE INDEX "identities_channel_username_idx" ON "identities"("channel", "username");

-- CreateIndex
CREATE INDEX "identities_user_id_idx" ON "identities"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "identities_channel_external_id_key" ON "identities"("channel", "external_id");

-- CreateIndex
CREATE INDEX "chats_identity_id_last_seen_at_idx" ON "chats"("identity_id", "last_seen_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "chats_bot_chat_id_key" ON "chats"("bot", "chat_id");

-- CreateIndex
CREATE INDEX "payments_user_id_id_idx" ON "payments"("user_id", "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "invoices_payment_hash_key" ON "invoices"("payment_hash");

-- CreateIndex
CREATE INDEX "invoices_user_id_id_idx" ON "invoices"("user_id", "id" DESC);

-- CreateIndex
CREATE INDEX "sends_from_user_id_id_idx" ON "sends"("from_user_id", "id" DESC);

-- CreateIndex
CREATE INDEX "requests_to_user_id_id_idx" ON "requests"("to_user_id", "id" DESC);

-- CreateIndex
CREATE INDEX "requests_from_user_id_id_idx" ON "requests"("from_user_id", "id" DESC);

-- CreateIndex
CREATE INDEX "outbox_due_at_idx" ON "outbox"("due_at");

-- CreateIndex
CREATE UNIQUE INDEX "notices_user_id_kind_subject_id_key" ON "notices"("user_id", "kind", "subject_id");

-- CreateIndex
CREATE INDEX "rates_leg_at_idx" ON "rates"("leg", "at" DESC);

-- CreateIndex
CREATE INDEX "audit_at_idx" ON "audit"("at");

-- CreateIndex
CREATE UNIQUE INDEX "accounts_code_key" ON "accounts"("code");

-- AddForeignKey
ALTER TABLE "identities" ADD CONSTRAINT "identities_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "chats" ADD CONSTRAINT "chats_identity_id_fkey" FOREIGN KEY ("identity_id") REFERENCES "identities"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cards" ADD CONSTRAINT "cards_chat_row_id_fkey" FOREIGN KEY ("chat_row_id") REFERENCES "chats"("id") ON DELETE CASCADE ON UPDATE CASCADE;
