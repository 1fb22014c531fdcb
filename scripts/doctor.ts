// `npm run doctor`: tests a deployment as its operator would, from the machine and with the variables (or the .env) of a
// worker; `npm run doctor -- bot` with those of a bot, which knows no Lightning node. One line for each thing, with what
// to do about it; ends with 1 when anything is a fault. It changes nothing and prints no secret.
import { type Config, ConfigError, loadConfig, type ProcessKind, secretsOf } from '../src/base/config.ts';
import { redactor } from '../src/base/logger.ts';
import { connectRedis } from '../src/infra/redis/connection.ts';
import { listInstances } from '../src/infra/redis/instances.ts';
import { checkClocks } from './doctor/clocks.ts';
import { checkDatabase } from './doctor/database.ts';
import { type Finding, fault, ok, reason, warning } from './doctor/finding.ts';
import { checkLightning } from './doctor/lightning.ts';
import { checkTheWatch } from './doctor/promises.ts';
import { checkRedis } from './doctor/redis.ts';
import { checkTelegram } from './doctor/telegram.ts';

const MARKS: Record<Finding['level'], string> = { ok: 'ok     ', warning: 'WARNING', fault: 'FAULT  ' };
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const [given = 'worker'] = process.argv.slice(2);
if (given !== 'worker' && given !== 'bot') {
  console.error('npm run doctor [-- bot]: tests what a worker needs, or with "bot" what a bot needs.');
  process.exit(1);
}
process.exit(await doctor(given));

async function doctor(kind: ProcessKind): Promise<number> {
  let config: Config;
  try {
    config = loadConfig(kind);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const todo = 'Set it; .env.example explains each variable.';
    return conclude(error.faults.map((what) => print(fault(what, todo), (text) => text)));
  }
  const clean = redactor(secretsOf(config)) as (text: string) => string;
  const findings = [print(ok('Every variable is present and sane'), clean)];
  const { list, processes } = await instances(config);
  findings.push(...list.map((finding) => print(finding, clean)));
  const checks = [
    checkDatabase(config, processes),
    checkTheWatch(config),
    checkRedis(config),
    ...(kind === 'worker' ? [checkLightning(config)] : []),
    checkTelegram(config),
    checkClocks(config),
  ];
  // Side by side, told in order.
  const pending = checks.map((check) =>
    check.catch((error) => [
      fault(`A check broke off: ${reason(error)}`, 'Mend the other faults, then run this again.'),
    ]),
  );
  for (const check of pending) for (const finding of await check) findings.push(print(finding, clean));
  return conclude(findings);
}

/** Who lives, by their heartbeats: also how many pools the database must hold. */
async function instances(config: Config): Promise<{ list: Finding[]; processes: number }> {
  try {
    const redis = await connectRedis({ url: config.REDIS_SESSION_URL, name: 'doctor', log: silent });
    const alive = await listInstances(redis).finally(() => redis.disconnect());
    const count = (kind: string) => alive.filter((instance) => instance.kind === kind).length;
    const [bots, workers] = [count('bot'), count('worker')];
    const what = `${bots} bot(s) and ${workers} worker(s) are alive`;
    const todo = 'Start at least one of each: bots answer, workers move money.';
    return { list: [bots > 0 && workers > 0 ? ok(what) : warning(what, todo)], processes: Math.max(alive.length, 2) };
  } catch {
    // Why it cannot be reached is told by its own check.
    return { list: [], processes: 2 };
  }
}

function print(finding: Finding, clean: (text: string) => string): Finding {
  console.log(`${MARKS[finding.level]}  ${clean(finding.what)}`);
  if (finding.todo) console.log(`         -> ${finding.todo}`);
  return finding;
}

function conclude(findings: readonly Finding[]): number {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  console.log(`\n${count('ok')} ok, ${count('warning')} warning(s), ${count('fault')} fault(s)`);
  return count('fault') > 0 ? 1 : 0;
}
