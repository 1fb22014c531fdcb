#!/bin/sh
# Lays out what docker-compose.scale.yml wants beside it, on a server that has Docker and nothing else of ours: one file
# for each secret, made by chance, and the folders for the rest. What is there already stays as it is. Files can be read by
# whichever user a container runs as; the folder around them keeps everybody else of the machine out.
set -eu
umask 022
cd "$(dirname "$0")/.."

random() { od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
make() { [ -s "secrets/$1" ] || printf '%s' "$2" >"secrets/$1"; }
address() { printf 'postgresql://%s:%s@postgres:5432/%s' "$1" "$2" "$3"; }

mkdir -p secrets backups lnd
# The other variables; without the file compose starts nothing.
[ -e .env.fleet ] || (umask 077 && : >.env.fleet)
chmod 700 secrets
mkdir -p secrets/lnd secrets/backup secrets/tls
make app_secret "$(random 32)"
make alerts_token "$(random 32)"
make backup_key "$(random 32)"
make grafana_password "$(random 16)"
make node_password "$(random 16)"
make postgres_password "$(random 24)"
make database_admin_url "$(address postgres "$(cat secrets/postgres_password)" postgres)"
make database_url "$(address satfleet_app "$(random 24)" satfleet)"
make database_owner_url "$(address satfleet_owner "$(random 24)" satfleet)"
make database_backup_url "$(address satfleet_backup "$(random 24)" satfleet)"
# The keeper's user in its container, and that of a node of our own.
if [ "$(id -u)" = 0 ]; then
  chown 999:999 backups
  chown 1000:1000 lnd
else
  echo "Not root: give ./backups to user 999 (and ./lnd to user 1000, should a node of your own run here) yourself."
fi

echo "The secrets are in ./secrets. On paper, in two places: backup_key and app_secret."
[ -s secrets/telegram_bots ] || echo "Missing: secrets/telegram_bots, the tokens from BotFather, separated by commas."
