// The whole first day of two people on the demo's page, in a real browser: everything is typed and tapped as they would,
// and everything they read is read from the page. Behind it run the real bots, worker, database and nodes. Each station
// leaves a picture in test-results/first-day. LIGHTNING=real has the same day on real LND nodes.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import jsqr from 'jsqr';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { need } from '../../scripts/needs.ts';
import { ROOT } from '../../scripts/root.ts';
import { pixelsOf } from '../channels/support.ts';
import { type Demo, makeFolder, removeFolder, startDemo } from '../demo/run.ts';
import { Outside } from './outside.ts';
import { Phone } from './phone.ts';

const readQr = jsqr as unknown as typeof jsqr.default;
const PICTURES = join(ROOT, 'test-results', 'first-day');
const BROWSER_ARGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
];
const lightning = process.env.LIGHTNING === 'real' ? 'real' : 'sandbox';
// Building real nodes takes minutes, opening their channels half a minute more.
const START_MS = lightning === 'real' ? 480_000 : 90_000;
const folder = makeFolder();

let demo: Demo;
let browser: Browser;
let page: Page;
let asha: Phone;
let baraka: Phone;
let outside: Outside;
const faults: string[] = [];
let station = 0;
let isOver = false;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  const executablePath = await need('chromium', console.log);
  // Whichever of the two comes, the other must be known to `afterAll` when one fails.
  const demoStarts = startDemo(folder, ['--lightning', lightning], START_MS).then((started) => {
    demo = started;
  });
  const browserStarts = chromium.launch({ executablePath, args: BROWSER_ARGS }).then((launched) => {
    browser = launched;
  });
  await Promise.allSettled([demoStarts, browserStarts]);
  await Promise.all([demoStarts, browserStarts]);
  page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    deviceScaleFactor: 2,
    timezoneId: 'Africa/Nairobi',
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`${message.text()} (${message.location().url})`);
  });
  // The console says that something was refused; why, its answer says.
  page.on('response', async (response) => {
    if (response.status() >= 400) faults.push(`${response.url()}: ${await response.text()}`);
  });
  await page.goto(demo.url);
  [asha, baraka] = [new Phone(page, 'asha'), new Phone(page, 'baraka')];
  outside = new Outside(page);
}, 540_000);

// What follows a broken station could only break too.
beforeEach(({ skip }) => skip(isOver, 'an earlier station failed'));

afterEach(async ({ task }) => {
  isOver ||= task.result?.state === 'fail';
  if (task.result?.state === 'skip') return;
  station += 1;
  const name = `${String(station).padStart(2, '0')}-${task.name.replace(/\W+/g, '-').slice(0, 50)}.png`;
  await page?.screenshot({ path: join(PICTURES, name) });
});

afterAll(async () => {
  console.log(`The day's pictures are in ${PICTURES}`);
  await browser?.close();
  await demo?.stop();
  removeFolder(folder);
});

it('begins with two questions, in the language of each', async () => {
  // One after the other: the page has one mouse.
  await asha.promises(/Satfleet is a bitcoin wallet in your chat/);
  await baraka.promises(/Satfleet ni pochi ya bitcoin/);
  await asha.begin();
  await baraka.begin();
  const first = await asha.shows(/Your wallet is ready\. Which language/);
  await asha.tap(first, 'English');
  await asha.becomes(first, /Which money do you think in/);
  await asha.tap(first, 'KES (KSh)');
  await asha.becomes(first, /All set\. You have 0 sats/);
  const other = await baraka.shows(/Pochi yako iko tayari\. Unapendelea lugha gani/);
  await baraka.tap(other, 'Kiswahili');
  await baraka.becomes(other, /Huwa unahesabu kwa pesa gani/);
  await baraka.tap(other, 'TZS (TSh)');
  await baraka.becomes(other, /Tayari kabisa\. Una 0 sats/);
});

it('is paid from outside by a picture, which is gone then', async () => {
  await asha.say('/receive 50000');
  const shown = await asha.answer(/To be paid 50,000 sats/);
  const { rgba, width, height } = pixelsOf(await asha.picture(shown));
  const scanned = readQr(rgba, width, height)?.data;
  expect(scanned).toMatch(/^LIGHTNING:LN/);
  expect(shown.text).toContain(scanned?.replace('LIGHTNING:', '').toLowerCase());
  await outside.payNewest('asha');
  await asha.shows(/Received 50,000 sats.*They are in your wallet now/);
  await asha.loses(shown);
  await asha.say('/balance');
  await asha.answer(/You have 50,000 sats \(≈ KSh [\d,.]+\).*Rate \d+ s(ec)? old/s);
});

it('pays an invoice from outside that is pasted', async () => {
  const request = await outside.makeInvoice({ sats: 2_500, memo: 'Coffee' });
  const card = await asha.confirm(request, /Pay this\?.*2,500 sats.*Fee: at most.*Coffee/s, 'Pay');
  await asha.becomes(card, /Paid 2,500 sats.*Fee: \d+ sats?.*Proof of payment: [0-9a-f]{64}/s);
});

it('sends by name, and both see it', async () => {
  const card = await asha.confirm('/send 1500 @baraka chai', /Send this\?.*1,500 sats.*@baraka.*chai/s, 'Send');
  await asha.becomes(card, /Sent 1,500 sats.*to @baraka/s);
  await baraka.shows(/Umepokea 1,500 sats.*kutoka kwa @asha.*chai/s);
});

