// A bot's measures: every arrival of an update is counted once by what became of it, each command with its time, each call
// to Telegram with its end, and what waits for the pace.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS, countCommands } from '../../src/chat/commands/index.ts';
import { handle } from '../../src/chat/router.ts';
import { type Ground, ground, type Instance, post } from '../channels/instances.ts';
import { readOne, seriesOf } from './support.ts';

let shared: Ground;
let instance: Instance;
beforeAll(async () => {
  shared = await ground();
  instance = await shared.start({ TELEGRAM_PACE_CHAT: '1' });
  countCommands(instance.world.metrics);
});
afterAll(() => shared.close());

const told = (name: string, labels?: Record<string, string>) => readOne(instance.world.metrics, name, labels);
const updates = (result: string) => told('updates_total', { channel: 'telegram', result });
let next = 500_000;
const phone = () => {
  const person = shared.telegram.person({ first_name: 'Asha', language_code: 'en' });
  person.say('hello');
  return person;
};
function saying({ id }: { id: number }, text: string) {
  const from = { id, is_bot: false, first_name: 'Asha', language_code: 'en' };
  const number = next++;
  return { update_id: number, message: { message_id: number, from, chat: { id, type: 'private' }, date: 1, text } };
}

test('an arrival is counted once, by what became of it', async () => {
  const asha = phone();
  const update = saying(asha, '/balance');
  expect((await post(instance, update)).status).toBe(200);
  expect((await post(instance, update)).status).toBe(200);
  await post(instance, update, { secret: 'wrong' });
  await post(instance, '{"not');
  await post(instance, { update_id: next++, poll: {} });
  shared.handle = async () => {
    throw new Error('broken on purpose');
  };
  expect((await post(instance, saying(asha, '/balance'))).status).toBe(500);
  shared.handle = handle;
  const counted = await Promise.all(
    ['answered', 'repeated', 'forged', 'unreadable', 'ignored', 'failed'].map(async (result) => await updates(result)),
  );
  expect(counted).toEqual([1, 1, 1, 1, 1, 1]);
});

test('a command is counted and timed under its name, and every command from 0', async () => {
  expect(await told('messages_total', { command: 'rate', result: 'fault' })).toBe(0);
  expect(await told('messages_total', { command: 'none', result: 'unavailable' })).toBe(0);
  const commands = seriesOf(await instance.world.metrics.text())
    .filter(({ name, labels }) => name === 'satfleet_messages_total' && labels.result === 'ok')
    .map(({ labels }) => labels.command);
  expect(new Set(commands)).toEqual(new Set(['none', ...COMMANDS.map(({ name }) => name)]));
  const before = (await told('command_seconds_count', { command: 'help' })) ?? 0;
  await post(instance, saying(phone(), '/help'));
  expect(await told('command_seconds_count', { command: 'help' })).toBe(before + 1);
});

test('calls to Telegram by how they ended; a 429 is a wait that was asked for', async () => {
  const done = (await told('telegram_call_seconds_count', { result: 'done' })) ?? 0;
  shared.telegram.faults.tooMany = { method: 'sendmessage', times: 1, retryAfter: 1 };
  await post(instance, saying(phone(), '/help'));
  expect(await told('asked_to_wait_total')).toBe(1);
  expect(await told('telegram_call_seconds_count', { result: 'wait' })).toBe(1);
  expect(await told('telegram_call_seconds_count', { result: 'done' })).toBeGreaterThan(done);
  expect(await told('breaker_open', { name: 'telegram' })).toBe(0);
});

test('answers that wait for the pace are counted with their wait, the others are not', async () => {
  const baraka = phone();
  const before = (await told('paced_seconds_count', { kind: 'answer' })) ?? 0;
  await post(instance, saying(baraka, '/help'));
  expect(await told('paced_seconds_count', { kind: 'answer' })).toBe(before);
  await Promise.all(Array.from({ length: 5 }, () => post(instance, saying(baraka, '/help'))));
  expect(await told('paced_seconds_count', { kind: 'answer' })).toBeGreaterThan(before);
  expect(await told('paced_seconds_sum', { kind: 'answer' })).toBeGreaterThan(0);
});
