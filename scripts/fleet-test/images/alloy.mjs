// In Alloy's place, which cannot be had here: refuses to start unless its configuration is where Alloy reads it and its
// volume can be written; then reads the files that the configuration names, and pushes their lines to the address that it
// names, under the labels that Docker wrote into them.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const settings = readFileSync(process.argv.at(-1), 'utf8');
const pattern = /__path__ = "([^"]+)"/.exec(settings)[1];
const loki = /url = "([^"]+)"/.exec(settings)[1];
writeFileSync('/positions/positions', '');
const read = new Map();

async function ship(file) {
  const text = readFileSync(file, 'utf8');
  const from = read.get(file) ?? Math.max(0, text.length - 20_000);
  const lines = text.slice(from, text.lastIndexOf('\n') + 1).split('\n');
  const streams = lines.flatMap((line) => {
    if (!line.startsWith('{') || !line.endsWith('}')) return [];
    const { log, stream, time, attrs = {} } = JSON.parse(line);
    const { 'com.docker.compose.project': project, 'com.docker.compose.service': service } = attrs;
    return [{ stream: { project, service, stream }, values: [[String(Date.parse(time) * 1e6), log]] }];
  });
  if (streams.length > 0) {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(loki, { method: 'POST', headers, body: JSON.stringify({ streams }) });
    if (!answer.ok) throw new Error(`Loki says ${answer.status}`);
  }
  read.set(file, text.lastIndexOf('\n') + 1);
}

async function look() {
  for (const file of globSync(pattern)) await ship(file).catch((error) => console.error(file, error.message));
  setTimeout(look, 2_000);
}

createServer((_request, response) => response.end('ready')).listen(12_345, '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
void look();
