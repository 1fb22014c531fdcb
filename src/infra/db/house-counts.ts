// What the whole house counts for its graphs and nobody else asks for: payments at a node that have no end, by their
// age, and who is new. Read before each look of Prometheus, so each is a short range of an index.
import type { Queryable } from './client.ts';
import { firstIdAt } from './sends.ts';

/** How long ago a payment was given to its node. */
export type UnknownAges = { under_1m: number; under_10m: number; under_1h: number; under_1d: number; older: number };

/** How many payments are at a node without an end, by the time since they were sent. */
export async function unknownByAge(q: Queryable, nowMs: number): Promise<UnknownAges> {
  const [row] = await q.query<UnknownAges>(
    'payments.unknown_by_age',
    `select count(*) filter (where age < interval '1 minute')::int4 as under_1m,
       count(*) filter (where age >= interval '1 minute' and age < interval '10 minutes')::int4 as under_10m,
       count(*) filter (where age >= interval '10 minutes' and age < interval '1 hour')::int4 as under_1h,
       count(*) filter (where age >= interval '1 hour' and age < interval '1 day')::int4 as under_1d,
       count(*) filter (where age >= interval '1 day')::int4 as older
     from (select to_timestamp($1::float8 / 1000) - coalesce(sent_at, created_at) as age from payments
       where state = 'sending') unknown`,
    [nowMs],
  );
  return row ?? { under_1m: 0, under_10m: 0, under_1h: 0, under_1d: 0, older: 0 };
}

/** How many wallets were opened since a moment. */
export async function countNewPeople(q: Queryable, sinceMs: number): Promise<number> {
  const [row] = await q.query<{ count: number }>(
    'users.new',
    'select count(*)::int4 as count from users where id >= $1::uuid',
    [firstIdAt(sinceMs)],
  );
  return row?.count ?? 0;
}
