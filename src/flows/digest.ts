// Each morning at seven of the house's zone, what the last day was like, to every admin, once: the day has an id of its
// own, and nobody is told twice about a subject, however many workers look and however often.
import { legId } from '../base/ids.ts';
import { INVOICE_LIFE_MS } from '../domain/limits.ts';
import type { Digest } from '../domain/notice.ts';
import { adminsNotTold, dayOfAlerts, dayOfMoney } from '../infra/db/day.ts';
import { firstIdAt } from '../infra/db/sends.ts';
import type { World } from '../world.ts';
import { checkLightly } from './books.ts';
import { commit } from './outbox.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const AT_HOUR = 7;
/** Later than this it is no news of the morning any more. */
const STILL_MORNING_MS = 5 * HOUR_MS;
const MOST_NAMES = 8;

/** Tells the admins of the last day if it is the morning and they were not told yet. Gives how many are told by this. */
export async function tellDigest(world: World): Promise<number> {
  const nowMs = world.clock.nowMs();
  const untilMs = lastAt(nowMs, world.config.HOUSE_ZONE, AT_HOUR);
  if (nowMs - untilMs > STILL_MORNING_MS) return 0;
  const subjectId = legId(firstIdAt(untilMs), 'daily digest');
  const admins = await adminsNotTold(world.db, 'daily_digest', subjectId);
  if (admins.length === 0) return 0;
  const digest = await digestOf(world, untilMs);
  await commit(world, 'digest.tell', async (step) => {
    for (const userId of admins) await step.tell(userId, subjectId, { kind: 'daily_digest', digest });
  });
  return admins.length;
}

async function digestOf(world: World, untilMs: number): Promise<Digest> {
  const span = { fromMs: untilMs - DAY_MS, untilMs };
  const [money, alerts, books] = await Promise.all([
    dayOfMoney(world.db.read, span, INVOICE_LIFE_MS),
    dayOfAlerts(world.db, span),
    checkLightly(world),
  ]);
  const { inMsat, outMsat, insideMsat, ...counts } = money;
  return {
    ...counts,
    untilMs,
    inMsat: String(inMsat),
    outMsat: String(outMsat),
    insideMsat: String(insideMsat),
    booksOk: books.ok,
    incidents: alerts.incidents.slice(0, MOST_NAMES),
    open: alerts.open,
  };
}

/** The last moment at or before `nowMs` at which the clocks of a zone said this full hour. */
export function lastAt(nowMs: number, zone: string, hour: number): number {
  const aheadMs = (atMs: number) => wallOf(atMs, zone) - atMs;
  const wallMs = wallOf(nowMs, zone);
  const todayMs = Math.floor(wallMs / DAY_MS) * DAY_MS + hour * HOUR_MS;
  const wantedMs = todayMs <= wallMs ? todayMs : todayMs - DAY_MS;
  // The zone may have put its clocks on or back in between.
  const guessMs = wantedMs - aheadMs(nowMs);
  return wantedMs - aheadMs(guessMs);
}

/** What the clocks of a zone say, as if it were UTC. */
function wallOf(atMs: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const seconds = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return seconds + (atMs % 1_000);
}
