// The pages of admins as a browser shows them: in by the link and its button, the figures on a phone without anything cut off,
// the queues with no fault under our rules for scripts, and those of money without a button to press. Each leaves a picture in
// test-results/admin.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { need } from '../../scripts/needs.ts';
import { ROOT } from '../../scripts/root.ts';
import { addCounts, addPeople } from '../../src/infra/db/analytics.ts';
import { type AdminGround, adminGround, linkKey, type Place } from '../channels/admin-ground.ts';

const PICTURES = join(ROOT, 'test-results', 'admin');
const DAY_MS = 24 * 60 * 60_000;
const PHONE = { width: 360, height: 740 };

let all: AdminGround;
let place: Place;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  const executablePath = await need('chromium', console.log);
  [all, browser] = await Promise.all([
    adminGround(),
    chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] }),
  ]);
  place = await all.place();
  await layDown();
  context = await browser.newContext({ viewport: PHONE, colorScheme: 'light' });
  page = await context.newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`${message.text()} (${message.location().url})`);
  });
});
afterAll(async () => {
  await browser?.close();
  await all?.close();
});

/** Some weeks of a small house, and jobs that wait and have failed. */
async function layDown(): Promise<void> {
  const { db, clock } = place.world;
  const todayMs = clock.nowMs() - (clock.nowMs() % DAY_MS);
  for (let ago = 0; ago < 30; ago++) {
    const hourMs = todayMs - ago * DAY_MS;
    const count = (each: string, times: number, result = 'ok') =>
      ({ hourMs, kind: 'command', name: each, result, count: times }) as const;
    const much = [
      count('balance', 900 - ago * 20),
      count('send', 200 - ago * 3),
      count('receive', 240),
      count('pay', 150),
    ];
    await addCounts(db, [...much, ...(ago % 3 ? [] : [count('pay', 1 + ago, 'fault')])]);
    if (ago % 4 === 0) await addPeople(db, hourMs, [all.bossId, all.ashaId]);
  }
  for (const queue of ['payment', 'escalation', 'notification']) {
    const jobs = new Queue(queue, { connection: { url: all.shared.redis.queueUrl } });
    for (let at = 0; at < 3; at++) await jobs.add(queue, { id: `row-${at}`, traceId: `trace-${at}` });
    await jobs.close();
  }
}

const picture = (name: string, isWhole = true) =>
  page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: isWhole });
const isCutOff = () => page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');

test('in by the link and its button, which is then used up; a script sees no cookie', async () => {
  const key = await linkKey(place.world, all.bossId);
  await page.goto(`${place.url}/admin/in?key=${key}`);
  await picture('in');
  await page.getByRole('button', { name: 'Enter' }).click();
  await page.waitForURL(`${place.url}/admin`);
  expect(await page.evaluate('document.cookie')).toBe('');
  const [cookie] = await context.cookies();
  expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Strict', path: '/admin' });
  const other = await browser.newPage();
  await other.goto(`${place.url}/admin/in?key=${key}`);
  await other.getByRole('button').click();
  await other.getByText('used already').waitFor();
  await other.close();
});

test('the figures, on a phone and wide, light and dark, with nothing cut off', async () => {
  await page.getByRole('link', { name: 'Analytics' }).click();
  await page.getByRole('heading', { name: 'Who came back' }).waitFor();
  expect(await isCutOff()).toBe(false);
  await picture('analytics-phone');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture('analytics-phone-dark');
  await page.setViewportSize({ width: 1100, height: 900 });
  await page.getByRole('link', { name: '7 days' }).click();
  await page.waitForURL(/days=7$/);
  await picture('analytics-wide-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.getByRole('link', { name: '90 days' }).click();
  await page.waitForURL(/days=90$/);
  expect(await isCutOff()).toBe(false);
});

test('the queues, those of money with nothing to press', async () => {
  await page.goto(`${place.url}/admin/queues`);
  await page.getByText('escalation').first().waitFor();
  await page.goto(`${place.url}/admin/queues/queue/payment?status=waiting`);
  await page.getByText('row-0').first().waitFor();
  await picture('queue-payment', false);
  expect(faults).toEqual([]);
});
