-- Which database this is, so that a process can tell when it is another than yesterday's: one restored to an earlier
-- moment, or a replica that took over, may lack what people were told since. And until when its backups are known good.

CREATE TABLE "database_life" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "life" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "backup_kept_at" TIMESTAMPTZ(3),
    "backup_verified_at" TIMESTAMPTZ(3),

    CONSTRAINT "database_life_pkey" PRIMARY KEY ("id")
);

ALTER TABLE database_life ADD CONSTRAINT database_life_one_row CHECK (id = 1);

-- The server's own number and the timeline it writes on: PostgreSQL begins a new timeline whenever it ends a recovery.
CREATE FUNCTION present_life() RETURNS text LANGUAGE sql SET search_path = pg_catalog, pg_temp AS
  $$ SELECT system_identifier || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) FROM pg_control_system() $$;

INSERT INTO database_life (life, since) VALUES (present_life(), now());

REVOKE ALL ON FUNCTION present_life FROM PUBLIC;
GRANT EXECUTE ON FUNCTION present_life TO satfleet_app;
GRANT SELECT, UPDATE ON database_life TO satfleet_app;
