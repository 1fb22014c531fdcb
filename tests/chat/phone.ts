// A person's phone for tests of the conversation: everything they say goes through the router, their session is kept as
// a channel would keep it (as JSON), and news are rendered from the rows that flows leave. Two faces: one with buttons,
// edits and pictures, and a plain one that has nothing but text.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Button, Face, Incoming, Reply, Session } from '../../src/chat/message.ts';
import { renderNotice } from '../../src/chat/notices.ts';
import { toPlain } from '../../src/chat/rich.ts';
import { handle } from '../../src/chat/router.ts';
import type { Notice, StoredNotice } from '../../src/domain/notice.ts';
import { shown } from '../../src/flows/fx.ts';
import { execute } from '../../src/flows/pay-execute.ts';
import { create } from '../../src/flows/receive-node.ts';
import { findNotice } from '../../src/infra/db/notices.ts';
import { insertRates } from '../../src/infra/db/rates.ts';
import { findUser } from '../../src/infra/db/users.ts';
import type { World } from '../../src/world.ts';
import { creditFrom, type House } from '../support/house.ts';

export const RICH_FACE: Face = { buttons: true, edits: true, pictures: true };
export const PLAIN_FACE: Face = { buttons: false, edits: false, pictures: false };

let people = 5_000_000;

export class Phone {
  readonly #house: House;
  readonly #face: Face;
  readonly name: string;
  readonly externalId = String(++people);
  session: Session | undefined;
  last: Answer = { replies: [] };
  username: string | undefined;
  languageCode = 'en';
  /** The world that answers; a test may put one in its place of which a part is away. */
  world: World;

  constructor(house: House, name: string, face: Face) {
    this.#house = house;
    this.#face = face;
    this.name = name;
    this.username = name;
    this.world = house.world;
  }

  /** Says something in private; gives all answers as plain text. */
  say(text: string, change: Partial<Incoming> & { forwarded?: boolean } = {}): Promise<string> {
    const { forwarded = false, ...rest } = change;
    return this.#hand({ body: { kind: 'text', text, messageId: '1', forwarded }, ...rest });
  }

  /** Sends a voice message or the like. */
  speak(): Promise<string> {
    return this.#hand({ body: { kind: 'other' } });
  }

  /** Blocks the bot, or takes it back. */
  reach(blocked: boolean): Promise<string> {
    return this.#hand({ body: { kind: 'reach', blocked } });
  }

  /** Presses a button of the last answer, or of `replies`, by its label or data. */
  press(label: string, replies: readonly Reply[] = this.last.replies, change: Partial<Incoming> = {}): Promise<string> {
    const buttons = replies.flatMap((reply) => (reply.buttons ?? []).flat());
    const found = buttons.find((button) => button.label.includes(label) || ('data' in button && button.data === label));
    if (!found || !('data' in found)) throw new Error(`no button ${label} among ${buttons.map(labelOf).join(', ')}`);
    return this.pressData(found.data, change);
  }

  pressData(data: string, change: Partial<Incoming> = {}): Promise<string> {
    return this.#hand({ body: { kind: 'press', data, messageId: '2', photo: false }, ...change });
  }

  async #hand(change: Partial<Incoming> & Pick<Incoming, 'body'>): Promise<string> {
    const incoming: Incoming = {
      channel: 'telegram',
      bot: 'satfleet_bot',
      chatId: this.externalId,
      isPrivate: true,
      from: { externalId: this.externalId, name: this.name, ...(this.username ? { username: this.username } : {}) },
      languageCode: this.languageCode,
      face: this.#face,
      traceId: this.#house.world.ids.next(),
      ...change,
    };
    const { answer, session } = await handle(this.world, incoming, this.session);
    this.session = session && (JSON.parse(JSON.stringify(session)) as Session);
    this.last = answer;
    return answer.replies.map(({ text }) => toPlain(text)).join('\n---\n');
  }

  /** Does the jobs that wait, as workers would. */
  async work(): Promise<void> {
    const { world } = this.#house;
    const jobs = await world.db.query<{ queue: string; subjectId: string }>(
      'test.jobs',
      `select queue, subject_id as "subjectId" from outbox where queue = any($1)`,
      [['invoice', 'payment']],
    );
    for (const { queue, subjectId } of jobs) {
      if (queue === 'invoice') await create(world, subjectId);
      else await execute(world, subjectId);
    }
  }

  /** The newest news of a kind for this person, once there is one. */
  async news(kind: Notice['kind']): Promise<Reply> {
    const { world } = this.#house;
    const userId = this.session?.userId ?? '';
    for (let tries = 0; tries < 100; tries++) {
      const [row] = await world.db.query<{ id: string }>(
        'test.news',
        'select id from notices where user_id = $1 and kind = $2 order by id desc limit 1',
        [userId, kind],
      );
      const [stored, user] = await Promise.all([row && findNotice(world.db, row.id), findUser(world.db, userId)]);
      if (stored && user) return this.#render(stored, user);
      await sleep(50);
    }
    throw new Error(`no news ${kind}`);
  }

  async #render(stored: StoredNotice, user: { language: string; currency: string; zone: string }): Promise<Reply> {
    return renderNotice(stored, user, await shown(this.#house.world, user.currency));
  }
}

function labelOf(button: Button): string {
  return button.label;
}

/** One bitcoin is 100,000 dollars, one dollar 130 shillings. */
export async function freshRates(house: House): Promise<void> {
  const nowMs = house.world.clock.nowMs();
  const leg = (pair: string, micro: bigint) => ({
    id: house.world.ids.next(),
    leg: pair,
    micro,
    state: 'accepted' as const,
    sources: ['coingecko'],
    sourceAtMs: nowMs,
    atMs: nowMs,
  });
  await insertRates(house.world.db, [leg('BTC/USD', 100_000_000_000n), leg('USD/KES', 130_000_000n)]);
}

/** Someone past the first questions, with sats from outside. */
export async function someone(house: House, name: string, face = RICH_FACE, sats = 0): Promise<Phone> {
  const phone = new Phone(house, name, face);
  await phone.say('/start');
  await phone.pressData('start:lang:en');
  await phone.pressData('start:cur:KES');
  if (sats > 0) await fund(house, phone, sats);
  return phone;
}

async function fund(house: House, phone: Phone, sats: number): Promise<void> {
  await phone.say(`/receive ${sats}`);
  await phone.work();
  const { qr = '', subjectId = '' } = await phone.news('invoice_ready');
  await house.outside.pay({ request: qr.replace('LIGHTNING:', '').toLowerCase() });
  await creditFrom(house.world, subjectId);
}
