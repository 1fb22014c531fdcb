// Sending inside the house: at once and free to someone who is here; held for someone who is not, until they claim it by
// the link, the sender takes it back, or 21 days are over. State, money and news move in one transaction, and the
// draft's id is the send's, so that a second tap finds it done.
import { Refusal } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import { currentTrace, traceOfMessage } from '../base/trace.ts';
import { outgoingCode, stands } from '../domain/ledger.ts';
import { CLAIM_LIFE_MS, LARGEST_MSAT, LONGEST_MEMO, SMALLEST_MSAT } from '../domain/limits.ts';
import { give, hold, releaseHold, spendHold } from '../domain/movements.ts';
import type { SendState } from '../domain/states.ts';
import { accountId } from '../infra/db/accounts.ts';
import { LedgerRefused } from '../infra/db/client.ts';
import { balanceNow, balanceOf } from '../infra/db/ledger.ts';
import { isFrozen, refusalToBegin } from '../infra/db/rails.ts';
import { sendNow } from '../infra/db/send-now.ts';
import { closeSend, findSend, insertSend, lockSend, type SendRow } from '../infra/db/sends.ts';
import { findUser } from '../infra/db/users.ts';
import type { World } from '../world.ts';
import { claimCodeOf, sendOfClaimCode } from './claim-code.ts';
import { commit, fastPath, RELAY_AFTER_MS, type Step } from './outbox.ts';
import { balanceLow } from './pay.ts';
import { refusalFor } from './rails.ts';
import { closeRequestBySend } from './request-row.ts';
import { findPayee, nameOf } from './wallets.ts';

export type SendDraft = {
  readonly kind: 'send';
  /** Becomes the send's id. */
  readonly id: string;
  readonly fromUserId: string;
  readonly fromWalletId: string;
  readonly fromName: string;
  /** Without `userId`: not here yet, so the sats wait for a claim. `isNew`: here only since a short while. */
  readonly to: { userId: string; walletId: string; name: string; isNew: boolean } | { name: string };
  readonly amountMsat: string;
  readonly memo: string | null;
  /** The request this pays. */
  readonly requestId: string | null;
};

const NEW_FOR_MS = 24 * 60 * 60_000;

/**
 * Says what a transfer would mean. Changes nothing.
 * @throws Refusal payee_is_payer, amount_too_small, amount_too_large, balance_low.
 */
export async function quote(
  world: World,
  given: {
    userId: string;
    walletId: string;
    fromName: string;
    channel: string;
    to: { username: string } | { externalId: string; name: string };
    amountMsat: bigint;
    memo?: string;
  },
): Promise<SendDraft> {
  const { amountMsat, to } = given;
  if (amountMsat < SMALLEST_MSAT) throw new Refusal('amount_too_small', { leastMsat: String(SMALLEST_MSAT) });
  if (amountMsat > LARGEST_MSAT) throw new Refusal('amount_too_large', { mostMsat: String(LARGEST_MSAT) });
  const [payee, { availableMsat }] = await Promise.all([
    findPayee(world, given.channel, to),
    balanceNow(world.db, BigInt(given.walletId)),
  ]);
  if (payee?.userId === given.userId) throw new Refusal('payee_is_payer');
  if (availableMsat < amountMsat) throw balanceLow(amountMsat, availableMsat);
  const isNew = payee !== undefined && world.clock.nowMs() - payee.sinceMs < NEW_FOR_MS;
  return {
    kind: 'send',
    id: world.ids.next(),
    fromUserId: given.userId,
    fromWalletId: given.walletId,
    fromName: given.fromName,
    to: payee
      ? { userId: payee.userId, walletId: payee.walletId, name: payee.name, isNew }
      : { name: 'username' in to ? `@${to.username.toLowerCase()}` : to.name },
    amountMsat: String(amountMsat),
    memo: given.memo?.slice(0, LONGEST_MEMO) ?? null,
    requestId: null,
  };
}

/**
 * Confirms a draft. Doing it again gives the same send.
 * Crash points: before the commit nothing happened, after it everything.
 * @throws Refusal balance_low, request_closed, sending_stopped, send_paused, wallet_frozen.
 */
