// Behind the counter: which instances live, what waits in the queues, and the books with their sums, once a second.
import { ask, grouped, h, sats } from './dom.js';

const REFRESH_MS = 1000;

export function makeCounter() {
  const instances = h('div', { class: 'chips', testid: 'counter-instances' });
  const queues = h('table', { testid: 'counter-queues' });
  const books = h('div', { testid: 'counter-books' });
  const verdict = h('span', { class: 'verdict', testid: 'counter-verdict' });
  const element = h(
    'section',
    { class: 'part panel counter', testid: 'counter', 'aria-label': 'Behind the counter' },
    h('h2', {}, 'Behind the counter'),
    h(
      'div',
      { class: 'cards' },
      h('div', { class: 'card' }, h('h3', {}, 'Instances'), instances),
      h('div', { class: 'card' }, h('h3', {}, 'Queues'), queues),
      h('div', { class: 'card' }, h('h3', { class: 'spread' }, 'The books', verdict), books),
    ),
  );
  const step = async () => {
    if (document.hidden) return;
    try {
      const view = await ask('GET', '/counter.json');
      showInstances(instances, view.instances);
      showQueues(queues, view.queues);
      showBooks(books, verdict, view.books);
      element.classList.remove('stale');
    } catch {
      element.classList.add('stale');
    }
  };
  const run = () => step().finally(() => setTimeout(run, REFRESH_MS));
  run();
  return element;
}

function showInstances(container, instances) {
  container.replaceChildren(
    ...instances.map(({ id, kind, ageMs }) =>
      h(
        'span',
        { class: 'instance', title: `alive for ${Math.round(ageMs / 1000)} s` },
        h('i', { class: 'lamp on' }),
        h('strong', {}, kind),
        h('span', { class: 'id' }, shortId(id)),
      ),
    ),
  );
  if (instances.length === 0) container.append(h('p', { class: 'empty' }, 'No instance has been seen yet.'));
}

/** The end of a long id is what tells two of them apart. */
function shortId(id) {
  return id.length > 10 ? `…${id.slice(-6)}` : id;
}

function showQueues(table, queues) {
  const head = h('tr', {}, h('th', {}, 'queue'), h('th', {}, 'waiting'), h('th', {}, 'active'), h('th', {}, 'failed'));
  const cell = (count, kind) => h('td', { class: count > 0 ? kind : 'zero' }, String(count));
  table.replaceChildren(
    h('thead', {}, head),
    h(
      'tbody',
      {},
      ...queues.map(({ name, waiting, active, failed }) =>
        h('tr', {}, h('td', {}, name), cell(waiting, 'some'), cell(active, 'some'), cell(failed, 'bad')),
      ),
    ),
  );
}

function showBooks(container, verdict, { currencies, accounts, solvent }) {
  const even = currencies.every(({ sum }) => BigInt(sum) === 0n);
  const text = even ? (solvent === false ? 'owing more than held' : 'books at zero') : 'books do not add up';
  verdict.textContent = text;
  verdict.classList.toggle('bad', !even || solvent === false);
  const sections = currencies.map(({ code, sum }) => {
    const rows = accounts
      .filter(({ currency }) => currency === code)
      .map(({ code: account, name, held, balance }) =>
        h(
          'tr',
          { 'data-account': account, ...(name ? { 'data-owner': name } : {}) },
          h('td', { title: account }, name ? `${name}’s wallet` : accountName(account)),
          h('td', { class: BigInt(held) > 0n ? 'some' : 'zero' }, BigInt(held) > 0n ? money(code, held) : ''),
          h('td', {}, money(code, balance)),
        ),
      );
    const total = h(
      'tr',
      { class: 'total' },
      h('td', {}, 'sum'),
      h('td', {}),
      h('td', { testid: `counter-sum-${code}` }, money(code, sum)),
    );
    const unit = code === 'BTC' ? 'sats' : code;
    const heading = h('tr', {}, h('th', {}, unit), h('th', {}, 'held of it'), h('th', {}, 'balance'));
    return h('table', { class: 'books' }, h('thead', {}, heading), h('tbody', {}, ...rows), h('tfoot', {}, total));
  });
  container.replaceChildren(...sections);
}

/** Names the account; a long id in it is cut in the middle. */
function accountName(name) {
  return name.replace(/([0-9a-f]{6})[0-9a-f-]{20,}([0-9a-f]{4})/i, '$1…$2');
}

function money(currency, amount) {
  if (currency === 'BTC') return sats(amount);
  return String(amount).startsWith('-') ? `−${grouped(String(amount).slice(1))}` : grouped(amount);
}
