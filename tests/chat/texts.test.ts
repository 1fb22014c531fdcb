// Every text in every language, with honest and with hostile words in it: our lines stay ours, nothing turns around,
// nothing links, and no text is too long for its place.
import { describe, expect, test } from 'vitest';
import { Refusal, type RefusalCode } from '../../src/base/errors.ts';
import { payCard, sendCard } from '../../src/chat/cards.ts';
import type { View } from '../../src/chat/format.ts';
import { MENUS } from '../../src/chat/menus.ts';
import type { Reply } from '../../src/chat/message.ts';
import { type LateNews, renderBelow, renderNotice } from '../../src/chat/notices.ts';
import { refusalText } from '../../src/chat/refusal-text.ts';
import { type Rich, rich, toHtml, toPlain } from '../../src/chat/rich.ts';
import { labelled, nameOf, noteOf } from '../../src/chat/said.ts';
import { LANGUAGE_CODES, textsIn } from '../../src/chat/texts/index.ts';
import type { DisplayRate } from '../../src/domain/fx.ts';
import type { Notice, NoticeKind } from '../../src/domain/notice.ts';
import type { FailureReason } from '../../src/domain/states.ts';
import type { PayDraft } from '../../src/flows/pay.ts';
import type { SendDraft } from '../../src/flows/send.ts';
import { HOSTILE } from './hostile.ts';

const ID = '01931b2c-7a00-7000-8000-0123456789ab';
const NOON = Date.UTC(2026, 10, 21, 11, 2);
const RATE: DisplayRate = {
  microPerBtc: 13_000_000_000_000n,
  btcAgeMs: 125_000,
  fiatAgeMs: 3_600_000,
  stale: false,
  sources: ['coingecko'],
};
const INVOICE = `lnbc20u1p${'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.repeat(12)}`;
const viewIn = (language: string): View => ({ language, currency: 'KES', zone: 'Africa/Nairobi', rate: RATE });

const alerts = (said: string) => {
  const texts = { summary: said, description: 'Look at its log.', runbook: 'docs/RUNBOOK.md#nodedown' };
  const alert = { name: 'NodeDown', severity: 'critical' as const, ...texts };
  return { alerts: [alert, alert], more: 2 };
};
const DIGEST = {
  ...{ untilMs: NOON, users: 12, newUsers: 3, inMsat: '5000', outMsat: '7000', insideMsat: '1', paid: 2, failed: 1 },
  ...{ booksOk: true, incidents: [{ name: 'NodeDown', count: 2 }], open: 1 },
};

const notices = (said: string): { [Kind in NoticeKind]: Extract<Notice, { kind: Kind }> } => ({
  invoice_ready: { kind: 'invoice_ready', request: INVOICE, amountMsat: '2000000', memo: said, expiresAtMs: NOON },
  ...({ invoice_late: { kind: 'invoice_late' }, broadcast: { kind: 'broadcast', text: 'From\nMonday on' } } as const),
  invoice_paid: { kind: 'invoice_paid', receivedMsat: '2000000', memo: said },
  invoice_expired: { kind: 'invoice_expired', amountMsat: '2000000' },
  payment_pending: { kind: 'payment_pending', amountMsat: '5000', feeCeilingMsat: '10000', sinceMs: NOON },
  payment_paid: { kind: 'payment_paid', amountMsat: '5000', feeMsat: '1', preimage: 'ab'.repeat(32), memo: said },
  payment_failed: { kind: 'payment_failed', amountMsat: '5000', reason: 'no_route' },
  send_received: { kind: 'send_received', amountMsat: '5000', fromName: said, memo: said },
  send_claimed: { kind: 'send_claimed', amountMsat: '5000', toName: said },
  send_returned: { kind: 'send_returned', amountMsat: '5000', toName: said },
  request_received: { kind: 'request_received', amountMsat: '5000', fromName: said, memo: said, expiresAtMs: NOON },
  request_paid: { kind: 'request_paid', amountMsat: '5000', byName: said },
  request_declined: { kind: 'request_declined', amountMsat: '5000', byName: said },
  request_expired: { kind: 'request_expired', amountMsat: '5000', toName: said },
  request_closed: { kind: 'request_closed', how: 'canceled', amountMsat: '5000', fromName: said },
  refund_answer: { kind: 'refund_answer', paymentId: ID, answer: { result: 'refused', against: ['too_soon'] } },
  promise_broken: { kind: 'promise_broken', promises: ['P1', 'P5'], why: 'BTC: 1' },
  alert_raised: { kind: 'alert_raised', ...alerts(said) },
  alert_acked: { kind: 'alert_acked', ...alerts(said), byName: said, atMs: NOON },
  alert_over: { kind: 'alert_over', ...alerts(said), sinceMs: NOON, atMs: NOON },
  daily_digest: { kind: 'daily_digest', digest: DIGEST },
});

const payDraft = (said: string): PayDraft => ({
  kind: 'pay',
  id: ID,
  userId: ID,
  walletId: '7',
  request: INVOICE,
  paymentHash: 'cd'.repeat(32),
  destination: '02'.padEnd(66, 'a'),
  amountMsat: '2000000',
  feeCeilingMsat: '20000',
  description: said,
  expiresAtMs: NOON,
  ownInvoiceId: null,
  paidBefore: false,
  twinId: ID,
});

