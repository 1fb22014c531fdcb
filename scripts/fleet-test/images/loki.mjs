// In Loki's place, which cannot be had here: refuses to start unless its configuration is where Loki reads it, says how
// long logs are kept, and its volume can be written; then takes what is pushed and gives it back by its labels.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const file = process.argv.find((word) => word.startsWith('-config.file='))?.slice('-config.file='.length);
const settings = readFileSync(file, 'utf8');
if (!/retention_period: 30d/.test(settings)) throw new Error('logs are not kept for thirty days');
writeFileSync('/loki/index', '');
const streams = new Map();

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://loki');
  const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  if (url.pathname === '/ready') return answer(200, 'ready');
  if (url.pathname === '/loki/api/v1/push' && request.method === 'POST') {
    const parts = [];
    for await (const part of request) parts.push(part);
    for (const { stream, values } of JSON.parse(Buffer.concat(parts)).streams) {
      const key = JSON.stringify(stream);
      streams.set(key, [...(streams.get(key) ?? []), ...values].slice(-100));
    }
    return answer(204, '');
  }
  if (url.pathname === '/loki/api/v1/query_range') {
    const wanted = /^\{(\w+)="([^"]*)"\}$/.exec(url.searchParams.get('query') ?? '');
    if (!wanted) return answer(400, 'parse error');
    const [, label, value] = wanted;
    const found = [...streams].map(([key, values]) => ({ stream: JSON.parse(key), values }));
    const result = found.filter(({ stream }) => stream[label] === value);
    return answer(200, JSON.stringify({ status: 'success', data: { resultType: 'streams', result } }));
  }
  return answer(404, '');
}).listen(3100, '0.0.0.0');
process.once('SIGTERM', () => process.exit(0));
