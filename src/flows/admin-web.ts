// The way of an admin from the chat to the pages in a browser: a link that works once within five minutes, and a session of
// half an hour that every instance knows. Both are random and kept as a hash alone; the role is looked up in the database at
// every request, so whoever loses it is out at the next one.
import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import { findUser } from '../infra/db/users.ts';
import { dropWebSession, findWebSession, keepWebLink, keepWebSession, takeWebLink } from '../infra/redis/web.ts';
import type { World } from '../world.ts';
import { mustBeAdmin, writeDown } from './admin.ts';

export const WEB_LINK_MS = 5 * 60_000;
export const WEB_SESSION_MS = 30 * 60_000;
/** Where the pages of admins begin, and where a link leads to. */
export const WEB_PATH = '/admin';
export const WEB_IN_PATH = `${WEB_PATH}/in`;
const KEY_BYTES = 32;
const KEY = /^[\w-]{43}$/;

/** Whoever asks for a page, by their session. */
export type WebUser = { readonly userId: string; readonly language: string };

/**
 * A link for this admin alone, audited; undefined while the house has no address for these pages.
 * @throws Refusal not_allowed. Unavailable.
 */
export async function makeWebLink(world: World, userId: string): Promise<string | undefined> {
  await mustBeAdmin(world, userId, 'web');
  const address = world.config.ADMIN_URL;
  if (address === undefined) return undefined;
  const key = newKey(world);
  await writeDown(world, world.db, userId, 'web_link', {});
  await keepWebLink(world.sessions, hashOf(key), userId, WEB_LINK_MS);
  return `${address.replace(/\/$/, '')}${WEB_IN_PATH}?key=${key}`;
}

/**
 * Uses a link up, audited, and opens a session, in place of any that this admin had.
 * @returns what the browser shows from now on; undefined when the link is used, too old, made up or its admin is none any more.
 * @throws Unavailable
 */
export async function enterWeb(world: World, key: string): Promise<string | undefined> {
  const userId = KEY.test(key) ? await takeWebLink(world.sessions, hashOf(key)) : undefined;
  if (userId === undefined) {
    world.metrics.refuse('admin_by_stranger');
    return undefined;
  }
  if (!(await isAdmin(world, userId))) return undefined;
  await writeDown(world, world.db, userId, 'web_in', {});
  const secret = newKey(world);
  await keepWebSession(world.sessions, userId, hashOf(secret), WEB_SESSION_MS);
  return `${userId}.${secret}`;
}

/** Who shows this, if their session lives and they are an admin now; who is none any more has no session any more. Throws Unavailable. */
export async function webUser(world: World, shown: string): Promise<WebUser | undefined> {
  const [userId = '', secret = ''] = shown.split('.');
  if (!isId(userId) || !KEY.test(secret)) return undefined;
  const kept = await findWebSession(world.sessions, userId);
  if (kept === undefined || !timingSafeEqual(Buffer.from(kept), Buffer.from(hashOf(secret)))) return undefined;
  if (await isAdmin(world, userId)) {
    return { userId, language: (await findUser(world.db, userId))?.language ?? 'en' };
  }
  await dropWebSession(world.sessions, userId);
  return undefined;
}

/** Ends the session, audited. Throws Unavailable. */
export async function leaveWeb(world: World, userId: string): Promise<void> {
  await writeDown(world, world.db, userId, 'web_out', {});
  await dropWebSession(world.sessions, userId);
}

/** What can be done with jobs in the browser; never with those that move or count money, which the queues themselves refuse. */
export type JobAct = 'retry_failed' | 'promote_jobs' | 'drop_jobs';

/** Writes down what an admin is about to do with jobs. Throws Refusal not_allowed. */
export async function mayActOnJobs(world: World, userId: string, act: JobAct, about: object): Promise<void> {
  await mustBeAdmin(world, userId, act);
  await writeDown(world, world.db, userId, act, { ...about, by: 'web' });
}

async function isAdmin(world: World, userId: string): Promise<boolean> {
  try {
    await mustBeAdmin(world, userId, 'web');
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function newKey({ random }: World): string {
  return Buffer.from(random.bytes(KEY_BYTES)).toString('base64url');
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
