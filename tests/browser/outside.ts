// The page's other half, used by its buttons: the wallet elsewhere on the Lightning network, our own nodes' deaths, and
// what is seen behind the counter.
import type { Page } from 'playwright-core';
import { until } from '../../scripts/process.ts';

const WAIT_MS = 45_000;

export class Outside {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Makes an invoice to be paid by our users. With `hold`, its payment waits until it is settled or refused. */
  async makeInvoice({ sats, memo, hold = false }: { sats: number; memo: string; hold?: boolean }): Promise<string> {
    const made = this.#page.getByTestId('outside-invoice');
    const before = await made.textContent();
    await this.#page.getByTestId('outside-amount').fill(String(sats));
    await this.#page.getByTestId('outside-memo').fill(memo);
    await this.#page.getByTestId('outside-hold').setChecked(hold);
    await this.#page.getByTestId('outside-make-invoice').click();
    return until('a new invoice outside', WAIT_MS, async () => {
      const request = await made.textContent();
      return request !== before && request ? request : undefined;
    });
  }

  /** Pays the newest invoice on someone's phone, and waits until it is paid. */
  async payNewest(name: string): Promise<void> {
    await this.#page.getByTestId(`outside-pay-newest-${name}`).click();
    await this.#page
      .getByTestId('outside-pay-result')
      .getByText(/^Paid\./)
      .waitFor({ timeout: WAIT_MS });
  }

  /** Ends a held payment, found by its memo. */
  async end(memo: string, how: 'settle' | 'refuse'): Promise<void> {
    const row = this.#page.getByTestId('held-row').filter({ hasText: memo });
    await row.getByTestId(`held-${how}`).click({ timeout: WAIT_MS });
    await row.waitFor({ state: 'detached', timeout: WAIT_MS });
  }

  /** Waits until a payment with this memo is held here. */
  async holds(memo: string): Promise<void> {
    await this.#page.getByTestId('held-row').filter({ hasText: memo }).waitFor({ timeout: WAIT_MS });
  }

  /** Lets one of our nodes die, or brings it back; resolves when the page shows it. */
  async turn(alias: string, to: 'on' | 'off'): Promise<void> {
    const node = this.#page.locator(`[data-testid="node-${alias}"]`);
    await this.#page.getByTestId(`node-${alias}-toggle`).click();
    const shown = node.and(this.#page.locator(`[data-running="${to === 'on'}"]`));
    await shown.waitFor({ timeout: WAIT_MS });
  }

  /** Waits until the counter shows nothing under way, and gives what it shows of the books. */
  async books(): Promise<{ verdict: string; sum: string; accounts: Record<string, string> }> {
    const counter = this.#page.getByTestId('counter');
    return until('the counter shows nothing under way', WAIT_MS, async () => {
      const rows = await counter
        .locator('[data-account]')
        .evaluateAll((elements) =>
          elements.map((row) => [String(row.dataset.account), String(row.lastElementChild?.textContent)] as const),
        );
      const accounts = Object.fromEntries(rows);
      if (accounts['outgoing:BTC'] !== '0') return undefined;
      const verdict = String(await counter.getByTestId('counter-verdict').textContent());
      const sum = String(await counter.getByTestId('counter-sum-BTC').textContent());
      return { verdict, sum, accounts };
    });
  }

  /** What the counter shows as set aside in someone's wallet, once it is `wanted`. */
  async holdsFor(name: string, wanted: RegExp): Promise<string> {
    const cell = this.#page.getByTestId('counter').locator(`[data-owner="${name}"] td`).nth(1);
    return until(`the counter shows ${wanted} held for ${name}`, WAIT_MS, async () => {
      const text = String(await cell.textContent());
      return wanted.test(text) ? text : undefined;
    });
  }

  /** The kinds of the instances that live. */
  async instances(): Promise<string[]> {
    return (await this.#page.getByTestId('counter-instances').locator('strong').allTextContents()).sort();
  }
}
