// In Grafana's place, which cannot be had here: refuses to start unless what Grafana would read is where it reads it and
// its volume can be written, then answers the one question its health check asks.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

for (const file of ['datasources/satfleet.yml', 'datasources/loki.yml', 'dashboards/satfleet.yml']) {
  readFileSync(`/etc/grafana/provisioning/${file}`);
}
for (const name of readdirSync('/etc/grafana/dashboards')) JSON.parse(readFileSync(`/etc/grafana/dashboards/${name}`));
const password = process.env.GF_SECURITY_ADMIN_PASSWORD__FILE;
if (!password || !readFileSync(password, 'utf8')) throw new Error('no password for the administrator');
writeFileSync('/var/lib/grafana/grafana.db', '');

createServer((request, response) => {
  response.writeHead(request.url === '/api/health' ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ database: 'ok', version: 'stand-in' }));
}).listen(3000, '0.0.0.0');
process.once('SIGTERM', () => process.exit(0));
