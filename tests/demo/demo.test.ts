// The demo as a newcomer meets it: one command, a page, a person who is paid; the wallets are there at the next start;
// and however it ends, by Ctrl-C or by force, no process of it stays.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { freePorts, until } from '../../scripts/process.ts';
import { ROOT } from '../../scripts/root.ts';

const START_MS = 90_000;
const folder = mkdtempSync(join(tmpdir(), 'satfleet-demo-'));
// PostgreSQL runs as another user when we are root.
chmodSync(folder, 0o755);
const started: ChildProcess[] = [];

afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await until('all is gone', 10_000, async () => remaining().length === 0);
  rmSync(folder, { recursive: true, force: true });
});

/** Command lines of processes that work in our folder. */
function remaining(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
        const isOurs = text.includes(folder) && Number(pid) !== process.pid;
        return isOurs ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')] : [];
      } catch {
        return [];
      }
    });
}

/** Runs `npm run demo`, as the folder's owner would, and gives it with the page's address. */
async function start(): Promise<{ child: ChildProcess; url: string; output: () => string }> {
  const [port = 0] = await freePorts(1);
  const args = ['run', 'demo', '--', '--data', folder, '--port', String(port), '--bots', '1'];
  const { DATABASE_URL: _, ...env } = process.env;
  const child = spawn('npm', args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const url = await until('the demo shows its page', START_MS, async () => {
    if (child.exitCode !== null) throw new Error(output);
    return /^ +(http:\S+)$/m.exec(output)?.[1];
  });
  return { child, url, output: () => output };
}

async function post(url: string, path: string, body: object): Promise<Record<string, string>> {
  const answer = await fetch(url + path, { method: 'POST', body: JSON.stringify(body) });
  expect(answer.status, `${path}: ${await answer.clone().text()}`).toBe(200);
  return (await answer.json()) as Record<string, string>;
}

/** Says something as Asha and waits for an answer that matches. */
async function say(url: string, text: string, answer: RegExp): Promise<string> {
  const before = (await messages(url)).length;
  await post(url, `${await chatOf(url)}/say`, { text });
  return hear(url, answer, before);
}

/** Waits for a message that matches, from the given place on. */
function hear(url: string, message: RegExp, from = 0): Promise<string> {
  return until(`a message like ${message}`, 20_000, async () =>
    (await messages(url)).slice(from).find((text) => message.test(text)),
  );
}

async function chatOf(url: string): Promise<string> {
  const { people } = (await (await fetch(`${url}/setup.json`)).json()) as { people: { id: number }[] };
  return `/people/${people[0]?.id}`;
}

async function messages(url: string): Promise<string[]> {
  const answer = await fetch(`${url}${await chatOf(url)}/chat`);
  const view = (await answer.json()) as { messages: { text?: string; caption?: string }[] };
  return view.messages.map(({ text, caption }) => text ?? caption ?? '');
}

test.runIf(process.platform === 'linux')('a first day, a night, a second day, and a sudden end', async () => {
  const first = await start();
  await say(first.url, '/start', /wallet is ready/i);
  const invoice = await say(first.url, '/receive 5000', /lnbcrt\w+/);
  const request = /lnbcrt\w+/.exec(invoice)?.[0] ?? '';
  const outcome = await post(first.url, '/lightning/nodes/carol/pay', { request });
  expect(outcome.state).toBe('paid');
  await hear(first.url, /Received 5,000 sats/);
  await say(first.url, '/balance', /5,000 sats/);
  const counter = (await (await fetch(`${first.url}/counter.json`)).json()) as {
    instances: { kind: string }[];
    books: { currencies: { code: string; sum: string }[] };
  };
  expect(counter.instances.map(({ kind }) => kind).sort()).toEqual(['bot', 'worker']);
  expect(counter.books.currencies).toEqual([{ code: 'BTC', sum: '0' }]);

  first.child.kill('SIGINT');
  await until('Ctrl-C ended everything', 30_000, async () => remaining().length === 0);
  expect(first.output()).toContain('the wallets are kept');

  const second = await start();
  await say(second.url, '/balance', /5,000 sats/);
  second.child.kill('SIGKILL');
  await until('a kill -9 of npm ended everything', 30_000, async () => remaining().length === 0);
});
