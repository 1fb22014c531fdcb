// An instance with the pages of admins, an admin and somebody else, and how a browser would come in: by the link, its page and
// its button. Times move by a clock of the test where Redis does not tell them.
import pg from 'pg';
import { enterWeb, makeWebLink, WEB_IN_PATH } from '../../src/flows/admin-web.ts';
import { openOrFind } from '../../src/flows/wallets.ts';
import { addAdmin } from '../../src/http/admin/admin.ts';
import { createServer } from '../../src/http/server.ts';
import type { World } from '../../src/world.ts';
import { type Ground, ground } from './instances.ts';

export const ADMIN_URL = 'https://admin.example.org';

export type Place = {
  readonly url: string;
  readonly world: World;
  readonly lines: readonly string[];
  close(): Promise<void>;
};

export type AdminGround = {
  readonly shared: Ground;
  readonly bossId: string;
  readonly ashaId: string;
  /** Another instance of the same fleet. */
  place(env?: Record<string, string>): Promise<Place>;
  /** As the owner of the tables. */
  asOwner(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  setRole(userId: string, role: 'admin' | 'person'): Promise<void>;
  close(): Promise<void>;
};

export async function adminGround(): Promise<AdminGround> {
  const shared = await ground();
  const owner = new pg.Client({ connectionString: shared.database.ownerUrl });
  await owner.connect();
  const places: Place[] = [];
  const asOwner = async (text: string, values: readonly unknown[] = []) => (await owner.query(text, [...values])).rows;
  const setRole = async (userId: string, role: string) =>
    void (await asOwner('update users set role = $2 where id = $1', [userId, role]));
  const place = async (env: Record<string, string> = { ADMIN_URL }) => {
    const { world, lines } = await shared.start(env);
    const server = createServer({ log: world.log, ids: world.ids });
    addAdmin(server, world);
    const url = `http://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
    const made = { url, world, lines, close: () => server.close() };
    places.push(made);
    return made;
  };
  const first = await shared.start();
  const person = async (externalId: string, name: string) =>
    (
      await openOrFind(first.world, {
        channel: 'telegram',
        externalId,
        username: name,
        name,
        bot: 'b',
        chatId: externalId,
      })
    ).userId;
  const [bossId, ashaId] = [await person('71', 'boss'), await person('72', 'asha')];
  await setRole(bossId, 'admin');
  return {
    shared,
    bossId,
    ashaId,
    place,
    asOwner,
    setRole,
    async close() {
      await Promise.all(places.map((each) => each.close()));
      await owner.end();
      await shared.close();
    },
  };
}

/** The secret in a link of this admin's. */
export async function linkKey(world: World, userId: string): Promise<string> {
  const link = await makeWebLink(world, userId);
  return new URL(link ?? '').searchParams.get('key') ?? '';
}

export function press(place: Place, key: string, headers: Record<string, string> = {}): Promise<Response> {
  const body = new URLSearchParams({ key });
  return fetch(place.url + WEB_IN_PATH, { method: 'POST', body, redirect: 'manual', headers });
}

/** What a browser of this admin's shows, once it is in. */
export async function cookieOf(world: World, userId: string): Promise<string> {
  return `satfleet_admin=${await enterWeb(world, await linkKey(world, userId))}`;
}

export function get(place: Place, path: string, cookie = '', headers: Record<string, string> = {}): Promise<Response> {
  return fetch(place.url + path, { redirect: 'manual', headers: { ...(cookie ? { cookie } : {}), ...headers } });
}
