// One message as a bubble: marks, picture, reply, time, buttons. Code can be touched to copy it, buttons to press them.
import { copy, h, ICONS, icon, note } from './dom.js';

const LONG_CODE = 70;
const LONG_WORD = /(\S{60,})/;

export function makeBubble(phone, view) {
  const mine = view.from === 'person';
  const wrap = h('div', {
    class: `message ${mine ? 'mine' : 'theirs'}${view.deleted ? ' deleted' : ''}${view.photo ? ' with-photo' : ''}`,
    'data-message-id': view.message_id,
    'data-from': view.from,
    'data-edits': view.edits,
  });
  if (view.deleted) return wrap;
  const bubble = h('div', { class: 'bubble' });
  if (view.forwarded_from) bubble.append(h('div', { class: 'forwarded' }, `Forwarded from ${view.forwarded_from}`));
  if (view.reply_to) bubble.append(makeQuote(phone, view.reply_to));
  if (view.photo) bubble.append(makePhoto(phone, view.photo));
  if (view.document)
    bubble.append(
      h('a', { class: 'document', href: path(view.document.url), download: view.document.name }, view.document.name),
    );
  if (view.contact)
    bubble.append(h('div', { class: 'contact' }, h('strong', {}, view.contact.first_name), view.contact.phone_number));
  const text = h('div', { class: 'text', html: view.html });
  for (const code of text.querySelectorAll('code, pre')) makeCopyable(phone, code);
  shrinkLongWords(text);
  for (const command of text.querySelectorAll('.bot_command')) {
    command.setAttribute('role', 'button');
    command.addEventListener('click', () => send(phone, command.textContent));
  }
  bubble.append(text, makeTime(view));
  const reply = h(
    'button',
    { type: 'button', class: 'reply', 'aria-label': 'Reply', title: 'Reply' },
    icon(ICONS.reply),
  );
  reply.addEventListener('click', () => phone.composer.replyTo(view));
  wrap.append(h('div', { class: 'line' }, bubble, reply));
  if (view.buttons.length > 0) wrap.append(makeButtons(phone, view));
  return wrap;
}

function send(phone, text) {
  phone.act('say', { text }).catch((error) => note(error.message, 'error'));
}

/** Files come by the page's own server. */
function path(url) {
  return new URL(url, location.href).pathname;
}

function makeQuote(phone, { message_id, text }) {
  const quote = h('button', { type: 'button', class: 'quote' }, text || 'Picture');
  quote.addEventListener('click', () => phone.show(message_id));
  return quote;
}

function makePhoto(phone, { url, width, height }) {
  const image = h('img', { src: path(url), alt: 'Picture', width, height, loading: 'eager' });
  const button = h('button', { type: 'button', class: 'photo', 'aria-label': 'Enlarge the picture' }, image);
  button.addEventListener('click', () => phone.enlarge(path(url)));
  return button;
}

function makeCopyable(phone, code) {
  if (code.textContent.length > LONG_CODE) code.classList.add('long');
  code.title = 'Tap to copy';
  code.setAttribute('role', 'button');
  code.setAttribute('tabindex', '0');
  const run = async () => {
    await copy(code.textContent);
    phone.toast('Copied');
  };
  code.addEventListener('click', run);
  code.addEventListener('keydown', ({ key }) => key === 'Enter' && run());
}

/** A pasted invoice is one word of hundreds of letters: it is set smaller, so that it does not fill the phone. */
function shrinkLongWords(text) {
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) if (LONG_WORD.test(walker.currentNode.data)) found.push(walker.currentNode);
  for (const node of found) {
    if (node.parentElement.closest('code, pre')) continue;
    const parts = node.data.split(LONG_WORD);
    node.replaceWith(...parts.map((part) => (LONG_WORD.test(part) ? h('span', { class: 'long-word' }, part) : part)));
  }
}

function makeTime(view) {
  const time = new Date(view.date * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  const ticks = view.from === 'person' ? h('span', { class: 'ticks', 'aria-hidden': 'true' }, '✓✓') : null;
  return h('span', { class: 'time' }, view.edits > 0 ? 'edited ' : '', time, ticks);
}

function makeButtons(phone, view) {
  const rows = view.buttons.map((row) =>
    h('div', { class: 'button-row' }, ...row.map((button) => makeButton(phone, view, button))),
  );
  return h('div', { class: 'buttons' }, ...rows);
}

function makeButton(phone, view, button) {
  if (button.url) {
    return h(
      'a',
      { class: 'inline-button link', href: button.url, target: '_blank', rel: 'noopener noreferrer' },
      button.text,
    );
  }
  const element = h('button', { type: 'button', class: 'inline-button' }, button.text);
  element.addEventListener('click', async () => {
    if (button.copy_text) {
      await copy(button.copy_text.text);
      phone.toast('Copied');
      return;
    }
    if (button.callback_data === undefined) return;
    element.classList.add('pressed');
    // A bot that never answers must not leave the button waiting for ever.
    setTimeout(() => element.classList.remove('pressed'), 15_000);
    try {
      await phone.act('press', { message_id: view.message_id, data: button.callback_data });
    } catch (error) {
      element.classList.remove('pressed');
      note(error.message, 'error');
    }
  });
  return element;
}
