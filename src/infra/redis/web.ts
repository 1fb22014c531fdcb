// An admin's way into the pages of admins: the link that was given out in the chat, and the session of the browser that used
// it. Neither is kept as it is, only its hash, so that whoever reads this Redis gets in nowhere.
import { answered, type Redis } from './connection.ts';
import { keys } from './keys.ts';

/** Remembers whose link this is. Throws Unavailable. */
export async function keepWebLink(redis: Redis, hash: string, userId: string, lifeMs: number): Promise<void> {
  await answered(redis.set(keys.webLink(hash), userId, 'PX', lifeMs));
}

/** Whose link it is, once: then it is gone. Undefined when it is not known any more. Throws Unavailable. */
export async function takeWebLink(redis: Redis, hash: string): Promise<string | undefined> {
  return (await answered(redis.getdel(keys.webLink(hash)))) ?? undefined;
}

/** Makes this the one session of an admin, in place of any before. Throws Unavailable. */
export async function keepWebSession(redis: Redis, userId: string, hash: string, lifeMs: number): Promise<void> {
  await answered(redis.set(keys.webSession(userId), hash, 'PX', lifeMs));
}

/** The hash of an admin's session. Throws Unavailable. */
export async function findWebSession(redis: Redis, userId: string): Promise<string | undefined> {
  return (await answered(redis.get(keys.webSession(userId)))) ?? undefined;
}

/** Ends it. Throws Unavailable. */
export async function dropWebSession(redis: Redis, userId: string): Promise<void> {
  await answered(redis.del(keys.webSession(userId)));
}
