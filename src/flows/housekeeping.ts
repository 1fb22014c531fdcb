// What must be done now and then so that nothing grows without end and nothing runs out: the ledger's months are made
// ahead, and the words of old notices are forgotten while the fact that they were told stays.
import { forgetDetails } from '../infra/db/notices.ts';
import { makePartitions } from '../infra/db/partitions.ts';
import type { World } from '../world.ts';

const MONTHS_AHEAD = 3;
const NOTICE_WORDS_MS = 30 * 24 * 60 * 60_000;
const BATCH = 10_000;

/** Run hourly; running it twice changes nothing. */
export async function keepHouse(world: World): Promise<void> {
  const nowMs = world.clock.nowMs();
  const made = await makePartitions(world.db, nowMs, MONTHS_AHEAD);
  const forgotten = await forgetDetails(world.db, { beforeMs: nowMs - NOTICE_WORDS_MS, limit: BATCH });
  world.log.info('house kept', { monthsMade: made, noticesForgotten: forgotten });
}
