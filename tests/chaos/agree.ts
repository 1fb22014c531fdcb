// Holds three accounts of the same money against each other, to the millisatoshi: what people were told, what the ledger
// and the rows say, and what the LND nodes list. Pure: it is given all three and says what does not fit.
import type { News } from './ears.ts';
import type { NodeLists } from './node-lists.ts';

export type PaymentRow = {
  readonly id: string;
  readonly hash: string;
  readonly state: string;
  readonly node: string | null;
  readonly amountMsat: bigint;
  readonly feeMsat: bigint | null;
};

export type InvoiceRow = {
  readonly id: string;
  readonly hash: string | null;
  readonly state: string;
  readonly node: string | null;
  readonly receivedMsat: bigint | null;
};

/** `postedMsat`: what stands in someone's wallet, what is held of it included. */
export type Purse = { readonly chatId: number; readonly postedMsat: bigint };

export type Fault = { readonly what: string; readonly offMsat: bigint };

const OURS = ['alice', 'bob'];

const abs = (value: bigint) => (value < 0n ? -value : value);

/** What people were told against what the ledger says they have. */
export function toldAgainstLedger(purses: readonly Purse[], told: readonly News[]): Fault[] {
  const sums = new Map<number, bigint>();
  const ends = new Map<string, Set<string>>();
  for (const { chatId, kind, keys, changeMsat } of told) {
    sums.set(chatId, (sums.get(chatId) ?? 0n) + changeMsat);
    if (kind === 'paid' || kind === 'failed') {
      const name = `${chatId} ${keys[0]}`;
      ends.set(name, (ends.get(name) ?? new Set()).add(kind));
    }
  }
  const two = [...ends].filter(([, kinds]) => kinds.size > 1);
  return [
    ...purses.flatMap(({ chatId, postedMsat }) => {
      const offMsat = postedMsat - (sums.get(chatId) ?? 0n);
      return offMsat === 0n
        ? []
        : [{ what: `${chatId} has ${offMsat} msat more than they were told`, offMsat: abs(offMsat) }];
    }),
    ...two.map(([name]) => ({ what: `${name} was told paid and failed`, offMsat: 0n })),
  ];
}

/** Every payment of our nodes against our rows, both ways; and none of them twice. */
export function paymentsAgainstNodes(rows: readonly PaymentRow[], { payments, invoices }: NodeLists): Fault[] {
  const faults: Fault[] = [];
  const ours = payments.filter(({ node }) => OURS.includes(node));
  const paid = Map.groupBy(
    ours.filter(({ state }) => state === 'paid'),
    ({ hash }) => hash,
  );
  const rowOf = new Map(rows.filter(({ state }) => state !== 'failed').map((row) => [row.hash, row]));
  for (const [hash, list] of paid) {
    const [first] = list;
    const sumMsat = list.reduce((sum, { amountMsat, feeMsat }) => sum + amountMsat + feeMsat, 0n);
    const row = rowOf.get(hash);
    const bookedMsat = row?.state === 'paid' ? row.amountMsat + (row.feeMsat ?? 0n) : 0n;
    if (list.length > 1) faults.push({ what: `${hash} was paid ${list.length} times`, offMsat: sumMsat - bookedMsat });
    else if (sumMsat !== bookedMsat || row?.node !== first?.node) {
      faults.push({
        what: `${hash}: ${first?.node} paid ${sumMsat} msat, the row says ${row?.state} ${bookedMsat} at ${row?.node}`,
        offMsat: abs(sumMsat - bookedMsat),
      });
    }
  }
  const atPayee = new Map(invoices.filter(({ node }) => node === 'carol').map((each) => [each.hash, each]));
  for (const { hash, state, amountMsat } of rows) {
    if (state === 'paid' && !paid.has(hash)) {
      faults.push({ what: `${hash} is paid in the books and at no node`, offMsat: amountMsat });
    }
    const seen = atPayee.get(hash);
    if (state === 'paid' && seen?.receivedMsat !== amountMsat) {
      faults.push({ what: `${hash}: the payee got ${seen?.receivedMsat}, not ${amountMsat}`, offMsat: amountMsat });
    }
  }
  for (const { hash, receivedMsat, state } of atPayee.values()) {
    if (state === 'paid' && rowOf.get(hash)?.state !== 'paid') {
      faults.push({
        what: `the payee was paid for ${hash}, and the row says ${rowOf.get(hash)?.state}`,
        offMsat: receivedMsat,
      });
    }
  }
  return faults;
}

/** Every invoice of our nodes against our rows, both ways, and against what the payer outside lists. */
export function invoicesAgainstNodes(rows: readonly InvoiceRow[], { payments, invoices }: NodeLists): Fault[] {
  const faults: Fault[] = [];
  const paid = new Map(
    invoices.filter(({ node, state }) => OURS.includes(node) && state === 'paid').map((each) => [each.hash, each]),
  );
  const rowOf = new Map(rows.map((row) => [row.hash, row]));
  for (const { hash, node, receivedMsat } of paid.values()) {
    const row = rowOf.get(hash);
    const bookedMsat = row?.state === 'settled' ? (row.receivedMsat ?? 0n) : 0n;
    if (bookedMsat === receivedMsat && row?.node === node) continue;
    const what = `${hash}: ${node} received ${receivedMsat} msat, the row says ${row?.state} ${bookedMsat}`;
    faults.push({ what, offMsat: abs(receivedMsat - bookedMsat) });
  }
  for (const { hash, state, receivedMsat } of rows) {
    if (state === 'settled' && !paid.has(hash ?? '')) {
      faults.push({ what: `${hash} is settled in the books and at no node`, offMsat: receivedMsat ?? 0n });
    }
  }
  for (const { hash, node, state, amountMsat } of payments) {
    if (node === 'carol' && state === 'paid' && rowOf.get(hash)?.state !== 'settled') {
      faults.push({ what: `carol paid ${hash}, and the row says ${rowOf.get(hash)?.state}`, offMsat: amountMsat });
    }
  }
  return faults;
}
