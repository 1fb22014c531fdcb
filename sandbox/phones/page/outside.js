// The world outside: a wallet elsewhere on the Lightning network (carol). It is paid by our users, pays them, holds payments
// in flight and settles or refuses them; and our own nodes can be made to die and come back.
import { ask, copy, grouped, h, note, sats, work } from './dom.js';

const REFRESH_MS = 1500;

export function makeOutside(phones) {
  const { element: activity, refresh } = makeActivity();
  const balance = h('span', { class: 'figure', testid: 'outside-balance' }, '…');
  const nodes = h('div', { class: 'nodes', testid: 'outside-nodes' });
  const element = h(
    'section',
    { class: 'part panel outside', testid: 'outside', 'aria-label': 'The outside world' },
    h(
      'h2',
      {},
      'The outside world',
      h('span', { class: 'purse', title: 'Carol’s wallet, elsewhere on Lightning' }, 'carol: ', balance, ' sats'),
    ),
    h(
      'div',
      { class: 'cards' },
      makeInvoiceCard(phones, () => refresh()),
      makePayCard(phones, () => refresh()),
      activity,
      h('div', { class: 'card' }, h('h3', {}, 'Our own nodes'), nodes),
    ),
  );
  follow(async () => {
    const [{ balanceMsat }] = await Promise.all([
      ask('GET', '/lightning/nodes/carol/balance'),
      refresh(),
      showNodes(nodes),
    ]);
    balance.textContent = grouped(BigInt(balanceMsat) / 1000n);
  });
  return element;
}

/** Runs again and again while the page is looked at; a failure waits for the next turn. */
function follow(step) {
  const run = async () => {
    if (!document.hidden) await step().catch(() => {});
    setTimeout(run, REFRESH_MS);
  };
  run();
}

function makeInvoiceCard(phones, changed) {
  const amount = h('input', {
    type: 'text',
    inputmode: 'numeric',
    placeholder: 'any',
    value: '2500',
    testid: 'outside-amount',
    id: 'outside-amount',
  });
  const memo = h('input', {
    type: 'text',
    value: 'Coffee',
    maxlength: 200,
    testid: 'outside-memo',
    id: 'outside-memo',
  });
  const hold = h('input', { type: 'checkbox', testid: 'outside-hold', id: 'outside-hold' });
  const make = h('button', { type: 'button', class: 'primary', testid: 'outside-make-invoice' }, 'Make an invoice');
  const invoice = h('code', { class: 'invoice', testid: 'outside-invoice' });
  const copyIt = h('button', { type: 'button', testid: 'outside-copy' }, 'Copy');
  const sends = phones.map((phone) => {
    const button = h(
      'button',
      {
        type: 'button',
        testid: `outside-send-${phone.slug}`,
        'aria-label': `Send to ${phone.name}’s chat`,
        title: `Send to ${phone.name}’s chat`,
      },
      `To ${phone.name}`,
    );
    button.addEventListener('click', () => work(button, () => phone.act('say', { text: invoice.textContent })));
    return button;
  });
  const made = h('div', { class: 'made', hidden: true }, invoice, h('div', { class: 'actions' }, copyIt, ...sends));
  copyIt.addEventListener('click', async () => {
    await copy(invoice.textContent);
    note('Copied');
  });
  make.addEventListener('click', () =>
    work(make, async () => {
      const amountSat = wholeSats(amount.value);
      const body = { memo: memo.value, hold: hold.checked, ...(amountSat === undefined ? {} : { amountSat }) };
      const { request } = await ask('POST', '/lightning/nodes/carol/invoices', body);
      invoice.textContent = request;
      made.hidden = false;
      changed();
    }),
  );
  return h(
    'div',
    { class: 'card' },
    h('h3', {}, 'Be paid by our users'),
    h('div', { class: 'fields' }, field('Sats', amount), field('Memo', memo)),
    h('label', { class: 'check', for: 'outside-hold' }, hold, 'hold it in flight until I decide'),
    h('div', { class: 'actions' }, make),
    made,
  );
}

function makePayCard(phones, changed) {
  const request = h('textarea', {
    rows: 1,
    placeholder: 'or an invoice pasted here',
    testid: 'outside-pay-request',
    'aria-label': 'Invoice to pay',
    spellcheck: 'false',
  });
  const amount = h('input', {
    type: 'text',
    inputmode: 'numeric',
    placeholder: 'sats, as asked',
    'aria-label': 'Sats to pay, as asked when empty',
    testid: 'outside-pay-amount',
    id: 'outside-pay-amount',
  });
  const pay = h('button', { type: 'button', class: 'primary', testid: 'outside-pay' }, 'Pay');
  const result = h('p', { class: 'result', testid: 'outside-pay-result', role: 'status' });
  const payNow = (button) =>
    work(button, async () => {
      result.className = 'result';
      result.textContent = 'Paying…';
      try {
        const body = { request: request.value.trim().replace(/^lightning:/i, '') };
        const amountSat = wholeSats(amount.value);
        if (amountSat !== undefined) body.amountSat = amountSat;
        describeOutcome(result, await ask('POST', '/lightning/nodes/carol/pay', body));
      } catch (error) {
        result.classList.add('bad');
        result.textContent = error.message;
      }
      changed();
    });
  pay.addEventListener('click', () => payNow(pay));
  const newest = phones.map((phone) => {
    const button = h(
      'button',
      {
        type: 'button',
        class: 'grow',
        testid: `outside-pay-newest-${phone.slug}`,
        'aria-label': `Pay the newest invoice on ${phone.name}’s phone`,
      },
      `${phone.name}’s phone`,
    );
    button.addEventListener('click', () => {
      const found = phone.newestInvoice();
      if (!found) {
        note(`There is no invoice on ${phone.name}’s phone. Ask for one there: /receive 5000`, 'error');
        return;
      }
      request.value = found;
      payNow(button);
    });
    return button;
  });
  return h(
    'div',
    { class: 'card' },
    h('h3', {}, 'Pay our users'),
    h('span', { class: 'label' }, 'The newest invoice on'),
    h('div', { class: 'actions' }, ...newest),
    request,
    h('div', { class: 'fields pay' }, amount, pay),
    result,
  );
}