export async function start(
  world: World,
  draft: SendDraft,
): Promise<{ id: string; state: SendState; claimCode?: string }> {
  const { result, claimCode } = await ('userId' in draft.to && draft.requestId === null
    ? sendAtOnce(world, draft, draft.to)
    : sendWithRows(world, draft));
  world.metrics.sends.inc({ outcome: result });
  return { id: draft.id, state: result, ...(claimCode === undefined ? {} : { claimCode }) };
}

type Started = { result: SendState; claimCode?: string };

/** The common case, shared by all who send in the same moment: see infra/db/send-now.ts. */
async function sendAtOnce(world: World, draft: SendDraft, to: { userId: string; walletId: string }): Promise<Started> {
  const nowMs = world.clock.nowMs();
  const noticeId = world.ids.next();
  const { id, memo, amountMsat, fromName } = draft;
  const outcome = await sendNow(world.db, {
    id,
    fromUserId: draft.fromUserId,
    toUserId: to.userId,
    toName: draft.to.name,
    memo,
    amountMsat: BigInt(amountMsat),
    fromWalletId: BigInt(draft.fromWalletId),
    toWalletId: BigInt(to.walletId),
    noticeId,
    notice: { kind: 'send_received', amountMsat, fromName, memo },
    nowMs,
    dueAtMs: nowMs + RELAY_AFTER_MS,
    trace: traceOfMessage(),
  });
  if (outcome === 'stopped' || outcome === 'paused' || outcome === 'frozen') throw refusalFor(world, 'send', outcome);
  if (outcome === 'insufficient_funds') throw await notEnough(world, draft);
  if (!stands(outcome)) throw new Error(`the ledger refused a send: ${outcome}`);
  if (outcome === 'exists') world.metrics.repeats.inc({ kind: 'send' });
  if (outcome === 'created') {
    world.metrics.sendMsat.observe(Number(amountMsat));
    await fastPath(world, [{ queue: 'notification', id: noticeId, traceId: currentTrace() }]);
  }
  return { result: 'done' };
}

/** A send that pays a request, or waits for its claim: its rows move with the money in one transaction. */
async function sendWithRows(world: World, draft: SendDraft): Promise<Started> {
  const amountMsat = BigInt(draft.amountMsat);
  const fromId = BigInt(draft.fromWalletId);
  const payee = 'userId' in draft.to ? draft.to : undefined;
  const outgoingId = await accountId(world.db, outgoingCode('BTC'));
  try {
    const { result } = await commit(world, 'send.start', async (step) => {
      const { tx, nowMs } = step;
      const row = {
        id: draft.id,
        fromUserId: draft.fromUserId,
        toUserId: payee?.userId ?? null,
        toName: draft.to.name,
        amountMsat,
        memo: draft.memo,
        state: payee ? ('done' as const) : ('held' as const),
        expiresAtMs: payee ? null : nowMs + CLAIM_LIFE_MS,
        nowMs,
      };
      if (!(await insertSend(tx, row))) {
        return { state: (await findSend(tx, draft.id))?.state ?? row.state, isNew: false };
      }
      const refusal = await refusalToBegin(tx, { rail: 'send', userId: draft.fromUserId });
      if (refusal) throw refusalFor(world, 'send', refusal);
      if (draft.requestId) {
        const names = { byName: draft.fromName, fromName: draft.to.name };
        await closeRequestBySend(step, draft.requestId, names);
      }
      if (!payee) {
        await tx.post(hold(draft.id, { walletId: fromId, outgoingId }, amountMsat, 'claim_hold'));
        return { state: row.state, isNew: true };
      }
      // Who asked has the news that the request is paid; a second message would read like a second payment.
      await tx.post(give(draft.id, { fromId, toId: BigInt(payee.walletId) }, amountMsat));
      return { state: row.state, isNew: true };
    });
    const { state, isNew } = result;
    if (isNew && state === 'done') world.metrics.sendMsat.observe(Number(amountMsat));
    if (state !== 'held') return { result: state };
    return { result: state, claimCode: claimCodeOf(world.config.APP_SECRET, draft.id) };
  } catch (error) {
    if (!(error instanceof LedgerRefused && error.results.includes('insufficient_funds'))) throw error;
    throw await notEnough(world, draft);
  }
}

