// What people do, on its way to a bot and back: Telegram brings each update until a bot has answered it, also twice, to
// whichever bot there is; a person's messages in order, presses as they come. An update is answered when something that
// answers it was seen.

import { showReply } from '../../src/channels/cards.ts';
import type { Outcome, Shown } from '../../src/channels/channel.ts';
import type { Body, Incoming, Reply, Session } from '../../src/chat/message.ts';
import { handle } from '../../src/chat/router.ts';
import type { Redis } from '../../src/infra/redis/connection.ts';
import type { Dice } from './dice.ts';
import type { Machine } from './machine.ts';
import { BOT, type Process } from './processes.ts';
import type { Telegram } from './telegram.ts';

export type Update = {
  readonly id: number;
  readonly from: { externalId: string; username: string; name: string };
  readonly body: Body;
  isAnswered: boolean;
  /** How many bots have taken it. */
  tries: number;
};

const AGAIN_MS = 2_000;
const SESSION_MS = 24 * 3_600_000;
const MOST_SENDS = 40;

export class Updates {
  readonly all: Update[] = [];
  readonly #machine: Machine;
  readonly #telegram: Telegram;
  readonly #dice: Dice;
  readonly #bots: () => Process[];
  /** Of a hundred updates, how many are brought twice. */
  doubled = 0;

  constructor(given: { machine: Machine; telegram: Telegram; dice: Dice; bots: () => Process[] }) {
    this.#machine = given.machine;
    this.#telegram = given.telegram;
    this.#dice = given.dice;
    this.#bots = given.bots;
  }

  /** Brings it; resolves when it was answered. */
  async bring(from: Update['from'], body: Body): Promise<Update> {
    const update: Update = { id: this.all.length + 1, from, body, isAnswered: false, tries: 0 };
    this.all.push(update);
    this.#machine.say(`${from.username} ${wordsOf(body)}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#deliver(update, this.#dice.wait(20), resolve);
    if (this.#dice.fraction() * 100 < this.doubled) this.#deliver(update, this.#dice.wait(300), () => {});
    await promise;
    return update;
  }

  #deliver(update: Update, afterMs: number, done: () => void): void {
    this.#machine.after(afterMs, `telegram brings ${update.id}`, undefined, () => {
      const bots = this.#bots().filter(({ life }) => life.isAlive && life.frozenUntil <= this.#machine.now);
      if (bots.length === 0) return this.#deliver(update, AGAIN_MS, done);
      const bot = this.#dice.pick(bots);
      update.tries++;
      let isOver = false;
      const end = (isDone: boolean) => {
        if (isOver) return;
        isOver = true;
        bot.life.onDeath.delete(died);
        if (!isDone) return this.#deliver(update, AGAIN_MS, done);
        update.isAnswered = true;
        done();
      };
      const died = () => end(false);
      bot.life.onDeath.add(died);
      this.#serve(bot, update).then(end, (error: unknown) => {
        bot.world.log.warn('update not served', { error });
        end(false);
      });
    });
  }

  async #serve(bot: Process, update: Update): Promise<boolean> {
    const { sessions } = bot.world;
    const person = update.from.externalId;
    const mark = `update:${update.id}`;
    const stored = await readSession(sessions, person, mark);
    if (stored.isDone) return true;
    const incoming = this.#incoming(bot, update);
    const { answer, session } = await handle(bot.world, incoming, stored.session);
    for (const reply of answer.replies) await this.#show(bot, update, reply, session);
    if (answer.replies.length === 0 && answer.toast === undefined && !answer.awaited && update.body.kind !== 'reach') {
      throw new Error(`update ${update.id} got no answer at all`);
    }
    await Promise.all([
      session && sessions.set(`session:${person}`, JSON.stringify(session), 'PX', SESSION_MS),
      sessions.set(mark, '1', 'PX', SESSION_MS),
    ]);
    return true;
  }

  #incoming({ world }: Process, { from, body }: Update): Incoming {
    return {
      channel: 'telegram',
      bot: BOT,
      chatId: from.externalId,
      isPrivate: true,
      from,
      languageCode: 'en',
      body,
      face: { buttons: true, edits: true, pictures: true },
      traceId: world.ids.next(),
    };
  }

  async #show(bot: Process, { from, body }: Update, reply: Reply, session: Session | undefined): Promise<void> {
    const { world, life } = bot;
    const place = { bot: BOT, chatId: from.externalId };
    const channel = this.#telegram.channel(life);
    const pressed = body.kind === 'press' ? { messageId: body.messageId, photo: body.photo } : undefined;
    const send = (given: Reply) => channel.send(place, given, given.edit ? pressed : undefined);
    let isUnsure = false;
    for (let sends = 0; sends < MOST_SENDS; sends++) {
      const outcome: Outcome<Shown> =
        reply.subjectId && session
          ? await showReply(
              world,
              { userId: session.userId, chatRowId: session.chatRowId, subjectId: reply.subjectId },
              reply,
              send,
            )
          : await send(reply);
      if (outcome.state === 'unsure' && isUnsure) return;
      isUnsure ||= outcome.state === 'unsure';
      if (outcome.state !== 'wait' && outcome.state !== 'not_sent' && outcome.state !== 'unsure') return;
      await world.clock.sleep(outcome.state === 'wait' ? outcome.waitMs : AGAIN_MS);
    }
  }
}

function wordsOf(body: Body): string {
  switch (body.kind) {
    case 'text':
      return `says ${body.text.replace(/(ln\w{20})\w+/, '$1…')}`;
    case 'press':
      return `presses ${body.data}`;
    case 'reach':
      return body.blocked ? 'blocks the bot' : 'takes the bot back';
    case 'other':
      return 'sends a picture';
  }
}

async function readSession(redis: Redis, person: string, mark: string) {
  const [text, done] = await Promise.all([redis.get(`session:${person}`), redis.get(mark)]);
  return { session: text === null ? undefined : (JSON.parse(text) as Session), isDone: done !== null };
}
