// What a person is about to confirm, for a quarter of an hour. Taking it reads and deletes in one step, so that two taps
// find it once; if Redis forgot it, the card is too old and nothing happened.
import { answered, type Redis } from './connection.ts';
import { keys } from './keys.ts';

/** Keeps a draft's text under its id for `lifeMs`. Throws Unavailable. */
export async function keepDraft(redis: Redis, id: string, text: string, lifeMs: number): Promise<void> {
  await answered(redis.set(keys.draft(id), text, 'PX', lifeMs));
}

/** Gives a draft's text and deletes it; undefined when it is gone. Throws Unavailable. */
export async function takeDraft(redis: Redis, id: string): Promise<string | undefined> {
  return (await answered(redis.getdel(keys.draft(id)))) ?? undefined;
}
