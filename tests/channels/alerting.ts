// A ground for tests of alerts: a process whose clock a test moves, two admins and a person who is none, a server outside
// that is called, and what the rows say.
import type { Alert } from '../../src/domain/incidents.ts';
import { takeAlerts } from '../../src/flows/incidents.ts';
import { openOrFind } from '../../src/flows/wallets.ts';
import type { World } from '../../src/world.ts';
import { type MovableClock, movableClock } from '../support/flow-clock.ts';
import { ask } from '../support/flow-help.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { type Ground, ground, type Instance } from './instances.ts';

export const MINUTE_MS = 60_000;

export type Alerting = Awaited<ReturnType<typeof openAlerting>>;
type Row = { id: string; toldId: string; acked: boolean; closed: boolean };
type Call = { id: string; step: string; state: string };

export async function openAlerting(env: Record<string, string> = {}) {
  const outside: Receiver = await startReceiver();
  const shared: Ground = await ground();
  const instance: Instance = await shared.start({
    ALERT_WEBHOOK_URL: `${outside.url}/chat`,
    PAGERDUTY_KEY: 'an-integration-key',
    PAGERDUTY_URL: `${outside.url}/v2/enqueue`,
    ...env,
  });
  const world: World & { clock: MovableClock } = { ...instance.world, clock: movableClock() };

  async function newPerson(name: string, role: 'admin' | 'person' = 'person') {
    const phone = shared.telegram.person({ first_name: name, username: name, language_code: 'en' });
    phone.say('hello', { bot: 'satfleet1_bot' });
    const who = { channel: 'telegram', externalId: String(phone.id), name, username: name, languageCode: 'en' };
    const person = await openOrFind(world, { ...who, bot: 'satfleet1_bot', chatId: String(phone.id) });
    await ask(world, 'update users set role = $2 where id = $1', [person.userId, role]);
    return { phone, ...person };
  }

  const { rowsOf, callsOf } = looksInto(world);
  let count = 0;
  const alert = (change: Partial<Alert> = {}): Alert => ({
    fingerprint: (++count).toString(16).padStart(16, '0'),
    startedAtMs: world.clock.nowMs(),
    isOver: false,
    name: 'NodeDown',
    severity: 'critical',
    summary: 'The node <alice> is away',
    description: 'Look at its log.',
    runbook: 'docs/RUNBOOK.md#nodedown',
    ...change,
  });
  return {
    shared,
    instance,
    outside,
    world,
    newPerson,
    alert,
    rowsOf,
    callsOf,
    async callOf(of: Alert, step: string) {
      const found = (await callsOf(of)).find((each) => each.step === step);
      if (!found) throw new Error(`no ${step}`);
      return found;
    },
    /** Raises one alert; gives it with the subject of its news. */
    async raised(change: Partial<Alert> = {}) {
      const one = alert(change);
      await takeAlerts(world, [one]);
      const [row] = await rowsOf(one);
      if (!row) throw new Error('no incident');
      return { one, toldId: row.toldId };
    },
    async close() {
      await shared.close();
      await outside.close();
    },
  };
}

/** What the rows of alerts say. */
function looksInto(world: World) {
  const rowsOf = (...alerts: Alert[]) =>
    ask<Row>(
      world,
      `select id, told_id as "toldId", acked_at is not null as acked, closed_at is not null as closed from incidents
       where fingerprint = any($1) order by started_at, id`,
      [alerts.map(({ fingerprint }) => fingerprint)],
    );
  const callsOf = async (...alerts: Alert[]) => {
    const ids = (await rowsOf(...alerts)).map(({ id }) => id);
    const text = 'select id, step, state from escalations where incident_id = any($1::uuid[]) order by due_at, id';
    return ask<Call>(world, text, [ids]);
  };
  return { rowsOf, callsOf };
}
