// Lightning beyond our nodes: payees who are paid by us and decide when and how it ends, and the count of who really got
// what, which is the truth that a run is judged by.
import { createHash } from 'node:crypto';
import { publicKeyOf, writeRequest } from '../../sandbox/lnd/requests.ts';
import type { Dice } from './dice.ts';
import type { Machine } from './machine.ts';

/** What becomes of one attempt: paid, or failed for LND's reason, after a while. */
export type Ending = { readonly afterMs: number; readonly failure?: string };

/** An invoice of somebody who is nobody of ours. */
export type OutsideInvoice = {
  readonly hash: string;
  readonly preimage: string;
  readonly request: string;
  readonly amountMsat: bigint | undefined;
  readonly expiresAtMs: number;
  /** Of the first attempt and those after it; the last one is for all that follow. */
  readonly endings: Ending[];
  /** Whose payments ended well, by node. */
  readonly paidBy: string[];
};

const KEY = createHash('sha256').update('the wallet elsewhere').digest('hex');
const PAYEE = publicKeyOf(KEY);

export class Outside {
  readonly machine: Machine;
  readonly invoices = new Map<string, OutsideInvoice>();
  readonly #dice: Dice;

  constructor(machine: Machine, given: Dice) {
    this.machine = machine;
    this.#dice = given;
  }

  invoice(wish: { amountMsat?: bigint; lifeS: number; endings: Ending[] }): OutsideInvoice {
    const preimage = this.#dice.bytes(32);
    const hash = createHash('sha256').update(preimage).digest('hex');
    const createdAtS = Math.floor(this.machine.now / 1_000);
    const request = writeRequest(
      {
        payee: PAYEE,
        hash,
        paymentAddr: this.#dice.bytes(32).toString('hex'),
        valueMsat: wish.amountMsat ?? 0n,
        memo: 'goods',
        descriptionHash: '',
        createdAtS,
        expiryS: wish.lifeS,
        cltvExpiry: 18,
      },
      KEY,
    );
    const invoice: OutsideInvoice = {
      hash,
      preimage: preimage.toString('hex'),
      request,
      amountMsat: wish.amountMsat,
      expiresAtMs: (createdAtS + wish.lifeS) * 1_000,
      endings: wish.endings,
      paidBy: [],
    };
    this.invoices.set(hash, invoice);
    return invoice;
  }
}
