// One person's phone on the demo's page, used as a person uses it: typing, tapping, and reading what comes. Whatever is
// waited for is waited for by looking again, and a wait in vain tells the end of the chat.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import { until } from '../../scripts/process.ts';

/** A message as it is shown now. */
export type Shown = { id: number; from: 'bot' | 'person'; text: string; edits: number; buttons: string[] };

const WAIT_MS = 45_000;
// The page's browser shares two cores with all that it waits for.
const LOOK_EVERY_MS = 80;

export class Phone {
  readonly page: Page;
  readonly name: string;
  readonly element: Locator;
  /** The newest message when something was last said or tapped; an answer is looked for after it. */
  #since = 0;

  constructor(page: Page, name: string) {
    this.page = page;
    this.name = name;
    this.element = page.getByTestId(`phone-${name}`);
  }

  /** The Start button of a chat that has not begun. */
  async begin(): Promise<void> {
    await this.page.getByTestId(`phone-${this.name}-start`).click();
  }

  /** Types a message and sends it. */
  async say(text: string): Promise<void> {
    await this.#mark();
    const input = this.page.getByTestId(`phone-${this.name}-input`);
    await input.fill(text);
    await input.press('Enter');
  }

  /** Everything in the chat, oldest first. */
  messages(): Promise<Shown[]> {
    return this.element.locator('.message').evaluateAll((elements) =>
      elements.map((element) => ({
        id: Number(element.dataset.messageId),
        from: element.dataset.from as Shown['from'],
        text: (element.querySelector('.text')?.textContent ?? '') as string,
        edits: Number(element.dataset.edits ?? 0),
        buttons: [...element.querySelectorAll('.inline-button')].map((button) => String(button.textContent)),
      })),
    );
  }

  /** Waits for the answer to what was said or tapped last. */
  answer(words: RegExp): Promise<Shown> {
    return this.#find(words, ({ id }) => id > this.#since);
  }

  /** Waits for a message of the bot, wherever it stands; the newest when several match. */
  shows(words: RegExp): Promise<Shown> {
    return this.#find(words, () => true);
  }

  /** Waits until a message, known by its id, reads differently. */
  becomes({ id }: Shown, words: RegExp): Promise<Shown> {
    return this.#find(words, (message) => message.id === id);
  }

  /** Waits until a message is taken away. */
  async loses({ id }: Shown): Promise<void> {
    await this.element.locator(`[data-message-id="${id}"].deleted`).waitFor({ state: 'attached', timeout: WAIT_MS });
  }

  /** Waits for what an empty chat says before Start. */
  async promises(words: RegExp): Promise<void> {
    await this.element.locator('.intro').getByText(words).waitFor({ timeout: WAIT_MS });
  }

  /** Taps a button of a message. */
  async tap({ id }: Shown, label: string): Promise<void> {
    await this.#mark();
    const message = this.element.locator(`[data-message-id="${id}"]`);
    await message.getByRole('button', { name: label, exact: true }).click();
  }

  /** Says something that needs a yes, checks its card, and taps yes. Gives the card's message, which tells the rest. */
  async confirm(text: string, card: RegExp, yes: string): Promise<Shown> {
    await this.say(text);
    const shown = await this.answer(card);
    await this.tap(shown, `✅ ${yes}`);
    return shown;
  }

  /** The file of a message's picture, as the page got it, once it is shown. */
  async picture({ id }: Shown): Promise<Buffer> {
    const image = this.element.locator(`[data-message-id="${id}"] .photo img`);
    const source = await until('the picture is shown', WAIT_MS, () =>
      image.evaluate((element): string | false => element.naturalWidth > 0 && element.src),
    );
    return (await this.page.request.get(source)).body();
  }

  async #mark(): Promise<void> {
    this.#since = (await this.messages()).at(-1)?.id ?? 0;
  }

  async #find(words: RegExp, where: (message: Shown) => boolean): Promise<Shown> {
    let seen: Shown[] = [];
    try {
      return await until(`${words} on ${this.name}'s phone`, WAIT_MS, async () => {
        seen = await this.messages();
        const found = seen.findLast((message) => message.from === 'bot' && where(message) && words.test(message.text));
        if (!found) await sleep(LOOK_EVERY_MS);
        return found;
      });
    } catch (error) {
      const chat = seen.slice(-6).map(({ from, text, buttons }) => `  ${from}: ${text} ${JSON.stringify(buttons)}`);
      throw new Error(`${error instanceof Error ? error.message : error}\n${chat.join('\n')}`);
    }
  }
}
