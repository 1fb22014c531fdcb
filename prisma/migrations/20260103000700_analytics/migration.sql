-- What the pages of admins count, added up while it happens so that looking costs the same however many people there are:
-- who was here on a day is known by name for a few days only, then as a number for each day of opening.

-- CreateTable
CREATE TABLE "activity_days" (
    "day" DATE NOT NULL,
    "user_id" UUID NOT NULL,

    CONSTRAINT "activity_days_pkey" PRIMARY KEY ("day","user_id")
);

-- CreateTable
CREATE TABLE "activity_cohorts" (
    "day" DATE NOT NULL,
    "cohort" DATE NOT NULL,
    "people" INTEGER NOT NULL,

    CONSTRAINT "activity_cohorts_pkey" PRIMARY KEY ("day","cohort")
);

-- CreateTable
CREATE TABLE "activity_hours" (
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "result" TEXT NOT NULL,
    "count" BIGINT NOT NULL,

    CONSTRAINT "activity_hours_pkey" PRIMARY KEY ("hour","kind","name","result")
);

ALTER TABLE activity_cohorts ADD CONSTRAINT activity_cohorts_people CHECK (people > 0);
ALTER TABLE activity_hours
  ADD CONSTRAINT activity_hours_kind CHECK (kind IN ('command', 'job')),
  ADD CONSTRAINT activity_hours_count CHECK (count > 0);

GRANT SELECT, INSERT, DELETE ON activity_days TO satfleet_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON activity_cohorts, activity_hours TO satfleet_app;