const sendDraft = (said: string, isHere: boolean): SendDraft => ({
  kind: 'send',
  id: ID,
  fromUserId: ID,
  fromWalletId: '7',
  fromName: said,
  to: isHere ? { userId: ID, walletId: '8', name: said, isNew: true } : { name: said },
  amountMsat: '2000000',
  memo: said,
  requestId: null,
});

/** Everything that shows words of a person, in one language. */
function shownWith(said: string, language: string): Reply[] {
  const view = viewIn(language);
  const texts = textsIn(language);
  const amount = rich`500 sats`;
  const name = rich`${nameOf(said)}`;
  const note = labelled(texts.send.note, noteOf(said));
  const alone = [
    texts.start.home(name, amount),
    texts.start.claimed(amount, name, note),
    texts.send.done(amount, name),
    texts.send.held(amount, name),
    texts.send.linkFor(name, amount, 'https://t.me/satfleet_bot?start=abc', note),
    texts.send.codeFor(name, amount, 'satfleet_bot', 'abc', note),
    texts.request.asked(amount, name),
  ];
  return [
    ...Object.values(notices(said)).map((notice) =>
      renderNotice({ id: ID, userId: ID, subjectId: ID, notice, state: 'waiting' }, view, RATE),
    ),
    payCard(payDraft(said), view),
    sendCard(sendDraft(said, true), view),
    sendCard(sendDraft(said, false), view),
    ...(['paid', 'expired'] as const).map((how) => ({
      text: texts.notices.requestClosed[how](amount, name),
    })),
    ...alone.map((text) => ({ text })),
  ];
}

const lineStarts = (text: Rich): string[] =>
  toPlain(text)
    .split(/\r\n|[\n\r\u0085\u2028\u2029\v\f]/)
    .map((line) => line.slice(0, 4));

