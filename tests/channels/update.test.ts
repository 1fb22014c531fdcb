// Telegram's updates, as its documentation shows them, and what the conversation gets of each.
import { describe, expect, it, test } from 'vitest';
import { readUpdate, translate } from '../../src/channels/telegram/update.ts';

const asha = { id: 4242, is_bot: false, first_name: 'Asha', username: 'asha', language_code: 'sw' };
const chat = { id: 4242, type: 'private', first_name: 'Asha' };
const message = (more: object) => ({ update_id: 1, message: { message_id: 7, from: asha, chat, date: 1, ...more } });
const read = (update: unknown) => translate(update, 'satfleet_bot', 'trace');
const bodyOf = (update: unknown) => read(update)?.incoming.body;

describe('messages', () => {
  it('a text becomes an incoming of its sender', () => {
    expect(read(message({ text: '/start ref_9', entities: [{ type: 'bot_command', offset: 0, length: 6 }] }))).toEqual({
      updateId: '1',
      incoming: {
        channel: 'telegram',
        bot: 'satfleet_bot',
        chatId: '4242',
        isPrivate: true,
        from: { externalId: '4242', username: 'asha', name: 'Asha' },
        languageCode: 'sw',
        body: { kind: 'text', text: '/start ref_9', messageId: '7', forwarded: false },
        face: { buttons: true, edits: true, pictures: true },
        traceId: 'trace',
      },
    });
  });

  test.each([
    ['an emoji and an accent', { text: 'lipa ☕ né' }, 'lipa ☕ né'],
    ['our name behind the command', { text: '/balance@Satfleet_Bot now' }, '/balance now'],
    ['a caption', { photo: [{}], caption: 'lnbc1...' }, 'lnbc1...'],
    [
      'a mention of someone without a username',
      {
        text: '/send 500 Baraka Juma lunch',
        entities: [{ type: 'text_mention', offset: 10, length: 11, user: { id: 9, is_bot: false, first_name: 'B' } }],
      },
      '/send 500 lunch',
    ],
  ])('text: %s', (_name, given, text) => {
    expect(bodyOf(message(given))).toMatchObject({ kind: 'text', text });
  });

  it('a forwarded text says so', () => {
    expect(bodyOf(message({ text: 'lnbc1', forward_origin: { type: 'hidden_user' } }))).toMatchObject({
      forwarded: true,
    });
  });

  it('an answer and a mention name the other person by id', () => {
    const baraka = { id: 9, is_bot: false, first_name: 'Baraka', last_name: 'Juma' };
    const answer = read(message({ text: '/send 5', reply_to_message: { from: baraka } }));
    expect(answer?.incoming.replyTo).toEqual({ externalId: '9', name: 'Baraka Juma', isBot: false });
    const entities = [{ type: 'text_mention', offset: 8, length: 6, user: baraka }];
    expect(read(message({ text: '/send 5 Baraka', entities }))?.incoming.replyTo?.externalId).toBe('9');
  });

  test.each([['photo'], ['voice'], ['sticker'], ['document'], ['location'], ['contact']])('%s is other', (kind) => {
    expect(bodyOf(message({ [kind]: {} }))).toEqual({ kind: 'other' });
  });
});

describe('buttons and blocks', () => {
  const press = (more: object) => ({
    update_id: 2,
    callback_query: { id: '18', from: asha, chat_instance: '-9', data: 'pay:1', ...more },
  });

  it('a press', () => {
    const received = read(press({ message: { message_id: 8, chat, date: 5, text: 'Confirm?' } }));
    expect(received).toMatchObject({ updateId: '2', callbackId: '18' });
    expect(received?.incoming.body).toEqual({ kind: 'press', data: 'pay:1', messageId: '8', photo: false });
  });

  it('a press on a picture, and on a message too old to be shown', () => {
    expect(bodyOf(press({ message: { message_id: 8, chat, date: 5, photo: [{}] } }))).toMatchObject({ photo: true });
    const old = read(press({ message: { message_id: 8, chat: { id: 4242 }, date: 0 } }));
    expect(old?.incoming).toMatchObject({ isPrivate: true, body: { kind: 'press', messageId: '8' } });
  });

  test.each([
    ['kicked', true],
    ['member', false],
  ])('a chat member that is %s', (status, blocked) => {
    const update = { update_id: 3, my_chat_member: { chat, from: asha, date: 1, new_chat_member: { status } } };
    expect(bodyOf(update)).toEqual({ kind: 'reach', blocked });
  });
});

describe('groups', () => {
  const group = { id: -100_123, type: 'supergroup', title: 'Chama' };

  it('only commands count, and never as private', () => {
    expect(read(message({ chat: group, text: '/balance' }))?.incoming).toMatchObject({
      chatId: '-100123',
      isPrivate: false,
    });
    expect(read(message({ chat: group, text: 'good morning' }))).toBeUndefined();
    expect(read(message({ chat: group, photo: [{}] }))).toBeUndefined();
    expect(read(message({ chat: group, text: '/balance@other_bot' }))).toBeUndefined();
  });
});

describe('what is acknowledged and ignored', () => {
  test.each([
    ['an edited message', { update_id: 5, edited_message: { message_id: 1, chat, from: asha, text: 'x' } }],
    ['a channel post', { update_id: 5, channel_post: { message_id: 1, chat, text: 'x' } }],
    ['a kind of the future', { update_id: 5, telepathy: { thought: 1 } }],
    ['an inline query', { update_id: 5, inline_query: { id: '1', from: asha, query: '5', offset: '' } }],
    ['a service message', message({ pinned_message: {} })],
    ['a bot', { update_id: 5, message: { message_id: 1, chat, from: { ...asha, is_bot: true }, text: 'x' } }],
    ['a message of nobody', { update_id: 5, message: { message_id: 1, chat, text: 'x' } }],
    ['a press of a game', { update_id: 5, callback_query: { id: '1', from: asha, game_short_name: 'g' } }],
    ['an inline press', { update_id: 5, callback_query: { id: '1', from: asha, data: 'x', inline_message_id: 'i' } }],
    ['a group that adds us', { update_id: 5, my_chat_member: { chat: { id: -1, type: 'group' }, from: asha } }],
  ])('%s', (_name, update) => {
    expect(read(update)).toBeUndefined();
  });

  test.each([['null'], ['[]'], ['{"message":1}'], ['"text"'], ['{"update_id":"7"}']])('%s is not an update', (raw) => {
    expect(() => readUpdate(raw, 'satfleet_bot', 't')).toThrow(TypeError);
  });

  it('nor is what is no JSON', () => {
    expect(() => readUpdate(Buffer.from('{"update_id":'), 'satfleet_bot', 't')).toThrow(SyntaxError);
  });
});
