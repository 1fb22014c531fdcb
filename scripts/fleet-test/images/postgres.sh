#!/bin/bash
# As the real image starts: an empty volume becomes a cluster whose superuser has POSTGRES_PASSWORD, by way of a server
# that only the inside can reach; then the server itself.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  initdb --username=postgres --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "$PGDATA"
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@"
