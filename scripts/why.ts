// `npm run why -- <id>`: the life of one payment, invoice, send or request in order, with actor, cause and time. Takes an
// id, or its last eight characters as people are shown them. Reads only the database, and changes nothing.
import { hostClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/ids.ts';
import { lifeText, livesOf } from '../src/flows/why.ts';
import { createDb } from '../src/infra/db/client.ts';
import { variable } from './variables.ts';

const [said, ...more] = process.argv.slice(2);
const databaseUrl = variable('DATABASE_URL');
if (said === undefined || more.length > 0) fail('Name one: npm run why -- <id, or the eight characters after "No.">.');
else if (!databaseUrl) fail('Set DATABASE_URL, as for a worker; nothing was read.');
else await tell(said, databaseUrl);

async function tell(said: string, databaseUrl: string): Promise<void> {
  const clock = hostClock();
  const options = { databaseUrl, name: 'why', clock, random: systemRandom(), statementMs: 5 * 60_000 };
  const db = createDb({ ...options, poolMin: 0, poolMax: 4, onSlow() {}, onPool() {} });
  try {
    const lives = await livesOf({ db, clock }, said);
    if (lives.length === 0)
      fail(`Nothing is known of ${said}: give the whole id, or the eight characters after "No.".`);
    for (const life of lives) console.log(`${lifeText(life)}\n`);
  } catch (error) {
    fail(`The database could not be asked: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await db.close();
  }
}

function fail(sentence: string): void {
  console.error(sentence);
  process.exitCode = 1;
}
