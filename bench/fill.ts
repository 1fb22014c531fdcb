// A ledger that has lived for ten months, made in seconds: the owner writes what posting would have written, month by
// month. In the first month every wallet is funded, in each later one every wallet pays the wallet some places on; so
// the chain of each account's history can be worked out instead of looked up. The books check proves it.
import pg from 'pg';
import type { Accounts } from './load.ts';
import type { Bench } from './server.ts';

const MONTHS = 10;
const FUNDS = 1_000_000_000;
const PAID = 1_000;

/** Fills an empty ledger with `count` wallets and ten transfers for each, in the ten months up to the one before now. */
export async function fillLedger(bench: Bench, count: number, nowMs: number): Promise<Accounts> {
  const { owner, ownerUrl } = bench;
  const months = lastMonths(nowMs);
  // The last month has its table already, empty: it makes way.
  await owner.query('SELECT make_partitions($1::date, $2::int)', [months[0], MONTHS]);
  const { rows } = await owner.query(
    `INSERT INTO accounts (code, currency, guarded) VALUES ('capital:bench', 'BTC', false) RETURNING id`,
  );
  const source = BigInt(rows[0].id);
  await owner.query(FUNCTIONS);
  await fillMonths(ownerUrl, months, count, Number(source));
  await owner.query(
    `INSERT INTO accounts (code, currency, guarded, debits_posted, credits_posted, last_transfer_id)
     SELECT 'wallet:' || uuidv7(), 'BTC', true, $1::bigint, $1::bigint + ${FUNDS},
       bench_id($2::date, greatest(i, (i - ${MONTHS - 1} + $3::bigint) % $3::bigint))
     FROM generate_series(0, $3::bigint - 1) AS i ORDER BY i`,
    [PAID * (MONTHS - 1), months.at(-1), count],
  );
  await owner.query(
    `UPDATE accounts SET debits_posted = $2::bigint, last_transfer_id = bench_id($3::date, $4::bigint) WHERE id = $1`,
    [String(source), String(BigInt(FUNDS) * BigInt(count)), months[0], count - 1],
  );
  await owner.query('VACUUM ANALYZE accounts');
  await owner.query('VACUUM ANALYZE transfers');
  return { source, first: source + 1n, count };
}

// The id of the i-th transfer of a month; and that of the last one of an account in a month, by the account's place.
const FUNCTIONS = `
  CREATE FUNCTION bench_id(month date, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN
    (substr(first_id(month)::text, 1, 14) || '7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid;
  CREATE FUNCTION bench_last(months date[], round int, place bigint, count bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
  RETURN bench_id(months[round], CASE WHEN round = 1 THEN place
    ELSE greatest(place, (place - (round - 1) + count) % count) END)`;

// In the round r (from 2), the wallet at place i pays the one at place i + r - 1. Each wallet pays once and is paid once
// a round; which of the two came first follows from the places.
const ROUND = `
  SELECT bench_id(months[r], i) AS id, source + 1 + i AS debit_id, source + 1 + j AS credit_id, ${PAID}::bigint AS amount,
    months[r]::timestamptz AS created_at, 'single'::transfer_kind AS kind, 'send'::transfer_code AS code, 'BTC' AS currency,
    NULL::uuid AS pending_id, NULL::uuid AS subject_id,
    CASE WHEN paid_at < i THEN bench_id(months[r], paid_at) ELSE bench_last(months, r - 1, i, count) END AS debit_previous_id,
    CASE WHEN j < i THEN bench_id(months[r], j) ELSE bench_last(months, r - 1, j, count) END AS credit_previous_id
  FROM (SELECT $1::date[] AS months, $2::int AS r, $3::bigint AS count, $4::bigint AS source) AS given,
    LATERAL (SELECT i, (i + r - 1) % count AS j, (i - (r - 1) + count) % count AS paid_at
             FROM generate_series(0, count - 1) AS i) AS places`;

const FUNDING = `
  SELECT bench_id(months[1], i), source, source + 1 + i, ${FUNDS}::bigint, months[1]::timestamptz,
    'single'::transfer_kind, 'capital'::transfer_code, 'BTC', NULL::uuid, NULL::uuid,
    CASE WHEN i > 0 THEN bench_id(months[1], i - 1) END, NULL::uuid
  FROM (SELECT $1::date[] AS months, $2::int AS r, $3::bigint AS count, $4::bigint AS source) AS given,
    LATERAL (SELECT i FROM generate_series(0, count - 1) AS i) AS places`;

async function fillMonths(ownerUrl: string, months: string[], count: number, source: number): Promise<void> {
  const todo = months.map((_, i) => i + 1);
  const filler = async () => {
    const client = new pg.Client({ connectionString: ownerUrl });
    await client.connect();
    for (let round = todo.shift(); round !== undefined; round = todo.shift()) {
      await fillMonth(client, { months, round, count, source });
    }
    await client.end();
  };
  // One for each of two cores.
  await Promise.all([filler(), filler()]);
}

type Round = { months: string[]; round: number; count: number; source: number };

// A table made and filled in one transaction needs no log of its rows, and its key is built at the end in one go.
async function fillMonth(client: pg.Client, { months, round, count, source }: Round): Promise<void> {
  const month = months[round - 1]!;
  const name = `transfers_${month.slice(0, 7).replace('-', '_')}`;
  const bounds = await client.query('SELECT from_id, to_id FROM ledger_months WHERE month = $1::date', [month]);
  const { from_id: from, to_id: to } = bounds.rows[0];
  await client.query(`CREATE TABLE filled_${round} (LIKE transfers INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
  await client.query('BEGIN');
  await client.query(`TRUNCATE filled_${round}`);
  await client.query(`INSERT INTO filled_${round} ${round === 1 ? FUNDING : ROUND}`, [months, round, count, source]);
  await client.query(`ALTER TABLE filled_${round} ADD PRIMARY KEY (id)`);
  await client.query('COMMIT');
  await client.query('BEGIN');
  await client.query(`SELECT pg_advisory_xact_lock(1)`);
  await client.query(`ALTER TABLE transfers DETACH PARTITION ${name}`);
  await client.query(`DROP TABLE ${name}`);
  await client.query(`ALTER TABLE filled_${round} RENAME TO ${name}`);
  await client.query(`ALTER TABLE transfers ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`);
  await client.query('COMMIT');
}

function lastMonths(nowMs: number): string[] {
  const now = new Date(nowMs);
  return Array.from({ length: MONTHS }, (_, i) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - MONTHS + i, 1)).toISOString().slice(0, 10),
  );
}
