// Asking someone here for money: the other side gets a card to pay or decline. Paying is an ordinary send that closes
// the request in its own transaction, so a request is paid once.
import { Refusal } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import {
  LARGEST_MSAT,
  LONGEST_MEMO,
  OPEN_REQUESTS_PER_USER,
  REQUEST_LIFE_MS,
  SMALLEST_MSAT,
} from '../domain/limits.ts';
import { balanceOf } from '../infra/db/ledger.ts';
import { closeRequest, countOpenRequests, findRequest, insertRequest, type RequestRow } from '../infra/db/requests.ts';
import { findUser } from '../infra/db/users.ts';
import type { World } from '../world.ts';
import { commit, type Step } from './outbox.ts';
import { balanceLow } from './pay.ts';
import type { SendDraft } from './send.ts';
import { findPayee, nameOf } from './wallets.ts';

/**
 * Asks. The other side gets the notice `request_received`.
 * @throws Refusal payee_unknown, payee_is_payer, amount_too_small, amount_too_large, too_many_open.
 */
export async function ask(
  world: World,
  given: {
    userId: string;
    fromName: string;
    channel: string;
    to: { username: string } | { externalId: string; name: string };
    amountMsat: bigint;
    memo?: string;
  },
): Promise<{ id: string; toName: string }> {
  const { amountMsat } = given;
  if (amountMsat < SMALLEST_MSAT) throw new Refusal('amount_too_small', { leastMsat: String(SMALLEST_MSAT) });
  if (amountMsat > LARGEST_MSAT) throw new Refusal('amount_too_large', { mostMsat: String(LARGEST_MSAT) });
  const payer = await findPayee(world, given.channel, given.to);
  if (!payer) throw new Refusal('payee_unknown');
  if (payer.userId === given.userId) throw new Refusal('payee_is_payer');
  if ((await countOpenRequests(world.db, given.userId)) >= OPEN_REQUESTS_PER_USER) {
    throw new Refusal('too_many_open', { most: String(OPEN_REQUESTS_PER_USER) });
  }
  const id = world.ids.next();
  const memo = given.memo?.slice(0, LONGEST_MEMO) ?? null;
  await commit(world, 'request.ask', async ({ tx, nowMs, tell }) => {
    const expiresAtMs = nowMs + REQUEST_LIFE_MS;
    const people = { fromUserId: given.userId, toUserId: payer.userId };
    await insertRequest(tx, { id, ...people, amountMsat, memo, expiresAtMs, nowMs });
    const news = { amountMsat: String(amountMsat), fromName: given.fromName, memo, expiresAtMs };
    await tell(payer.userId, id, { kind: 'request_received', ...news });
  });
  return { id, toName: payer.name };
}

/**
 * The send that would pay a request.
 * @throws Refusal not_found when it was asked of someone else, request_closed, balance_low.
 */
export async function payDraft(
  world: World,
  given: { userId: string; walletId: string; name: string; id: string },
): Promise<SendDraft> {
  const request = isId(given.id) ? await findRequest(world.db, given.id) : undefined;
  if (request?.toUserId !== given.userId) throw new Refusal('not_found');
  if (request.state !== 'open' || request.expiresAtMs <= world.clock.nowMs()) throw new Refusal('request_closed');
  const [asker, { availableMsat }] = await Promise.all([
    findUser(world.db, request.fromUserId),
    balanceOf(world.db, BigInt(given.walletId)),
  ]);
  if (!asker) throw new Error('a request without its asker');
  if (availableMsat < request.amountMsat) throw balanceLow(request.amountMsat, availableMsat);
  return {
    kind: 'send',
    id: world.ids.next(),
    fromUserId: given.userId,
    fromWalletId: given.walletId,
    fromName: given.name,
    to: { userId: asker.id, walletId: String(asker.walletId), name: nameOf(asker), isNew: false },
    amountMsat: String(request.amountMsat),
    memo: request.memo,
    requestId: request.id,
  };
}

/** Says no; who asked is told. Throws Refusal not_found, request_closed. */
export async function decline(world: World, given: { userId: string; name: string; id: string }): Promise<void> {
  const request = isId(given.id) ? await findRequest(world.db, given.id) : undefined;
  if (request?.toUserId !== given.userId) throw new Refusal('not_found');
  await commit(world, 'request.decline', async ({ tx, nowMs, tell }) => {
    if (!(await closeRequest(tx, { id: given.id, state: 'declined', nowMs }))) throw new Refusal('request_closed');
    const news = { amountMsat: String(request.amountMsat), byName: given.name };
    await tell(request.fromUserId, given.id, { kind: 'request_declined', ...news });
  });
}

/** Takes one's own request back; the other side's card says so. Throws Refusal not_found, request_closed. */
export async function cancel(world: World, given: { userId: string; id: string }): Promise<void> {
  const request = isId(given.id) ? await findRequest(world.db, given.id) : undefined;
  if (request?.fromUserId !== given.userId) throw new Refusal('not_found');
  await commit(world, 'request.cancel', async (step) => {
    if (!(await closeUnpaid(step, request.id, 'canceled'))) throw new Refusal('request_closed');
  });
}

/** Ends a request whose time is over; both cards say so. Does nothing when it has ended otherwise. */
export async function expire(world: World, id: string): Promise<void> {
  await commit(world, 'request.expire', async (step) => {
    const request = await closeUnpaid(step, id, 'expired');
    const payer = request && (await findUser(step.tx, request.toUserId));
    if (!request || !payer) return;
    const news = { amountMsat: String(request.amountMsat), toName: nameOf(payer) };
    await step.tell(request.fromUserId, id, { kind: 'request_expired', ...news });
  });
}

/** `open → how`, with the end of the payer's card; undefined when it was closed before. */
async function closeUnpaid(step: Step, id: string, how: 'canceled' | 'expired'): Promise<RequestRow | undefined> {
  const request = await closeRequest(step.tx, { id, state: how, nowMs: step.nowMs });
  if (!request) return undefined;
  const asker = await findUser(step.tx, request.fromUserId);
  if (!asker) throw new Error('a request without its asker');
  const news = { how, amountMsat: String(request.amountMsat), fromName: nameOf(asker) };
  await step.tell(request.toUserId, id, { kind: 'request_closed', ...news });
  return request;
}