it('asks for sats, paid by a button', async () => {
  await baraka.say('/omba 700 @asha nauli');
  await baraka.answer(/Nimemwomba @asha akulipe 700 sats/);
  const asked = await asha.shows(/Request: @baraka asks you for 700 sats.*nauli/s);
  await asha.tap(asked, 'Pay');
  const card = await asha.answer(/Send this\?.*700 sats.*@baraka/s);
  await asha.tap(card, '✅ Send');
  await asha.becomes(card, /Sent 700 sats/);
  await baraka.shows(/Ombi lako limelipwa: 700 sats.*kutoka kwa @asha/s);
  // Neither card can be pressed any more.
  const over = await asha.becomes(asked, /You paid @baraka.*700 sats/s);
  expect(over.buttons).toEqual([]);
  expect((await baraka.shows(/Ombi lako limelipwa\. Angalia chini/)).buttons).toEqual([]);
});

it('says kindly that there is not enough', async () => {
  const request = await outside.makeInvoice({ sats: 900_000, memo: 'A cow' });
  await asha.say(request);
  await baraka.say('/tuma 900000 @asha');
  await asha.answer(/Not enough sats, so nothing was sent\. This needs 9\d\d,\d{3} sats.*you have 45,\d{3} sats/s);
  await baraka.answer(/Sats hazitoshi, kwa hiyo hakuna kilichotumwa.*900,000 sats.*una 2,200 sats/s);
});

it('holds a payment in flight with its clock; refused, all of it comes back', async () => {
  const rent = await outside.makeInvoice({ sats: 3_000, memo: 'Rent', hold: true });
  const card = await asha.confirm(rent, /Pay this\?.*3,000 sats.*Rent/s, 'Pay');
  await outside.holds('Rent');
  const fare = await outside.makeInvoice({ sats: 800, memo: 'Fare', hold: true });
  const other = await baraka.confirm(fare, /Ulipe hii\?.*800 sats.*Fare/s, 'Lipa');
  await outside.holds('Fare');
  await asha.becomes(card, /Your payment of 3,000 sats.*has been on its way since \d\d:\d\d/s);
  await baraka.becomes(other, /Malipo yako ya 800 sats.*yako njiani tangu \d\d:\d\d/s);
  await asha.say('/balance');
  await asha.answer(/Set aside for payments under way: 3,0\d\d sats/);
  await outside.holdsFor('Asha', /^3,0\d\d/);
  await page.screenshot({ path: join(PICTURES, 'in-flight.png') });
  await outside.end('Rent', 'refuse');
  await asha.shows(/Your payment of 3,000 sats.*did not go through\. All of your sats are back/s);
  expect((await asha.becomes(card, /did not go through\. See below/)).buttons).toEqual([]);
});

it('loses nothing but time while our nodes are dead', async () => {
  const held = await baraka.shows(/yako njiani tangu/);
  for (const alias of ['alice', 'bob']) await outside.turn(alias, 'off');
  await asha.say('/receive 250');
  const tea = await outside.makeInvoice({ sats: 300, memo: 'Tea' });
  const card = await asha.confirm(tea, /Pay this\?.*300 sats.*Tea/s, 'Pay');
  await asha.becomes(card, /Paying 300 sats.*set aside/s);
  await outside.end('Fare', 'settle');
  await page.screenshot({ path: join(PICTURES, 'nodes-dead.png') });
  for (const alias of ['alice', 'bob']) await outside.turn(alias, 'on');
  await baraka.shows(/Umelipa 800 sats/);
  await baraka.becomes(held, /Umelipa\. Angalia chini/);
  // On the card, or beneath it where the wait was long enough to be told.
  await asha.shows(/Paid 300 sats/);
  const shown = await asha.shows(/To be paid 250 sats/);
  await outside.payNewest('asha');
  await asha.shows(/Received 250 sats/);
  await asha.loses(shown);
});

it('looks back, page by page, and opens a line', async () => {
  for (const sats of [10, 20, 30, 40, 50]) {
    const card = await asha.confirm(`/send ${sats} @baraka`, new RegExp(`Send this\\?.*${sats} sats`, 's'), 'Send');
    await asha.becomes(card, /Sent/);
  }
  await asha.say('/history');
  const list = await asha.answer(/Your history.*10\. /s);
  await asha.tap(list, 'Older ▶');
  await asha.becomes(list, /\n1\. \+50,000 sats · Received[^\n]*$/);
  await asha.tap(list, '⏮ Newest');
  const { text } = await asha.becomes(list, /1\. −50 sats · Sent · @baraka/);
  const [, line = ''] = /(\d+)\. −30\d sats · Paid/.exec(text) ?? [];
  await asha.tap(list, line);
  await asha.becomes(list, /^Paid.*Note: Tea.*State: paid.*Proof of payment: [0-9a-f]{64}/s);
  await page.screenshot({ path: join(PICTURES, 'detail.png') });
  await asha.tap(list, '◀ Back');
  await asha.becomes(list, /Your history/);
});

it('changes to Swahili', async () => {
  await asha.say('/settings');
  const settings = await asha.answer(/Your settings.*English.*KES/s);
  await asha.tap(settings, 'Language');
  await asha.becomes(settings, /Which language do you prefer/);
  await asha.tap(settings, 'Kiswahili');
  await asha.becomes(settings, /Kuanzia sasa nitazungumza nawe kwa Kiswahili/);
  await asha.say('/salio');
  await asha.answer(/Una [\d,]+ sats/);
});

it('ends with the books at zero and nothing under way', async () => {
  const { verdict, sum, accounts } = await outside.books();
  expect({ verdict, sum }).toEqual({ verdict: 'books at zero', sum: '0' });
  expect(accounts['suspense:BTC']).toBe('0');
  expect(await outside.instances()).toEqual(['bot', 'bot', 'worker']);
  expect(faults).toEqual([]);
});
