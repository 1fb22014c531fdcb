// The sandbox's Telegram as a program: `node sandbox/telegram/main.ts --bot <token>,<username>,<name> [--bot ...]
// [--port N] [--dir FOLDER] [--limits real|off] [--retry-clock F]`. Prints one JSON line when ready; ends on SIGTERM.
import { parseArgs } from 'node:util';
import { startTelegram } from './server.ts';

const { values } = parseArgs({
  options: {
    bot: { type: 'string', multiple: true },
    port: { type: 'string' },
    dir: { type: 'string' },
    limits: { type: 'string', default: 'real' },
    'retry-clock': { type: 'string', default: '1' },
  },
});

const bots = (values.bot ?? []).map((given) => {
  const [token = '', username = '', first_name = username] = given.split(',');
  if (!token || !username) throw new Error('--bot wants <token>,<username>[,<name>]');
  return { token, username, first_name };
});

const telegram = await startTelegram({
  bots,
  limits: values.limits === 'off' ? 'off' : 'real',
  retryClock: Number(values['retry-clock']),
  ...(values.port ? { port: Number(values.port) } : {}),
  ...(values.dir ? { dir: values.dir } : {}),
});

console.log(JSON.stringify({ ready: true, url: telegram.url, bots: bots.map(({ username }) => username) }));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    telegram.stop().then(() => process.exit(0));
  });
}
