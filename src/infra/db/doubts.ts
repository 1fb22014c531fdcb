// What the watch found broken once and is to look at again. In the database, so that whichever worker comes next does it,
// whatever became of the one that doubted.
import type { PromiseName } from '../../domain/promises.ts';
import type { Queryable } from './client.ts';

/** A promise that was found broken in a slice of what there was at that moment. */
export type Doubt = { readonly promise: PromiseName; readonly slice: string; readonly atMs: number };

/** Notes it, if it was not noted already. */
export async function insertDoubt(q: Queryable, { promise, slice, atMs }: Doubt): Promise<void> {
  await q.query(
    'doubts.insert',
    `insert into promise_doubts (promise, slice, at) values ($1, $2, to_timestamp($3::float8 / 1000))
     on conflict do nothing`,
    [promise, slice, atMs],
  );
}

/** Those noted up to a moment. */
export async function doubtsUntil(q: Queryable, untilMs: number): Promise<Doubt[]> {
  return q.query(
    'doubts.until',
    `select promise, slice, (extract(epoch from at) * 1000)::float8 as "atMs" from promise_doubts
     where at <= to_timestamp($1::float8 / 1000) order by at, slice, promise`,
    [untilMs],
  );
}

/** It was looked at again. */
export async function deleteDoubt(q: Queryable, { promise, slice }: Omit<Doubt, 'atMs'>): Promise<void> {
  await q.query('doubts.delete', 'delete from promise_doubts where promise = $1 and slice = $2', [promise, slice]);
}
