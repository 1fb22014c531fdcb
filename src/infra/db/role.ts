// What the role we run as could do to the ledger besides asking the posting function. It should be nothing: then even a
// process that is taken over can move money only by entries that sum to zero and overdraw nobody.
import type { Queryable } from './client.ts';

// An entry in any of these, made by hand, would be money made without the posting function, or a move nobody made.
const LEDGER = ['accounts', 'transfers', 'pending_transfers', 'ledger_months', 'detached_totals', 'events'];

export type LedgerRole = {
  readonly name: string;
  /** In words that go on from "it"; empty is as it should be. */
  readonly powers: readonly string[];
};

type Row = { name: string; isSuper: boolean; runsPrograms: boolean; owns: boolean; writes: string | null };

/** The role of this connection, and its powers over the tables of the ledger, their months included. */
export async function ledgerRole(q: Queryable): Promise<LedgerRole> {
  const [row] = await q.query<Row>(
    'role.ledger',
    `with named as (select to_regclass(t) as id from unnest($1::text[]) t),
       ledger as (
         select c.oid, c.relowner, c.relname from pg_class c
         where c.oid in (select id from named)
            or c.oid in (select p.relid from named, pg_partition_tree(named.id) p)
       )
     select current_user::text as name, r.rolsuper as "isSuper",
       pg_has_role('pg_execute_server_program', 'MEMBER') or pg_has_role('pg_write_server_files', 'MEMBER') as "runsPrograms",
       exists (select from ledger where pg_has_role(relowner, 'MEMBER')) as owns,
       (select string_agg(relname::text, ', ' order by relname) from ledger
         where has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
            or has_any_column_privilege(oid, 'INSERT, UPDATE')) as writes
     from pg_roles r where r.rolname = current_user`,
    [LEDGER],
  );
  if (!row) return { name: 'of this connection', powers: ['cannot be looked up'] };
  if (row.isSuper) return { name: row.name, powers: ['is a superuser'] };
  const powers = [
    ...(row.runsPrograms ? ['may run programs or write files on the server'] : []),
    ...(row.owns ? ['owns tables'] : []),
    ...(row.writes ? [`may write ${row.writes}`] : []),
  ];
  return { name: row.name, powers };
}
