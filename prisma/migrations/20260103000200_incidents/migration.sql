-- Alerts as the house keeps them: each is one row however often it is repeated, with who took it on and when it was over;
-- and the calls that go out, one after the other, while nobody has taken it on. Both are only ever added to and ended.

-- CreateTable
CREATE TABLE "incidents" (
    "id" UUID NOT NULL,
    "told_id" UUID NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "summary" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "runbook" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "acked_at" TIMESTAMPTZ(3),
    "acked_by" UUID,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "incidents_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "escalations" (
    "id" UUID NOT NULL,
    "incident_id" UUID NOT NULL,
    "step" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "claimed_until" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "escalations_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "incidents_fingerprint_started_at_key" ON "incidents"("fingerprint", "started_at");

-- CreateIndex
CREATE INDEX "incidents_told_id_idx" ON "incidents"("told_id");

-- CreateIndex
CREATE UNIQUE INDEX "escalations_incident_id_step_key" ON "escalations"("incident_id", "step");

ALTER TABLE incidents
  ADD CONSTRAINT incidents_severity CHECK (severity IN ('info', 'warning', 'critical', 'emergency')),
  ADD CONSTRAINT incidents_acked CHECK ((acked_at IS NULL) = (acked_by IS NULL));
ALTER TABLE escalations
  ADD CONSTRAINT escalations_step CHECK (step IN ('webhook', 'pager', 'pager_ack', 'pager_over')),
  ADD CONSTRAINT escalations_state CHECK (state IN ('waiting', 'done', 'needless', 'failed')),
  ADD CONSTRAINT escalations_ended CHECK ((state = 'waiting') = (ended_at IS NULL));

-- What goes on now, and what is still to go out: few, however many there were.
CREATE INDEX incidents_open ON incidents (id) WHERE closed_at IS NULL;
CREATE INDEX escalations_waiting ON escalations (due_at) WHERE state = 'waiting';

GRANT SELECT, INSERT, UPDATE ON incidents, escalations TO satfleet_app;
