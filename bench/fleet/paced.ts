// The same people with Telegram's pace obeyed, as it is in real life: thirty messages a second under one bot name and one to
// a chat. How long people wait when one name has as much to say as it may, and when it has twice as much.
import { startRig } from '../../scripts/rig.ts';
import { percentile } from '../report.ts';
import { Crowd, type Pace } from './crowd.ts';
import { answered, rising, timesLine } from './day.ts';
import { giveFunds, makeInvoices, register } from './prepare.ts';

/** What Telegram lets one name send. */
export const PER_NAME = 30;
/** About as many as one name can serve when each writes every 10 to 60 s. */
const PEOPLE = 700;
const PATIENCE_MS = 180_000;
const LOADS = [
  ['as much as one name may say', [10_000, 60_000]],
  ['twice as much', [5_000, 30_000]],
] as const;

/** Gives a few lines to be read. Nothing here has a goal: it is Telegram's pace. */
export async function paced(seconds: number, say: (line: string) => void): Promise<string[]> {
  const settings = { TELEGRAM_PACE_BOT: String(PER_NAME), TELEGRAM_PACE_CHAT: '1' };
  const rig = await startRig({ bots: 2, limits: 'real', keptMessages: 6, settings });
  try {
    const people = await register(rig, [0, PEOPLE], Array(PEOPLE).keys());
    await giveFunds(rig, people);
    const paces = LOADS.map(([, thinkMs]): Pace => ({ thinkMs, forMs: seconds * 1_000 }));
    const requests = await makeInvoices(rig, PEOPLE, paces);
    const notes: string[] = [`with Telegram's pace obeyed, ${PEOPLE} people under one bot name:`];
    for (const [at, [name]] of LOADS.entries()) {
      const crowd = new Crowd(rig, people, requests, PATIENCE_MS);
      const day = await crowd.live(paces[at] as Pace);
      crowd.close();
      const sent = crowd.perSecond();
      const rate = sent.reduce((sum, each) => sum + each, 0) / Math.max(1, sent.length);
      const all = rising(day.answers.values());
      say(`${name}: half of them waited ${(percentile(all, 0.5) / 1_000).toFixed(1)} s`);
      notes.push(
        timesLine(name, all),
        `  ${(100 * answered(day)).toFixed(2)} % answered, ${rate.toFixed(1)} messages a second, slowest ${((all.at(-1) ?? 0) / 1_000).toFixed(1)} s`,
      );
    }
    await rig.checkBooks();
    return notes;
  } finally {
    await rig.end();
  }
}