async function notEnough(world: World, draft: SendDraft): Promise<Refusal> {
  const { availableMsat } = await balanceOf(world.db, BigInt(draft.fromWalletId));
  return balanceLow(BigInt(draft.amountMsat), availableMsat);
}

/**
 * Pays a waiting send to whoever holds its link.
 * @throws Refusal claim_unknown, claim_taken; claim_waits while its sender is frozen; payee_is_payer when it is one's own.
 */
export async function claim(
  world: World,
  given: { userId: string; walletId: string; name: string; code: string },
): Promise<{ amountMsat: bigint; fromName: string; memo: string | null }> {
  const id = sendOfClaimCode(world.config.APP_SECRET, given.code);
  if (id === undefined) throw new Refusal('claim_unknown');
  const outgoingId = await accountId(world.db, outgoingCode('BTC'));
  const { result } = await commit(world, 'send.claim', async (step) => {
    const send = await lockSend(step.tx, id);
    if (!send) throw new Refusal('claim_unknown');
    const sender = await findUser(step.tx, send.fromUserId);
    if (!sender) throw new Error('a send without its sender');
    const story = { amountMsat: send.amountMsat, fromName: nameOf(sender), memo: send.memo };
    if (send.state === 'claimed' && send.toUserId === given.userId) return { story, isNew: false };
    if (send.state !== 'held' || (send.expiresAtMs ?? 0) <= step.nowMs) throw new Refusal('claim_taken');
    if (send.fromUserId === given.userId) throw new Refusal('payee_is_payer');
    if (await isFrozen(step.tx, send.fromUserId)) throw new Refusal('claim_waits');
    await closeSend(step.tx, { id, state: 'claimed', cause: 'claim', toUserId: given.userId, nowMs: step.nowMs });
    const amountMsat = String(send.amountMsat);
    await step.tell(send.fromUserId, id, { kind: 'send_claimed', amountMsat, toName: given.name });
    const to = { outgoingId, toId: BigInt(given.walletId) };
    await step.tx.post(spendHold(id, to, send.amountMsat, { post: 'claim', out: 'claim' }));
    return { story, isNew: true };
  });
  const { story, isNew } = result;
  if (isNew) {
    world.metrics.sends.inc({ outcome: 'claimed' });
    world.metrics.sendMsat.observe(Number(story.amountMsat));
  }
  return story;
}

/** Takes a waiting send back. Throws Refusal not_found when it is not theirs, send_closed when it is not waiting. */
export async function retract(world: World, given: { userId: string; id: string }): Promise<{ amountMsat: bigint }> {
  const { result } = await commit(world, 'send.retract', async (step) => {
    const send = isId(given.id) ? await lockSend(step.tx, given.id) : undefined;
    if (send?.fromUserId !== given.userId) throw new Refusal('not_found');
    if (send.state === 'retracted') return send;
    if (send.state !== 'held') throw new Refusal('send_closed');
    await giveBack(step, send, 'retracted');
    return send;
  });
  world.metrics.sends.inc({ outcome: 'retracted' });
  return { amountMsat: result.amountMsat };
}

/** Returns a waiting send whose time is over; does nothing when it has ended otherwise. */
export async function giveBackOverdue(world: World, id: string): Promise<void> {
  const { result: isReturned } = await commit(world, 'send.return', async (step) => {
    const send = await lockSend(step.tx, id);
    if (send?.state !== 'held' || (send.expiresAtMs ?? 0) > step.nowMs) return false;
    const news = { amountMsat: String(send.amountMsat), toName: send.toName };
    await step.tell(send.fromUserId, id, { kind: 'send_returned', ...news });
    await giveBack(step, send, 'returned');
    return true;
  });
  if (isReturned) world.metrics.sends.inc({ outcome: 'returned' });
}

async function giveBack(step: Step, send: SendRow, state: 'retracted' | 'returned'): Promise<void> {
  const cause = state === 'returned' ? 'expiry' : 'retract';
  await closeSend(step.tx, { id: send.id, state, cause, toUserId: null, nowMs: step.nowMs });
  await step.tx.post(releaseHold(send.id, 'return'));
}
