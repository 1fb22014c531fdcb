// What a person has been asked to confirm. A draft is taken once, by its owner; when it is gone, the card is too old and
// nothing has happened.
import { Refusal } from '../base/errors.ts';
import { DRAFT_LIFE_MS } from '../domain/limits.ts';
import { keepDraft, takeDraft } from '../infra/redis/drafts.ts';
import type { World } from '../world.ts';
import type { PayDraft } from './pay.ts';
import type { SendDraft } from './send.ts';

export type Draft = PayDraft | SendDraft;

/** Keeps a draft for a quarter of an hour. Its amounts are decimal strings, so JSON carries it whole. */
export async function keep(world: World, draft: Draft): Promise<void> {
  const owner = draft.kind === 'pay' ? draft.userId : draft.fromUserId;
  await keepDraft(world.sessions, nameOf(owner, draft.id), JSON.stringify(draft), DRAFT_LIFE_MS);
}

/** Reads and deletes a draft at once. Throws Refusal card_expired when it is gone or another person's. */
export async function take(world: World, given: { id: string; userId: string }): Promise<Draft> {
  const text = await takeDraft(world.sessions, nameOf(given.userId, given.id));
  if (text === undefined) throw new Refusal('card_expired');
  // Written by `keep` and by nothing else.
  return JSON.parse(text) as Draft;
}

// The owner is part of the name, so that another person's press cannot even use it up.
function nameOf(userId: string, id: string): string {
  return `${userId}/${id}`;
}
