// A Redis of a test file's own. Promise: it listens on 127.0.0.1 alone, keeps its data in memory, and is gone when the
// test's process is gone.
import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find } from '../../scripts/needs.ts';
import { Daemon, freePorts, Guard } from '../../scripts/process.ts';

export type TestRedis = {
  /** Three databases of one server, which keeps every key (`noeviction`) and writes an append-only file. */
  queueUrl: string;
  sessionUrl: string;
  cacheUrl: string;
  /** Empties all three, as an operator's mishap would. */
  flush(): Promise<void>;
  /** Sends one command to the server and gives its answer as Redis wrote it. */
  command(...words: string[]): Promise<string>;
  /** Ends the server by force, for tests of its absence. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with what it had written. */
  restart(): Promise<void>;
};

let shared: Promise<TestRedis> | undefined;

/** The Redis of this test process; started by the first caller. */
export function testRedis(): Promise<TestRedis> {
  shared ??= startRedis();
  return shared;
}

/** One more server, for a test that ends it. */
export async function startRedis(): Promise<TestRedis> {
  const file = find('redis-server');
  if (!file) throw new Error('redis-server is missing: run the tests by "npm test", which installs it.');
  const folder = mkdtempSync(join(tmpdir(), 'satfleet-redis-'));
  const guard = new Guard(folder);
  const [port = 0] = await freePorts(1);
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const daemon = new Daemon({ name: 'Redis', file, args, logFile: join(folder, 'redis.log'), guard });
  const command = (...words: string[]) => ask(port, words);
  const restart = async () => {
    daemon.start();
    await daemon.until('answers', 10_000, async () => (await command('PING')) === '+PONG');
  };
  await restart();
  const url = (database: number) => `redis://127.0.0.1:${port}/${database}`;
  return {
    queueUrl: url(0),
    sessionUrl: url(1),
    cacheUrl: url(2),
    flush: async () => void (await command('FLUSHALL')),
    command,
    kill: () => daemon.kill(),
    restart,
  };
}

// One short answer needs no client library.
function ask(port: number, words: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').setTimeout(2_000, () => socket.destroy(new Error('Redis does not answer')));
    socket.on('error', reject);
    socket.on('data', (text) => {
      answer += text;
      if (answer.endsWith('\r\n')) socket.end();
    });
    socket.on('close', () => resolve(answer.trimEnd()));
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('');
    socket.write(`*${words.length}\r\n${parts}`);
  });
}
