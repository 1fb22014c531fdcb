// What must be done now and then so that nothing grows without end and nothing runs out: the ledger's months are made
// ahead, the words of old notices are forgotten while the fact that they were told stays, and so are old counts.
import { forgetActivity } from '../infra/db/analytics.ts';
import { forgetDetails } from '../infra/db/notices.ts';
import { makePartitions } from '../infra/db/partitions.ts';
import type { World } from '../world.ts';

const MONTHS_AHEAD = 3;
const DAY_MS = 24 * 60 * 60_000;
const NOTICE_WORDS_MS = 30 * DAY_MS;
/** Nobody is noted for a day that is so long over. */
const NAMES_MS = 3 * DAY_MS;
/** As far back as admins may ask, with the thirty days before, in which who came back was new. */
const COUNTS_MS = 125 * DAY_MS;
const BATCH = 10_000;

/** Run hourly; running it twice changes nothing. */
export async function keepHouse(world: World): Promise<void> {
  const nowMs = world.clock.nowMs();
  const made = await makePartitions(world.db, nowMs, MONTHS_AHEAD);
  const forgotten = await forgetDetails(world.db, { beforeMs: nowMs - NOTICE_WORDS_MS, limit: BATCH });
  await forgetActivity(world.db, { namesBeforeMs: nowMs - NAMES_MS, countsBeforeMs: nowMs - COUNTS_MS });
  world.log.info('house kept', { monthsMade: made, noticesForgotten: forgotten });
}
