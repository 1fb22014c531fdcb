// /stats: one screen of the whole fleet, with a button that brings it up to date in its place.
import { stats as readStats, type Stats } from '../../flows/admin-stats.ts';
import { type Context, inPlace, type Outcome, say } from '../context.ts';
import { clockTime, sats, type View } from '../format.ts';
import { type Rich, rich } from '../rich.ts';
import type { Texts } from '../texts/en.ts';
import { queueLine } from './admin.ts';
import type { Command } from './command.ts';

const MEGABYTE = 1_000_000;

export const stats: Command = {
  name: 'stats',
  aliases: {},
  inMenu: false,
  role: 'admin',
  private: true,
  run: (context) => show(context),
  press: (context) => show(context),
};

async function show(context: Context): Promise<Outcome> {
  const { world, session, texts } = context;
  const found = await readStats(world, session.userId);
  const view: View = { ...session, rate: undefined };
  const text = rich`${texts.admin.stats} (${clockTime(view, found.atMs)})${fleet(found, texts)}
${queues(found, texts)}
${house(found, texts)}`;
  const buttons = [[{ label: texts.admin.buttons.refresh, data: 'stats:refresh' }]];
  return say(context, inPlace(context, { text, buttons }));
}

function fleet({ instances, cacheHitRate }: Stats, { admin, age }: Texts): Rich {
  const kinds = [...Map.groupBy(instances, ({ kind }) => kind)].map(([kind, all]) => `${kind} ×${all.length}`);
  const lines = instances.map(({ id, ageMs, memoryBytes, about }) => {
    const memory = memoryBytes === undefined ? [] : [`${Math.round(memoryBytes / MEGABYTE)} MB`];
    const pressed = about?.pressure ? [`⚠️ ${admin.pressed(about.pressure)}`] : [];
    const said = about ? [admin.busy(about.busyPercent), about.version, ...pressed] : [];
    return `\n  ${[`${id}: ${age(ageMs)}`, ...memory, ...said].join(' · ')}`;
  });
  const cache = cacheHitRate === undefined ? '' : `\n${admin.cache(Math.floor(cacheHitRate * 100))}`;
  return rich`\n${admin.instances}: ${kinds.join(', ') || admin.nothing}${lines.join('')}${cache}`;
}

function queues({ queues: all }: Stats, { admin }: Texts): string {
  return `${admin.queues}:${all.map((queue) => `\n  ${queueLine(queue)}`).join('') || ` ${admin.nothing}`}`;
}

function house(found: Stats, { admin, age }: Texts): Rich {
  const { users, active, volume24h, payments, worth, rate, off } = found;
  const moved = (['in', 'out', 'inside'] as const).map((way) => {
    const { count, msat } = volume24h[way];
    return `\n  ${admin.ways[way]}: ${count} × · ${sats(msat, 'down')}`;
  });
  const ages = rate && { btc: age(rate.btcAgeMs), fiat: age(rate.fiatAgeMs) };
  const stopped = off.length === 0 ? '' : `\n${admin.off(off.join(', '))}`;
  return rich`${admin.users}: ${String(users)} · ${admin.active(active)}
${admin.volume}:${moved.join('')}
${admin.payments(String(payments.held), String(payments.sending))}
${admin.rate(ages?.btc, ages?.fiat)}
${admin.worth(sats(worth.owedMsat, 'up'), sats(worth.atNodesMsat, 'down'), sats(worth.suspenseMsat, 'up'))}
${admin.books(found.booksOk)}${stopped}`;
}
