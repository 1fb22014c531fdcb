#!/bin/bash
# As the real image starts: an empty volume becomes a cluster whose superuser has the password in POSTGRES_PASSWORD_FILE, by
# way of a server with the same settings that only the inside can reach; then the server itself.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" "$PGDATA"
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "$(printf '%q ' "${@:2}") -c listen_addresses='' -p 5432" -w start
  psql --username=postgres --no-password --dbname=postgres --command='SELECT 1' >/dev/null
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@"
