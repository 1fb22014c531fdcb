// Small helpers of the page: making elements, asking the server, copying, short notes.

/**
 * Makes an element. Attributes as an object (`class`, `testid`, `on` for listeners); children are nodes or texts.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'on') for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (name === 'testid') element.dataset.testid = value;
    else if (name === 'html') element.innerHTML = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

/** A one-colour drawing of 24 by 24. */
export function icon(path) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  send: 'M3 20.5 21.5 12 3 3.5 3 10l12 2-12 2z',
  reply: 'M10 8V4l-7 7 7 7v-4.1c5 0 8.500 1.600 11 5.100-1-5-4-10-11-11z',
  attach:
    'M16.500 6v11.500a4 4 0 0 1-8 0V5a2.500 2.500 0 0 1 5 0v10.500a1 1 0 0 1-2 0V6H10v9.500a2.500 2.500 0 0 0 5 0V5a4 4 0 0 0-8 0v12.500a5.500 5.500 0 0 0 11 0V6z',
  menu: 'M4 6h16v2H4zm0 5h16v2H4zm0 5h16v2H4z',
  close: 'm12 10.600 5-5 1.400 1.400-5 5 5 5-1.400 1.400-5-5-5 5L5.600 17l5-5-5-5L7 5.600z',
  more: 'M12 5a2 2 0 1 1 0 .01zm0 7a2 2 0 1 1 0 .01zm0 7a2 2 0 1 1 0 .01z',
};

/** Asks the server; throws an Error with its sentence when it refuses. */
export async function ask(method, path, body) {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  if (body !== undefined) init.headers = { 'content-type': 'application/json' };
  const response = await fetch(path, init);
  const answer = await response.json().catch(() => ({ error: `${path} answered ${response.status}` }));
  if (!response.ok) throw new Error(answer.error ?? `${path} answered ${response.status}`);
  return answer;
}

/** Shows a sentence at the foot of the page for a while. */
export function note(text, kind = 'plain') {
  const element = h('div', { class: `note ${kind}` }, text);
  document.getElementById('notes')?.append(element);
  setTimeout(() => element.remove(), kind === 'error' ? 7000 : 2500);
}

/** Runs a button's work: disabled meanwhile, its error shown as a note. */
export async function work(button, action) {
  button.disabled = true;
  button.classList.add('busy');
  try {
    return await action();
  } catch (error) {
    note(error.message, 'error');
    return undefined;
  } finally {
    button.disabled = false;
    button.classList.remove('busy');
  }
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without the permission (or on plain http elsewhere) the old way still works.
    const area = h('textarea', { class: 'offstage' });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}

/** A whole number with commas between its thousands, as the bot writes it. */
export function grouped(value) {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Millisatoshi (a decimal string) as sats, with the rest behind a point where there is one. */
export function sats(msat) {
  const amount = BigInt(msat);
  const positive = amount < 0n ? -amount : amount;
  const rest = (positive % 1000n).toString().padStart(3, '0');
  return `${amount < 0n ? '−' : ''}${grouped(positive / 1000n)}${rest === '000' ? '' : `.${rest}`}`;
}