function describeOutcome(result, outcome) {
  const texts = {
    paid: () => `Paid. The fee on the way: ${sats(outcome.feeMsat)} sats.`,
    in_flight: () => 'On its way; no answer yet.',
    failed: () => `Not paid: ${outcome.reason}`,
    unknown: () => `No answer yet: ${outcome.reason}`,
  };
  result.classList.add(outcome.state === 'paid' ? 'good' : outcome.state === 'failed' ? 'bad' : 'open');
  result.textContent = (texts[outcome.state] ?? (() => outcome.state))();
}

/** Held payments with their two ways out, and what else happened lately. */
function makeActivity() {
  const held = h('div', { class: 'held', testid: 'outside-held' });
  const list = h('ul', { class: 'activity', testid: 'outside-activity' });
  const element = h('div', { class: 'card' }, h('h3', {}, 'Held payments'), held, h('h3', {}, 'Lately'), list);
  let shown = '';
  const refresh = async () => {
    const [invoices, payments] = await Promise.all([
      ask('GET', '/lightning/nodes/carol/invoices'),
      ask('GET', '/lightning/nodes/carol/payments'),
    ]);
    // Rebuilt only on a change, so that a button is not taken away under the finger.
    const now = JSON.stringify([invoices, payments]);
    if (now === shown) return;
    shown = now;
    const waiting = invoices.filter(({ state }) => state === 'held');
    held.replaceChildren(...waiting.map((invoice) => makeHeld(invoice, refresh)));
    if (waiting.length === 0)
      held.append(h('p', { class: 'empty' }, 'None. Make a held invoice above and let a user pay it.'));
    const lately = [
      ...invoices.map((invoice) => ({ ...invoice, way: 'in' })),
      ...payments.map((payment) => ({ ...payment, way: 'out', memo: '' })),
    ];
    lately.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
    list.replaceChildren(...lately.slice(0, 3).map(makeLine));
    if (lately.length === 0) list.append(h('li', { class: 'empty' }, 'Nothing yet.'));
  };
  return { element, refresh };
}

function makeHeld(invoice, refresh) {
  const settle = h('button', { type: 'button', class: 'primary', testid: 'held-settle' }, 'Settle');
  const refuse = h('button', { type: 'button', class: 'danger', testid: 'held-refuse' }, 'Refuse');
  const end = (button, how) =>
    work(button, () => ask('POST', `/lightning/nodes/carol/${how}`, { hash: invoice.hash }).then(refresh));
  settle.addEventListener('click', () => end(settle, 'settle'));
  refuse.addEventListener('click', () => end(refuse, 'cancel'));
  const about = h(
    'div',
    {},
    h('strong', {}, `${sats(invoice.amountMsat)} sats`),
    h('span', {}, invoice.memo || 'no memo'),
  );
  return h('div', { class: 'held-row', testid: 'held-row' }, about, settle, refuse);
}

function makeLine({ way, state, amountMsat, receivedMsat, memo }) {
  const amount = way === 'in' && receivedMsat !== '0' ? receivedMsat : amountMsat;
  const text = amount === '0' ? 'any amount' : `${sats(amount)} sats`;
  const words = {
    open: 'waiting',
    held: 'held',
    paid: way === 'in' ? 'received' : 'paid',
    closed: 'closed',
    failed: 'failed',
    in_flight: 'in flight',
  };
  return h(
    'li',
    {},
    h('span', { class: `way ${way}`, 'aria-label': way === 'in' ? 'invoice' : 'payment' }, way === 'in' ? '↓' : '↑'),
    h('span', { class: 'grow' }, text, memo ? h('small', {}, memo) : null),
    h('span', { class: `state ${state}` }, words[state] ?? state),
  );
}

async function showNodes(container) {
  const nodes = (await ask('GET', '/lightning/nodes')).filter(({ alias }) => alias !== 'carol');
  const now = JSON.stringify(nodes.map(({ alias, running }) => [alias, running]));
  if (container.dataset.shown === now) return;
  container.dataset.shown = now;
  container.replaceChildren(
    ...nodes.map(({ alias, running }) => {
      const toggle = h(
        'button',
        { type: 'button', class: running ? 'danger' : 'primary', testid: `node-${alias}-toggle` },
        running ? 'Let it die' : 'Bring it back',
      );
      toggle.addEventListener('click', () =>
        work(toggle, async () => {
          await ask('POST', `/lightning/nodes/${alias}/${running ? 'stop' : 'start'}`, {});
          await showNodes(container);
        }),
      );
      const name = h('span', { class: 'grow' }, h('i', { class: `lamp ${running ? 'on' : ''}` }), alias);
      return h('div', { class: 'node', testid: `node-${alias}`, 'data-running': String(running) }, name, toggle);
    }),
  );
}

/** Whole sats from a field, undefined when it is empty; a clear sentence for anything else. */
function wholeSats(text) {
  const digits = text.replace(/[\s,_  ]/g, '');
  if (digits === '') return undefined;
  if (!/^[1-9]\d{0,12}$/.test(digits))
    throw new Error(`"${text}" is no amount: give whole sats, such as 2500, or nothing.`);
  return digits;
}

function field(name, input) {
  return h('label', { class: 'field', for: input.id }, h('span', {}, name), input);
}
