// The way into the pages of admins: a link works once and not for long, is not used up by being looked at, and opens a session
// that every instance knows and that ends with the role. Nothing of it is kept or logged as it is.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/base/config.ts';
import { addAdmin, removeAdmin } from '../../src/flows/admin-roles.ts';
import { enterWeb, leaveWeb, makeWebLink, WEB_SESSION_MS, webUser } from '../../src/flows/admin-web.ts';
import { ADMIN_URL, type AdminGround, adminGround, cookieOf, get, linkKey, type Place, press } from './admin-ground.ts';
import { environmentOf } from './instances.ts';

let all: AdminGround;
let one: Place;
let other: Place;

beforeAll(async () => {
  all = await adminGround();
  one = await all.place();
  other = await all.place();
});
afterAll(() => all.close());

const audited = async () =>
  (await all.asOwner('select action from audit where actor_id = $1 order by id', [all.bossId])).map(
    (row) => row.action,
  );
const redisKeys = () => one.world.sessions.keys('web-*');

describe('a link', () => {
  test('is looked at as often as anybody likes, and used once, by its button, at any instance', async () => {
    const link = (await makeWebLink(one.world, all.bossId)) ?? '';
    expect(link).toMatch(/^https:\/\/admin\.example\.org\/admin\/in\?key=[\w-]{43}$/);
    const [path, key] = [link.slice(ADMIN_URL.length), new URL(link).searchParams.get('key') ?? ''];
    for (const method of ['GET', 'HEAD', 'GET', 'GET']) {
      const seen = await fetch(one.url + path, { method, redirect: 'manual' });
      expect(seen.status).toBe(200);
      expect(seen.headers.get('set-cookie')).toBeNull();
      expect(seen.headers.get('referrer-policy')).toBe('no-referrer');
      expect(seen.headers.get('cache-control')).toBe('no-store');
      if (method === 'GET') expect(await seen.text()).toContain('<form method="post" action="/admin/in">');
    }
    const came = await press(other, key);
    expect([came.status, came.headers.get('location')]).toEqual([303, '/admin']);
    for (const place of [one, other]) {
      const again = await press(place, key);
      expect([again.status, again.headers.get('set-cookie')]).toEqual([403, null]);
      expect(await again.text()).toContain('used already or is older than five minutes. Nothing was done.');
    }
    expect((await audited()).slice(-2)).toEqual(['web_link', 'web_in']);
  });

  test('pressed by many in the same moment lets one of them in', async () => {
    const key = await linkKey(one.world, all.bossId);
    const came = await Promise.all(Array.from({ length: 8 }, (_, at) => press(at % 2 ? one : other, key)));
    expect(came.map(({ status }) => status).sort()).toEqual([303, ...Array(7).fill(403)]);
  });

  test('is over after five minutes', async () => {
    const key = await linkKey(one.world, all.bossId);
    const [name = ''] = await one.world.sessions.keys('web-link:*');
    const lifeMs = await one.world.sessions.pttl(name);
    expect(lifeMs).toBeGreaterThan(4 * 60_000);
    expect(lifeMs).toBeLessThanOrEqual(5 * 60_000);
    // Redis tells the time here: its end is brought near.
    await one.world.sessions.pexpire(name, 1);
    await expect.poll(() => one.world.sessions.exists(name), { timeout: 10_000 }).toBe(0);
    expect((await press(one, key)).status).toBe(403);
  });

  test('is for admins, also when it is used', async () => {
    await expect(makeWebLink(one.world, all.ashaId)).rejects.toMatchObject({ code: 'not_allowed' });
    await all.setRole(all.ashaId, 'admin');
    const key = await linkKey(one.world, all.ashaId);
    await all.setRole(all.ashaId, 'person');
    expect((await press(one, key)).status).toBe(403);
  });

  test('made up, doubled, or sent by a page of somebody else opens nothing', async () => {
    for (const key of ['', 'x', 'A'.repeat(43), '../session', `${'A'.repeat(42)}\n`]) {
      expect((await press(one, key)).status, key).toBe(403);
    }
    const key = await linkKey(one.world, all.bossId);
    expect((await press(one, key, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await press(one, key, { 'sec-fetch-site': 'same-origin' })).status).toBe(303);
    const page = await (await get(one, '/admin/in?key=%22%3E%3Cscript%3E')).text();
    expect(page).not.toContain('<script');
    expect(page).toContain('value="&#34;&#62;&#60;script&#62;"');
  });
});

describe('a session', () => {
  test('is a cookie that scripts, other sites and plain http are not shown, for half an hour', async () => {
    const came = await press(one, await linkKey(one.world, all.bossId));
    const [shown = '', ...attributes] = (came.headers.get('set-cookie') ?? '').split('; ');
    expect(attributes.sort()).toEqual(['HttpOnly', 'Max-Age=1800', 'Path=/admin', 'SameSite=Strict', 'Secure'].sort());
    const lifeMs = await one.world.sessions.pttl(`web-session:{${all.bossId}}`);
    expect(lifeMs).toBeGreaterThan(WEB_SESSION_MS - 60_000);
    expect(lifeMs).toBeLessThanOrEqual(WEB_SESSION_MS);
    for (const place of [one, other]) expect((await get(place, '/admin', shown)).status).toBe(200);
    await one.world.sessions.pexpire(`web-session:{${all.bossId}}`, 1);
    await expect.poll(async () => (await get(other, '/admin', shown)).status, { timeout: 10_000 }).toBe(401);
  });

  test('is asked for everywhere, and nothing is told without', async () => {
    const cookie = await cookieOf(one.world, all.bossId);
    const flipped = cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    const theirs = cookie.replace(all.bossId, all.ashaId);
    const paths = ['', '/analytics', '/analytics.csv', '/analytics.json', '/queues', '/queues/api/queues'];
    for (const path of [...paths, '/queues/static/js/main.js']) {
      for (const shown of ['', flipped, theirs, 'satfleet_admin=', 'satfleet_admin=.', `x${cookie}`]) {
        const answer = await get(one, `/admin${path}`, shown);
        expect([path, shown, answer.status]).toEqual([path, shown, 401]);
        expect(await answer.text()).toContain('Write /web to the bot');
      }
    }
    for (const path of paths) expect((await get(one, `/admin${path}`, `a=b; ${cookie}; c=d`)).status, path).toBe(200);
  });

  test('ends at the next request of who is no admin any more, and does not come back with the role', async () => {
    await all.setRole(all.ashaId, 'admin');
    const cookie = await cookieOf(one.world, all.ashaId);
    expect((await get(other, '/admin', cookie)).status).toBe(200);
    await all.setRole(all.ashaId, 'person');
    expect((await get(one, '/admin/analytics', cookie)).status).toBe(401);
    await all.setRole(all.ashaId, 'admin');
    expect((await get(other, '/admin', cookie)).status).toBe(401);
    // Nor does one that was not used while they were none.
    const second = await cookieOf(one.world, all.ashaId);
    await removeAdmin(one.world, all.bossId, { said: '@asha', channel: 'telegram' });
    await addAdmin(one.world, all.bossId, { said: '@asha', channel: 'telegram' });
    expect((await get(other, '/admin', second)).status).toBe(401);
    await all.setRole(all.ashaId, 'person');
  });

  test('is one for each admin, ends by the button, and each step is written down', async () => {
    const first = await cookieOf(one.world, all.bossId);
    const second = await cookieOf(other.world, all.bossId);
    expect((await get(one, '/admin', first)).status).toBe(401);
    expect((await get(one, '/admin', second)).status).toBe(200);
    const out = (headers: Record<string, string>) =>
      fetch(`${one.url}/admin/out`, { method: 'POST', headers: { cookie: second, ...headers } });
    expect((await out({ 'sec-fetch-site': 'same-site' })).status).toBe(403);
    const left = await out({ 'sec-fetch-site': 'same-origin' });
    expect([left.status, left.headers.get('set-cookie')?.includes('Max-Age=0')]).toEqual([200, true]);
    expect((await get(other, '/admin', second)).status).toBe(401);
    expect((await audited()).at(-1)).toBe('web_out');
  });

  test('is kept as a hash, and neither it nor a link stands in a log', async () => {
    const key = await linkKey(one.world, all.bossId);
    const secret = (await enterWeb(one.world, key))?.split('.')[1] ?? '';
    const open = await linkKey(one.world, all.bossId);
    const kept = await Promise.all(
      (await redisKeys()).map(async (name) => `${name} ${await one.world.sessions.get(name)}`),
    );
    expect(kept.length).toBeGreaterThanOrEqual(2);
    for (const hidden of [key, secret, open]) {
      expect(hidden).toHaveLength(43);
      expect([...kept, ...one.lines, ...other.lines].join('\n')).not.toContain(hidden);
    }
    expect(await webUser(one.world, `${all.bossId}.${secret}`)).toMatchObject({ userId: all.bossId });
    await leaveWeb(one.world, all.bossId);
  });
});

test('is not there without an address, and refuses one that a browser would show the cookie to everybody', async () => {
  const closed = await all.place({});
  for (const path of ['/admin', '/admin/in', '/admin/queues']) expect((await get(closed, path)).status).toBe(404);
  expect(await makeWebLink(closed.world, all.bossId)).toBeUndefined();
  const load = (url: string) => () => loadConfig('bot', { ...environmentOf(all.shared), ADMIN_URL: url });
  expect(load('http://pay.example.org')).toThrow('ADMIN_URL must begin with https://');
  expect(load('nonsense')).toThrow('ADMIN_URL');
  for (const url of ['https://pay.example.org', 'http://localhost:8080', 'http://127.0.0.1:1'])
    expect(load(url)).not.toThrow();
});
