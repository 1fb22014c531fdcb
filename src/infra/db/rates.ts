// What each leg was worth, as accepted or as waiting for a second opinion. Rows are only added; the newest accepted row
// of a leg is what people see.
import type { Queryable } from './client.ts';

export type RateRow = {
  id: string;
  leg: string;
  micro: bigint;
  sources: string[];
  state: 'accepted' | 'waiting';
  sourceAtMs: number;
  atMs: number;
};

export async function insertRates(q: Queryable, rows: readonly RateRow[]): Promise<void> {
  for (const row of rows) {
    await q.query(
      'rates.insert',
      `insert into rates (id, leg, micro, sources, state, source_at, at)
       values ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000), to_timestamp($7::float8 / 1000))`,
      [row.id, row.leg, row.micro, row.sources, row.state, row.sourceAtMs, row.atMs],
    );
  }
}

/** The newest accepted and the newest waiting row of each leg named, since a moment. */
export async function newestRates(q: Queryable, legs: readonly string[], sinceMs: number): Promise<RateRow[]> {
  return q.query<RateRow>(
    'rates.newest',
    `select found.* from unnest($1::text[]) as wanted (leg), unnest('{accepted,waiting}'::text[]) as asked (state),
     lateral (select id, leg, micro, sources, state, (extract(epoch from source_at) * 1000)::float8 as "sourceAtMs",
         (extract(epoch from at) * 1000)::float8 as "atMs"
       from rates where leg = wanted.leg and state = asked.state and at >= to_timestamp($2::float8 / 1000)
       order by at desc, id desc limit 1) found`,
    [legs, sinceMs],
  );
}
