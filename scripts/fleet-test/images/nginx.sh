#!/bin/sh
# As the real image starts: each template becomes a file of conf.d, with the variables of the environment put in.
set -eu
names=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p' | tr '\n' ' ')
if [ ! -w /etc/nginx/conf.d ]; then
  echo "conf.d is not writable" >&2
  exit 1
fi
for template in /etc/nginx/templates/*.template; do
  name=$(basename "$template" .template)
  envsubst "$names" <"$template" >"/etc/nginx/conf.d/$name"
done
exec "$@"
