// A person at their phone who wants an answer: how long until the first word, and until what they wanted. Patient as
// people are: "try again" is obeyed, a card that is too old is asked for anew.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Press } from '../../sandbox/telegram/people.ts';
import type { Phone, Wanted } from '../../sandbox/telegram/person.ts';
import type { MessageView } from '../../sandbox/telegram/view.ts';
import { isNews } from './ears.ts';

/** One thing said or pressed, and when the first word came back. */
export type Wait = {
  readonly what: string;
  readonly who: string;
  readonly atMs: number;
  readonly firstMs: number | undefined;
};

type Answer = { readonly view: MessageView } | { readonly toast: string } | undefined;

/** After so long without any word a person was left alone. */
const PATIENCE_MS = 120_000;
const AGAIN = /try again|I cannot reach|something went wrong|too old/;
/** A word that says that the answer follows. */
const LATER = /I am still at it|takes longer than usual|we are a little behind/;
const MOST_TRIES = 6;
const TRY_AGAIN_MS = 1_500;

export class Caller {
  readonly phone: Phone;
  readonly #waits: Wait[];

  constructor(phone: Phone, waits: Wait[]) {
    this.phone = phone;
    this.#waits = waits;
  }

  get name(): string {
    return this.phone.person.username ?? '';
  }

  /** Writes until the answer is the wanted one; undefined when it never was, and why is in `last`. */
  async ask(what: string, text: string, wanted: (view: MessageView) => boolean): Promise<MessageView | undefined> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const answer = await this.#exchange(what, () => void this.phone.say(text), wanted);
      if (answer && 'view' in answer && wanted(answer.view)) return answer.view;
      await sleep(TRY_AGAIN_MS);
    }
    return undefined;
  }

  /**
   * Says yes on a card until it is known what became of that: `done`, also when the phone says that it was done already,
   * or `dead` when the card cannot be used any more and nothing happened.
   */
  async confirm(what: string, card: MessageView): Promise<'done' | 'dead' | 'unknown'> {
    const data = card.buttons.flat()[0]?.callback_data ?? '';
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const changed = (view: MessageView) => view.message_id === card.message_id;
      const press = () => this.phone.pressData(card.message_id, data, { stale: true });
      const answer = await this.#exchange(what, press, changed);
      if (answer && 'toast' in answer) {
        if (/Done already/.test(answer.toast)) return 'done';
      } else if (answer && changed(answer.view)) {
        return /too old/.test(answer.view.text) ? 'dead' : 'done';
      }
      await sleep(TRY_AGAIN_MS);
    }
    return 'unknown';
  }

  async #exchange(what: string, act: () => Press | undefined, wanted: (view: MessageView) => boolean): Promise<Answer> {
    const begunMs = performance.now();
    let firstMs: number | undefined;
    const word = () => {
      firstMs ??= performance.now() - begunMs;
    };
    const hear: Wanted = (view) => {
      const isWanted = wanted(view);
      if (view.from !== 'bot' || (isNews(view.text) && !isWanted)) return false;
      word();
      return isWanted || (AGAIN.test(view.text) && !LATER.test(view.text));
    };
    const press = act();
    const view: Promise<Answer> = this.phone.waitFor(hear, PATIENCE_MS).then(
      (found) => ({ view: found }),
      () => undefined,
    );
    const toast = press?.answered.then((answer): Promise<Answer> | Answer => {
      if (!answer?.text) return view;
      word();
      return { toast: answer.text };
    });
    const answer = await Promise.race([view, ...(toast ? [toast] : [])]);
    this.#waits.push({ what, who: this.name, atMs: begunMs, firstMs });
    return answer;
  }
}
