// The demo's page server: serves the page and nothing beside it, passes chats and the Lightning control interface through,
// and turns the counter's big numbers into decimal strings.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CounterView, type Phones, startPhones } from '../../sandbox/phones/server.ts';
import { startTelegram, type Telegram } from '../../sandbox/telegram/server.ts';

const TOKEN = '700100:abcdefghijklmnopqrstuvwxyzABCDEFGHI';

let telegram: Telegram;
let phones: Phones;
let control: http.Server;
let counter: () => Promise<CounterView>;

beforeAll(async () => {
  telegram = await startTelegram({ bots: [{ token: TOKEN, username: 'sat_bot', first_name: 'Sats' }] });
  const { person } = telegram.person({ id: 4242, first_name: 'Asha' });
  control = http.createServer((request, response) => response.end(JSON.stringify({ asked: request.url })));
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
  phones = await startPhones({
    telegramUrl: telegram.url,
    people: [person],
    botUsernames: ['sat_bot'],
    lightningControlUrl: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
    counter: () => counter(),
    network: { kind: 'sandbox', bitcoinNetwork: 'regtest' },
  });
});
afterAll(async () => {
  await phones.stop();
  await telegram.stop();
  control.closeAllConnections();
  control.close();
});

const get = (path: string, init?: RequestInit) => fetch(`${phones.url}${path}`, init);

it('serves the page with its parts, and only those', async () => {
  const page = await (await get('/')).text();
  for (const [, part] of page.matchAll(/(?:src|href)="([^"]+)"/g)) {
    expect((await get(`/${part}`)).status, part).toBe(200);
  }
  for (const path of ['/server.ts', '/..%2fserver.ts', '/page/page.css', '/nothing.css']) {
    expect((await get(path)).status, path).toBe(404);
  }
});

it('says who is here and what the counter sees', async () => {
  expect(await (await get('/setup.json')).json()).toMatchObject({ people: [{ id: 4242 }], bots: ['sat_bot'] });
  const books = {
    currencies: [{ code: 'BTC', sum: 0n }],
    accounts: [{ code: 'a', balance: 2n ** 63n, held: 5n, currency: 'BTC', name: 'Asha' }],
  };
  counter = async () => ({ instances: [], queues: [], books });
  expect(await (await get('/counter.json')).json()).toMatchObject({
    books: { currencies: [{ sum: '0' }], accounts: [{ balance: '9223372036854775808', held: '5', name: 'Asha' }] },
  });
  counter = () => Promise.reject(new Error('the database is away'));
  const away = await get('/counter.json');
  expect([away.status, await away.json()]).toEqual([503, { error: 'the database is away' }]);
});

it('passes acts, chats, live events and the Lightning control through', async () => {
  const stop = new AbortController();
  const events = await get('/people/events', { signal: stop.signal });
  const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
  await get('/people/4242/say', { method: 'POST', body: JSON.stringify({ text: 'hello' }) });
  let heard = '';
  while (!heard.includes('data:')) heard += (await reader?.read())?.value ?? '';
  expect(heard).toContain('"text":"hello"');
  stop.abort();
  const chat = await (await get('/people/4242/chat/sat_bot')).json();
  expect(chat).toMatchObject({ started: true, messages: [{ text: 'hello', from: 'person' }] });
  expect(await (await get('/lightning/nodes?x=1')).json()).toEqual({ asked: '/nodes?x=1' });
});
