// The ways in which each promise is broken by hand, as nobody but the database's owner could. `also`: what else they break.
import type pg from 'pg';
import type { PromiseName } from '../../src/domain/promises.ts';
import type { WorkerWorld } from '../../src/world.ts';
import { ask, hold, run } from '../support/flow-help.ts';
import { creditFrom, type House, type Person } from '../support/house.ts';

const inWallet = (change: string) => `update accounts set ${change} where id = $1`;

/** What a break is made in: a house, its database's owner, two people, and movements that went well. */
export type Setting = {
  house: House;
  world: WorkerWorld;
  owner: pg.Client;
  asha: Person;
  baraka: Person;
  paid(): Promise<string>;
  sent(): Promise<string>;
  credited(): Promise<string>;
  /** Statements as the owner, who alone can silence the own guards of a table. */
  silenced(table: string, ...statements: [string, unknown[]][]): Promise<void>;
};

type Break = {
  what: string;
  breaks: PromiseName;
  also?: PromiseName[];
  wrong(setting: Setting): Promise<() => Promise<unknown>>;
};

/** Each gives what puts it right again. */
export const BREAKS: Break[] = [
  {
    what: 'a balance raised by hand',
    breaks: 'P1',
    also: ['P3'],
    async wrong({ owner, asha }) {
      await owner.query(inWallet('credits_posted = credits_posted + 1'), [asha.walletId]);
      return () => owner.query(inWallet('credits_posted = credits_posted - 1'), [asha.walletId]);
    },
  },
  {
    what: 'a wallet below its floor',
    breaks: 'P2',
    also: ['P1', 'P3'],
    async wrong({ owner, baraka }) {
      await owner.query('alter table accounts drop constraint accounts_no_overdraft');
      await owner.query(inWallet('debits_posted = debits_posted + 900000000'), [baraka.walletId]);
      return async () => {
        await owner.query(inWallet('debits_posted = debits_posted - 900000000'), [baraka.walletId]);
        await owner.query(`alter table accounts add constraint accounts_no_overdraft
          check (not guarded or credits_posted - debits_posted - debits_pending >= 0)`);
      };
    },
  },
  {
    what: 'two balances that differ from their transfers, though the sum is zero',
    breaks: 'P3',
    async wrong({ owner, asha }) {
      await owner.query(inWallet('credits_posted = credits_posted + 5, debits_posted = debits_posted + 5'), [
        asha.walletId,
      ]);
      return () =>
        owner.query(inWallet('credits_posted = credits_posted - 5, debits_posted = debits_posted - 5'), [
          asha.walletId,
        ]);
    },
  },
  {
    what: 'an amount of a transfer changed',
    breaks: 'P3',
    also: ['P11'],
    async wrong({ sent, silenced }) {
      const id = await sent();
      await silenced('transfers', ['update transfers set amount = amount + 1 where id = $1', [id]]);
      return () => silenced('transfers', ['update transfers set amount = amount - 1 where id = $1', [id]]);
    },
  },
  {
    what: 'a payment at a node that no row knows',
    breaks: 'P4',
    async wrong({ world, owner, paid }) {
      const id = await paid();
      const [row] = await ask<{ hash: string }>(world, 'select payment_hash as hash from payments where id = $1', [id]);
      await owner.query(`update payments set payment_hash = 'nobody' where id = $1`, [id]);
      return () => owner.query('update payments set payment_hash = $2 where id = $1', [id, row?.hash]);
    },
  },
  {
    what: 'a payment called failed and given back, which its node has paid',
    breaks: 'P4',
    also: ['P12'],
    async wrong({ paid, silenced }) {
      const id = await paid();
      await silenced('payments', [`update payments set state = 'failed', cause = 'expiry' where id = $1`, [id]]);
      return () => silenced('payments', [`update payments set state = 'paid', cause = 'answer' where id = $1`, [id]]);
    },
  },
  {
    what: 'a hold released while its payment is under way',
    breaks: 'P5',
    also: ['P3'],
    async wrong({ owner, house, asha }) {
      const { id } = await hold(house, asha, { amountMsat: 1_000_000n });
      await owner.query(`update pending_transfers set state = 'voided' where id = $1`, [id]);
      return async () => {
        await owner.query(`update pending_transfers set state = 'pending' where id = $1`, [id]);
        await run(house.world, id);
      };
    },
  },
  {
    what: 'a hold that nothing waits for',
    breaks: 'P5',
    also: ['P4', 'P12'],
    async wrong({ house, asha, silenced }) {
      const { id } = await hold(house, asha, { amountMsat: 1_000_000n });
      await silenced('payments', [`update payments set state = 'failed', cause = 'expiry' where id = $1`, [id]]);
      return async () => {
        await silenced('payments', [`update payments set state = 'held', cause = 'tap' where id = $1`, [id]]);
        await run(house.world, id);
      };
    },
  },
  {
    what: 'an invoice settled at its node and not credited',
    breaks: 'P6',
    also: ['P12'],
    async wrong({ house, baraka }) {
      const { id, request } = await house.invoice(baraka, 3n);
      await house.outside.pay({ request });
      return () => creditFrom(house.world, id);
    },
  },
  {
    what: 'an invoice credited with more than its node received',
    breaks: 'P6',
    async wrong({ owner, credited }) {
      const id = await credited();
      await owner.query('update invoices set received_msat = received_msat + 1 where id = $1', [id]);
      return () => owner.query('update invoices set received_msat = received_msat - 1 where id = $1', [id]);
    },
  },
  {
    what: 'wallets that hold what no node has',
    breaks: 'P7',
    async wrong({ world, owner, baraka }) {
      const text = `select id from accounts where code = 'suspense:BTC'`;
      const suspense = (await owner.query(text)).rows[0].id;
      const move = (from: string, to: string) =>
        owner.query(
          `select ledger_post(array[$1::uuid], array[1], array['single'::transfer_kind], array[$2::bigint],
             array[$3::bigint], array[400000000000], array['BTC'], array['adjust'::transfer_code], array[null::uuid],
             array[null::uuid], $4::bigint)`,
          [world.ids.next(), from, to, world.clock.nowMs()],
        );
      await move(suspense, baraka.walletId);
      return () => move(baraka.walletId, suspense);
    },
  },
  {
    what: 'a fee paid that was not charged',
    breaks: 'P8',
    async wrong({ owner, paid }) {
      const id = await paid();
      // The way here is free of charge, so less than nothing stands for a fee that was not charged.
      await owner.query('alter table payments drop constraint payments_amounts');
      await owner.query('update payments set fee_msat = -1 where id = $1', [id]);
      return async () => {
        await owner.query('update payments set fee_msat = 0 where id = $1', [id]);
        await owner.query(`alter table payments add constraint payments_amounts
          check (amount_msat > 0 and fee_ceiling_msat >= 0 and fee_msat >= 0)`);
      };
    },
  },
  {
    what: 'a job that nobody looks at any more',
    breaks: 'P9',
    async wrong({ world, owner }) {
      const id = world.ids.next();
      await owner.query(
        `insert into outbox values ($1, 'notification', $1, now() - interval '1 hour', now() - interval '6 minutes')`,
        [id],
      );
      return () => owner.query('delete from outbox where id = $1', [id]);
    },
  },
  {
    what: 'a send without its transfer',
    breaks: 'P11',
    async wrong({ world, owner, asha, baraka }) {
      const id = world.ids.next();
      await owner.query(
        `insert into sends (id, from_user_id, to_user_id, to_name, amount_msat, state, cause, created_at)
         values ($1, $2, $3, 'x', 1000, 'done', 'tap', now())`,
        [id, asha.userId, baraka.userId],
      );
      return async () => {
        await owner.query('delete from sends where id = $1', [id]);
      };
    },
  },
  {
    what: 'a state that moved without a word',
    breaks: 'P12',
    async wrong({ sent, silenced }) {
      const id = await sent();
      await silenced('sends', [`update sends set state = 'claimed' where id = $1`, [id]]);
      return () => silenced('sends', [`update sends set state = 'done' where id = $1`, [id]]);
    },
  },
  {
    what: 'an event taken away',
    breaks: 'P12',
    async wrong({ owner, paid, silenced }) {
      const id = await paid();
      const { rows } = await owner.query('select * from events where row_id = $1 and seq = 2', [id]);
      const { kind, from_state, to_state, cause, actor, at } = rows[0];
      await silenced('events', ['delete from events where row_id = $1 and seq = 2', [id]]);
      return () =>
        owner.query('insert into events values ($1, 2, $2, $3, $4, $5, $6, $7)', [
          id,
          kind,
          from_state,
          to_state,
          cause,
          actor,
          at,
        ]);
    },
  },
];
