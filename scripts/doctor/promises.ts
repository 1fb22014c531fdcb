// Whether the house keeps what it promises, as far as the database tells without its nodes, and whether sending is on.

import { hostClock } from '../../src/base/clock.ts';
import type { Config } from '../../src/base/config.ts';
import { systemRandom } from '../../src/base/ids.ts';
import { PROMISED } from '../../src/domain/promises.ts';
import { checkPromises } from '../../src/flows/promises.ts';
import { createDb } from '../../src/infra/db/client.ts';
import { readSending } from '../../src/infra/db/switches.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

/** One finding for all promises that are kept, one for each that is not, and one for the switch. */
export async function checkTheWatch(config: Config): Promise<Finding[]> {
  const clock = hostClock();
  const db = createDb({
    databaseUrl: config.DATABASE_URL,
    name: 'doctor',
    poolMin: 0,
    poolMax: 4,
    clock,
    random: systemRandom(),
    onSlow() {},
    onPool() {},
  });
  try {
    const results = await checkPromises({ db, clock }, { slice: 'none' });
    const kept = results.filter((each) => each.kept).map(({ promise }) => promise);
    const todo =
      'Stop sending ("/sending off" by an admin), keep the database as it is, and find out why before all else.';
    const broken = results.filter((each) => each.kept === false);
    const faults = broken.map(({ promise, why }) =>
      fault(`The promise ${promise} is broken (${PROMISED[promise]}): ${why}`, todo),
    );
    const { isOn, why, known } = await readSending(db);
    const stopped = `Sending is stopped: ${why.replaceAll('\n', '; ')}`;
    return [
      ...(broken.length === 0 ? [ok(`The promises are kept: ${kept.join(', ')}`)] : faults),
      isOn ? ok('Sending is on') : warning(stopped, 'Find out why; then an admin writes "/sending on" to the bot.'),
      ...(known.length > 0
        ? [warning(`Broken and known: ${known.join(', ')}`, 'The log and the audit say what was found.')]
        : []),
    ];
  } catch {
    // A database that cannot be reached, or has no tables, is told by its own check.
    return [];
  } finally {
    await db.close();
  }
}
