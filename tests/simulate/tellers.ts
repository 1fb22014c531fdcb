// A few processes that tell plans side by side, each run on a fresh copy of a migrated database, and what is done with
// a story that went wrong: it is told again with less and less in it, as long as it goes wrong in the same way.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { APP_ROLE, OWNER_ROLE, urlFor } from '../../scripts/database.ts';
import type { Plan } from './plan.ts';
import type { Outcome } from './run.ts';
import type { Told } from './teller.ts';

export type Tellers = {
  tell(plan: Plan, options?: { watch?: boolean }): Promise<Outcome>;
  close(): Promise<void>;
};

const ENTRY = fileURLToPath(new URL('./teller.ts', import.meta.url));

/** @param given.template the migrated database that each run gets a copy of. */
export async function openTellers(given: {
  adminUrl: string;
  password: string;
  template: string;
  count: number;
}): Promise<Tellers> {
  const admin = new pg.Client({ connectionString: given.adminUrl });
  // A server that ends before us is no news.
  admin.on('error', () => {});
  await admin.connect();
  const children = Array.from({ length: given.count }, () => fork(ENTRY, { execArgv: [] }));
  const free = [...children];
  const waiting: ((child: ChildProcess) => void)[] = [];
  let runs = 0;
  const take = () => {
    const child = free.pop();
    return child ? Promise.resolve(child) : new Promise<ChildProcess>((resolve) => waiting.push(resolve));
  };
  const give = (child: ChildProcess) => {
    const next = waiting.shift();
    if (next) next(child);
    else free.push(child);
  };
  return {
    async tell(plan, { watch = false } = {}) {
      const child = await take();
      const name = `simulated_${process.pid}_${++runs}`;
      try {
        await admin.query(`CREATE DATABASE ${name} OWNER ${OWNER_ROLE} TEMPLATE ${given.template} STRATEGY wal_log`);
        const databaseUrl = urlFor(given.adminUrl, APP_ROLE, given.password, name);
        return await ask(child, { plan, databaseUrl, watch });
      } finally {
        await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
        give(child);
      }
    },
    async close() {
      for (const child of children) child.kill();
      await admin.end();
    },
  };
}

function ask(child: ChildProcess, asked: { plan: Plan; databaseUrl: string; watch: boolean }): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => reject(new Error(`the teller ended with ${code}`));
    child.once('exit', gone);
    child.once('message', (told: Told) => {
      child.off('exit', gone);
      if ('outcome' in told) resolve(told.outcome);
      else reject(new Error(told.fault));
    });
    child.send(asked);
  });
}

/** The kinds of what is broken: its sentences without ids and amounts. */
export function kindsOf(broken: readonly string[]): Set<string> {
  return new Set(broken.map((line) => line.replace(/[0-9a-f]{8}[0-9a-f-]*|\d+/g, '#').slice(0, 60)));
}

/** The shortest plan found that still goes wrong in a like manner, within so many further runs. */
export async function shorten(
  tellers: Tellers,
  plan: Plan,
  broken: readonly string[],
  most: number,
): Promise<{ plan: Plan; outcome: Outcome | undefined }> {
  const kinds = kindsOf(broken);
  let best: { plan: Plan; outcome: Outcome | undefined } = { plan, outcome: undefined };
  let runs = 0;
  const goesWrong = async (tried: Plan): Promise<boolean> => {
    if (runs++ >= most) return false;
    const outcome = await tellers.tell(tried).catch(() => undefined);
    if (!outcome || ![...kindsOf(outcome.broken)].some((kind) => kinds.has(kind))) return false;
    best = { plan: tried, outcome };
    return true;
  };
  await goesWrong({ ...plan, faults: [] });
  const calm = { doubledJobs: 0, doubledUpdates: 0, veiled: 0, weather: { lostBefore: 0, lostAfter: 0, tooFast: 0 } };
  await goesWrong({ ...best.plan, ...calm });
  for (const list of ['operations', 'faults', 'operations'] as const) {
    for (let size = Math.ceil(best.plan[list].length / 2); size >= 1 && runs < most; size = Math.floor(size / 2)) {
      for (let from = 0; from < best.plan[list].length && runs < most; ) {
        const less = (best.plan[list] as readonly unknown[]).toSpliced(from, size);
        if (!(await goesWrong({ ...best.plan, [list]: less } as Plan))) from += size;
      }
    }
  }
  const lastMs = Math.max(0, ...[...best.plan.operations, ...best.plan.faults].map(({ atMs }) => atMs)) + 20_000;
  if (lastMs < best.plan.lastMs) await goesWrong({ ...best.plan, lastMs });
  return best;
}
