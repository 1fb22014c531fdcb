// `npm run bench -- <name>`: runs one bench. Each prints a table and, as its last line, one JSON object, and fails when
// the books are not clean at its end.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { need } from './needs.ts';
import { ROOT } from './root.ts';

const HELPERS = ['report', 'rig', 'server', 'load', 'fill', 'echo', 'echo-bot'];

const names = readdirSync(join(ROOT, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
  .filter((name) => !HELPERS.includes(name));
const [name = '', ...rest] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`Which bench? npm run bench -- ${names.join(' | ')}`);
  process.exit(1);
}
await need('redis-server', (line) => console.error(line));
process.argv.splice(2, process.argv.length, ...rest);
await import(pathToFileURL(join(ROOT, 'bench', `${name}.ts`)).href);