describe.each(LANGUAGE_CODES)('%s', (language) => {
  test('H9: words of people never begin a line, turn it around or hide in it', () => {
    const honest = shownWith('lunch', language);
    for (const said of HOSTILE) {
      for (const [at, reply] of shownWith(said, language).entries()) {
        const starts = lineStarts(reply.text);
        // A note of which nothing readable is left takes its whole line along; no line is ever added.
        const expected = lineStarts(honest[at]?.text ?? []);
        expect(expected.filter((start) => starts.includes(start))).toEqual(starts);
        expect(toPlain(reply.text)).not.toMatch(
          /[\u200b-\u200f\u202a-\u202e\u2060-\u206f\u061c\ufeff\u00ad\u{e0000}-\u{e007f}]/u,
        );
        expect(toPlain(reply.text).length).toBeLessThan(2_000);
        if (reply.qr) expect(toPlain(reply.text).length).toBeLessThanOrEqual(1_024);
      }
    }
  });

  test('H9: outside of code nothing of theirs can be a link, a tag or a command', () => {
    for (const said of HOSTILE) {
      for (const span of [nameOf(said), noteOf(said)]) {
        if (!span || span.form === 'code') continue;
        expect(span.text).toMatch(/^@\w{3,32}$|^[^./:@#]*$/);
      }
    }
    expect(toHtml(rich`${nameOf('<b>x</b> & </code>')}`)).toBe('<code>&lt;b&gt;x&lt;/b&gt; &amp; &lt;/code&gt;</code>');
  });

  test('every refusal says something, with and without its details', () => {
    const details = { neededMsat: '1001', availableMsat: '1999', leastMsat: '1000', mostMsat: '5000000', most: '50' };
    for (const code of Object.keys(textsIn(language).refusals) as RefusalCode[]) {
      for (const given of [{}, details]) {
        const text = toPlain(refusalText(new Refusal(code, given), viewIn(language)));
        expect(text.length).toBeGreaterThan(20);
        expect(text).not.toMatch(/undefined|\[object|NaN/);
      }
    }
  });

  test('what is had is rounded down, what is needed is rounded up', () => {
    const low = new Refusal('balance_low', { neededMsat: '1001', availableMsat: '1999' });
    const text = toPlain(refusalText(low, viewIn(language)));
    expect(text).toContain('2 sats');
    expect(text).toContain('1 sat ');
  });

  test('every plain text is there and never the same as in another language by mistake', () => {
    const other = textsIn(language === 'en' ? 'sw' : 'en');
    const mine = textsIn(language);
    for (const key of Object.keys(mine.menu) as (keyof typeof mine.menu)[]) {
      expect(mine.menu[key]).not.toBe(other.menu[key]);
    }
    for (const key of Object.keys(mine.refusals) as RefusalCode[]) {
      expect(toPlain(mine.refusals[key]({}))).not.toBe(toPlain(other.refusals[key]({})));
    }
  });

  test('a stale or missing rate shows no local value and says so', () => {
    for (const rate of [{ ...RATE, stale: true }, undefined]) {
      const text = toPlain(payCard(payDraft('tea'), { ...viewIn(language), rate }).text);
      expect(text).not.toContain('KSh');
      const { money } = textsIn(language);
      expect(text).toContain(rate ? money.rateTooOld : money.noRate);
    }
  });

  test('what stays on a card whose end stands below is short, and asks for nothing', () => {
    for (const kind of Object.keys(textsIn(language).notices.below) as LateNews[]) {
      const reply = renderBelow(kind, language);
      expect(toPlain(reply.text)).toMatch(/(See below|Angalia chini)\.$/);
      expect(toPlain(reply.text).length).toBeLessThan(80);
      expect(reply.buttons).toBeUndefined();
    }
  });

  test('buttons fit into 64 bytes', () => {
    for (const reply of shownWith('lunch', language)) {
      for (const button of (reply.buttons ?? []).flat()) {
        if ('data' in button) expect(Buffer.byteLength(button.data)).toBeLessThanOrEqual(64);
      }
    }
  });

  test('every reason of a failed payment has its words', () => {
    const reasons: Record<FailureReason, true> = {
      no_route: true,
      refused_by_payee: true,
      timed_out: true,
      node_balance: true,
      invoice_expired: true,
      not_sent: true,
      payer_too_late: true,
      rejected: true,
    };
    const said = Object.keys(reasons).map((reason) =>
      toPlain(textsIn(language).notices.paymentFailed(rich`1 sat`, reason)),
    );
    expect(new Set(said).size).toBe(said.length);
  });
});

test('the picture holds the invoice, and the caption all there is to know', () => {
  const stored = { id: ID, userId: ID, subjectId: ID, notice: notices('tea').invoice_ready, state: 'waiting' as const };
  const reply = renderNotice(stored, viewIn('en'), RATE);
  expect(reply.qr).toBe(`LIGHTNING:${INVOICE.toUpperCase()}`);
  const text = toPlain(reply.text);
  expect(text).toContain(INVOICE);
  expect(text).toContain('2,000 sats (≈ KSh 260)');
  expect(text).toContain('Note: tea');
  expect(text).toContain('21 Nov, 14:02');
  expect(text).toContain('Rate 2 min old');
  const long = { ...notices('tea').invoice_ready, request: `lnbc1${'q'.repeat(1_000)}` };
  expect(toPlain(renderNotice({ ...stored, notice: long }, viewIn('en'), RATE).text)).toContain('too long');
});

test('a pending payment shows its clock in the zone of the person', () => {
  const stored = { id: ID, userId: ID, subjectId: ID, notice: notices('').payment_pending, state: 'waiting' as const };
  expect(toPlain(renderNotice(stored, viewIn('en'), RATE).text)).toContain('on its way since 14:02');
  expect(toPlain(renderNotice(stored, viewIn('sw'), RATE).text)).toContain('njiani tangu 14:02');
});

test('the menus are what a channel takes', () => {
  expect(MENUS.map(({ language }) => language)).toEqual([undefined, 'sw']);
  for (const { commands, about } of MENUS) {
    expect([...about.description].length).toBeLessThanOrEqual(512);
    expect([...about.short].length).toBeLessThanOrEqual(120);
    for (const { command, description } of commands) {
      expect(command).toMatch(/^[a-z0-9_]{1,32}$/);
      expect(description.length).toBeGreaterThan(2);
      expect(description.length).toBeLessThanOrEqual(256);
    }
  }
  expect(MENUS[1]?.commands.map(({ command }) => command)).toContain('salio');
});

describe.each(LANGUAGE_CODES)('%s, text by text', (language) => {
  // Stands for whatever a text is given: rich text, a string, or an object of strings.
  const filled = Object.assign([{ text: 'X' }], {
    toString: () => 'X',
    ...{ bitcoin: 'X', sats: 'X', local: 'X', localInSats: 'X' },
  });

  const textsOf = (node: unknown, path: string): [string, (...given: unknown[]) => unknown][] => {
    if (typeof node === 'function') return [[path, node as () => unknown]];
    if (typeof node === 'string') return [[path, () => node]];
    return Object.entries(node as object).flatMap(([key, value]) => textsOf(value, `${path}.${key}`));
  };

  const { age: _age, ...texts } = textsIn(language);

  test.each(textsOf(texts, language))('%s', (_path, text) => {
    const said = text(filled, filled, filled, filled, filled);
    const plain = typeof said === 'string' ? said : toPlain(said as Rich);
    expect(plain.trim()).not.toBe('');
    expect(plain).not.toMatch(/\[object|NaN|undefined/);
  });
});

test.each([
  [0, '0 s', 'sekunde 0'],
  [-5, '0 s', 'sekunde 0'],
  [59_999, '59 s', 'sekunde 59'],
  [125_000, '2 min', 'dakika 2'],
  [3_600_000, '1 hour', 'saa 1'],
  [7_300_000, '2 hours', 'saa 2'],
  [172_800_000, '2 days', 'siku 2'],
])('%d ms is an age of %s, %s', (ms, english, swahili) => {
  expect(textsIn('en').age(ms)).toBe(english);
  expect(textsIn('sw-TZ').age(ms)).toBe(swahili);
});
