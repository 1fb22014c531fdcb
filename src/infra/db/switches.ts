// The switch that stops sending. Whether it is on is asked by the very functions that take a hold, under a lock that
// whoever turns it takes alone: once a turn is committed, no start that had seen it otherwise is still to come.
import type { Queryable, Tx } from './client.ts';

export type Sending = {
  isOn: boolean;
  /** In words of ours: the promises that were broken, or that an admin said so. */
  why: string;
  /** An instance, or an admin's id. */
  by: string;
  atMs: number;
  /** Promises whose break was told already: the same break does not stop sending twice. */
  known: string[];
};

const SENDING = `is_on as "isOn", why, by, (extract(epoch from at) * 1000)::float8 as "atMs", known`;

/** How the switch stands, and why. */
export async function readSending(q: Queryable): Promise<Sending> {
  const [row] = await q.query<Sending>('switches.read', `select ${SENDING} from switches where name = 'sending'`, []);
  return row ?? { isOn: false, why: 'the switch has lost its row', by: '', atMs: 0, known: [] };
}

/** The same, when all starts under way have ended, none begins, and nobody else turns it, until the transaction ends. */
export async function lockSending(tx: Tx): Promise<Sending> {
  await tx.query('switches.lock', `select pg_advisory_xact_lock(hashtext('switch:sending'))`, []);
  return readSending(tx);
}

/** Turns the switch, or only what is known of it. The transaction must have locked it. */
export async function writeSending(tx: Tx, sending: Sending): Promise<void> {
  await tx.query(
    'switches.write',
    `update switches set is_on = $1, why = $2, by = $3, at = to_timestamp($4::float8 / 1000), known = $5::text[]
     where name = 'sending'`,
    [sending.isOn, sending.why, sending.by, sending.atMs, sending.known],
  );
}
