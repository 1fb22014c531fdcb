// What is looked at in the running fleet: what the outside can reach, how each container is locked in, what is measured,
// kept and logged, and whether the doctor finds anything wrong.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Phone } from '../../sandbox/telegram/person.ts';
import { ROOT } from '../root.ts';
import { check, step } from './report.ts';
import { type Stack, untilSeen, weaknesses } from './stack.ts';

const STRANGERS_BURST = 10;
const HOOK = 'http://127.0.0.1/telegram/7000000003';
const ALARMS_OF_FAULTS = ['InstanceGone', 'NoBot', 'NoWorker', 'BooksNotZero', 'NodeAgainstLedger', 'NotSolvent'];

export async function tellsNothingElse(certificate: string): Promise<void> {
  for (const path of ['/metrics', '/health', '/ready', '/alerts', '/admin', '/']) {
    check((await fetch(`http://127.0.0.1${path}`)).status === 404, `the outside gets nothing at ${path}`);
  }
  const status = await new Promise((resolve, reject) => {
    const asked = request({ host: 'localhost', ca: certificate, path: '/metrics' }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.once('error', reject).end();
  });
  check(status === 404, 'nginx speaks TLS with the certificate of ./secrets/tls');
  step('the outside reaches the webhooks alone, also by TLS');
}

/** The line of README.md that makes the first admin, with this person's name in it. */
export async function hasAFirstAdmin(stack: Stack, phone: Phone): Promise<void> {
  const [, line = ''] = /psql -d satfleet -c "([^"]+)"/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
  const sql = line.replace('yourname', phone.person.username ?? '');
  const said = await stack.compose('exec', '-T', 'postgres', 'psql', '-d', 'satfleet', '-c', sql);
  check(said.includes('UPDATE 1'), `somebody becomes the first admin: ${said}`);
  await phone.ask('/stats', /State of the fleet/, 30_000);
  step('the first admin is made as README.md says, and sees the fleet');
}

/** Whoever brings no secret is slowed down by address; whoever brings one, even a wrong one, is not. */
export async function refusesStrangers(): Promise<void> {
  const ask = async (headers: Record<string, string>) =>
    (await fetch(HOOK, { method: 'POST', body: '{}', headers })).status;
  const many = (headers: Record<string, string>) => Promise.all(Array.from({ length: 200 }, () => ask(headers)));
  const strangers = await many({});
  check(strangers.filter((status) => status === 429).length > 200 - 2 * STRANGERS_BURST, 'strangers are slowed down');
  const known = await many({ 'x-telegram-bot-api-secret-token': 'wrong' });
  check(
    known.every((status) => status === 403),
    'a wrong secret is refused by the bot, and by no limit',
  );
  step('strangers are slowed down, Telegram is not');
}

export async function isLockedIn(stack: Stack): Promise<void> {
  const running = (await stack.containers()).filter(({ state }) => state === 'running');
  const weak = running.flatMap(weaknesses);
  check(weak.length === 0, `all are locked in: ${weak.join(', ')}`);
  step(`all ${running.length} containers: no root, no capability, read-only, limits of memory, processors and log`);
}

export async function isMeasured(stack: Stack): Promise<void> {
  const { groups } = await stack.prometheus<{ groups: { rules: { health: string }[] }[] }>('rules');
  const rules = groups.flatMap((group) => group.rules);
  check(rules.length > 10 && rules.every(({ health }) => health === 'ok'), 'every alert rule is evaluated');
  const { activeAlertmanagers } = await stack.prometheus<{ activeAlertmanagers: unknown[] }>('alertmanagers');
  check(activeAlertmanagers.length === 1, 'Prometheus knows its Alertmanager');
  const { alerts } = await stack.prometheus<{ alerts: { state: string; labels: { alertname: string } }[] }>('alerts');
  const raised = alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
  check(!ALARMS_OF_FAULTS.some((name) => raised.includes(name)), `no alarm of a fault: ${raised.join()}`);
  const flags = await stack.prometheus<Record<string, string>>('status/flags');
  check(flags['storage.tsdb.retention.time'] === '30d', 'measures are kept for 30 days');
  check(
    flags['storage.tsdb.retention.size'] === '10GB' || flags['storage.tsdb.retention.size'] === '10GiB',
    'and 10 GB',
  );
  check((await fetch('http://127.0.0.1:3001/api/health')).ok, "Grafana's page is reachable from this machine");
  step(`${rules.length} alert rules work, none raised of what must not (raised: ${raised.join() || 'none'})`);
}

/** The profile of the logs: what a bot says is found again, by the trace id that nginx logged. */
export async function isLogged(stack: Stack): Promise<void> {
  await stack.compose('--profile', 'logs', 'up', '-d', '--no-recreate', 'loki', 'alloy');
  for (const service of ['loki', 'alloy']) await stack.untilHealthy(service, 1);
  for (const service of ['bot', 'worker', 'nginx']) {
    const query = encodeURIComponent(`{service="${service}"}`);
    await untilSeen(`Loki has lines of ${service}`, 60_000, async () => {
      const url = `http://127.0.0.1:3100/loki/api/v1/query_range?query=${query}&limit=5`;
      const { data } = JSON.parse(await stack.page('loki', url)) as { data: { result: unknown[] } };
      return data.result.length > 0;
    });
  }
  step('the logs of bots, workers and nginx reach Loki, by a shipper that can do nothing else');
}

/** The profile of a node of our own: it starts as it is told to, and waits for its wallet. */
export async function hasItsOwnNode(stack: Stack): Promise<void> {
  await stack.compose('--profile', 'lnd', 'up', '-d', '--no-recreate', 'lnd');
  await stack.untilHealthy('lnd', 1);
  const said = await stack.compose('--profile', 'lnd', 'exec', '-T', 'lnd', 'lncli', '--lnddir=/lnd', 'state');
  check(said.includes('NON_EXISTING'), `the node waits for a wallet: ${said}`);
  const wrong = (await stack.containers('lnd')).flatMap(weaknesses);
  check(wrong.length === 0, `it is locked in: ${wrong.join(', ')}`);
  await stack.compose('--profile', 'lnd', 'rm', '--stop', '--force', 'lnd');
  step('a node of our own starts with neutrino, locked in, and waits for its wallet');
}

/** The keeper has proven a backup, the log is off the machine, and the doctor, asked in a container, finds no fault. */
export async function isKeptAndWell(stack: Stack): Promise<void> {
  const wanted = ['Everything that must be off the machine is', 'A backup was proven within 26 hours'];
  const said = await untilSeen('the doctor finds the backups well', 180_000, async () => {
    const lines = await stack.compose('run', '--rm', '--no-deps', '-T', 'worker', 'node', 'scripts/doctor.ts');
    return wanted.every((line) => lines.includes(line)) && lines;
  });
  check(/ 0 fault\(s\)/.test(said), `the doctor finds no fault:\n${said}`);
  step(`the keeper keeps, and the doctor says: ${said.trim().split('\n').at(-1)}`);
}
