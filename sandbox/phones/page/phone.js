// One person's phone: a chat with a bot, kept up to date by live events. Everything a person can do in it goes to the
// people's API of the sandbox's Telegram, as a real phone's acts go to the real one.
import { makeBubble } from './bubble.js';
import { Composer } from './composer.js';
import { ask, h, ICONS, icon } from './dom.js';

const TYPING_MS = 5000;

export class Phone {
  constructor(person, bots) {
    this.person = person;
    this.name = person.first_name;
    this.slug = person.first_name.toLowerCase();
    this.bots = bots;
    this.bot = bots[0];
    this.messages = new Map();
    /** Messages that came while the chat was being read: the answer may be older than they. */
    this.meanwhile = undefined;
    this.composer = new Composer(this);
    this.element = this.#build();
  }

  #build() {
    const id = `phone-${this.slug}`;
    this.status = h('span', { class: 'status', testid: `${id}-status` }, this.#quietStatus());
    this.title = h('strong', {}, '…');
    this.avatar = h('span', { class: 'avatar', 'aria-hidden': 'true' }, '⚡');
    this.list = h('div', {
      class: 'messages',
      testid: `${id}-messages`,
      role: 'log',
      'aria-label': `${this.name}'s chat`,
    });
    this.intro = h('div', { class: 'intro' });
    this.toasts = h('div', { class: 'toasts', testid: `${id}-toasts`, role: 'status', 'aria-live': 'polite' });
    this.screen = h(
      'div',
      { class: 'screen' },
      h(
        'header',
        { class: 'chat-head' },
        this.avatar,
        h('div', { class: 'who' }, this.title, h('div', { class: 'below' }, this.#botChoice(id), this.status)),
        this.#more(id),
      ),
      h('div', { class: 'wall' }, this.intro, this.list),
      this.toasts,
      this.composer.element,
    );
    return h(
      'section',
      { class: 'part phone', testid: id, 'aria-label': `${this.name}'s phone` },
      h(
        'h2',
        {},
        h('span', { class: `face face-${this.slug}`, 'aria-hidden': 'true' }, this.name[0]),
        `${this.name}’s phone`,
      ),
      h('div', { class: 'bezel' }, this.screen),
    );
  }

  /** With several bots their choice stands where else the word "bot" does. */
  #quietStatus() {
    return this.bots.length > 1 ? '' : 'bot';
  }

  #botChoice(id) {
    if (this.bots.length < 2) return null;
    const choose = h(
      'select',
      { class: 'bot-choice', testid: `${id}-bot`, 'aria-label': 'Bot' },
      ...this.bots.map((bot) => h('option', { value: bot }, `@${bot}`)),
    );
    choose.addEventListener('change', () => {
      this.bot = choose.value;
      this.refresh();
    });
    return choose;
  }

  #more(id) {
    const button = h(
      'button',
      { type: 'button', class: 'plain', testid: `${id}-more`, 'aria-label': 'More' },
      icon(ICONS.more),
    );
    const block = h('button', { type: 'button', testid: `${id}-block` }, 'Block the bot');
    this.blockButton = block;
    const sheet = h('div', { class: 'sheet', hidden: true }, block);
    button.addEventListener('click', () => {
      sheet.hidden = !sheet.hidden;
    });
    block.addEventListener('click', async () => {
      sheet.hidden = true;
      await this.act(this.blocked ? 'unblock' : 'block', {});
      await this.refresh();
    });
    return h('div', { class: 'more' }, button, sheet);
  }

  /** Reads the whole chat and shows it, and then what came while it was being read. */
  async refresh() {
    const meanwhile = [];
    this.meanwhile = meanwhile;
    const chat = await ask('GET', `/people/${this.person.id}/chat/${this.bot}`);
    // It is being read anew, perhaps for another bot.
    if (this.meanwhile !== meanwhile) return;
    this.meanwhile = undefined;
    this.blocked = chat.blocked;
    this.blockButton.textContent = chat.blocked ? 'Unblock the bot' : 'Block the bot';
    this.title.textContent = chat.bot.name;
    this.avatar.textContent = chat.bot.name[0] ?? '⚡';
    this.intro.replaceChildren();
    if (!chat.started) {
      const text = chat.bot.description || 'Press Start to begin.';
      this.intro.append(h('div', { class: 'intro-card' }, h('strong', {}, 'What can this bot do?'), text));
    }
    this.messages.clear();
    this.list.replaceChildren();
    for (const message of chat.messages) this.#put(message, false);
    this.composer.update({ menu: chat.menu, keyboard: chat.keyboard, started: chat.started, blocked: chat.blocked });
    for (const event of meanwhile) this.#take(event);
    this.#toEnd(false);
  }

  /** Does something on this phone, such as `say` with `{text}`. */
  act(what, body) {
    return ask('POST', `/people/${this.person.id}/${what}`, { bot: this.bot, ...body });
  }

  /** The newest Lightning invoice that a bot showed here, or undefined. */
  newestInvoice() {
    const shown = [...this.messages.values()].filter(({ view }) => view.from === 'bot' && !view.deleted).reverse();
    for (const { view } of shown) {
      const invoice = /\bln(?:bcrt|bc|tbs|tb|sb)[0-9a-z]{90,}/i.exec(view.text);
      if (invoice) return invoice[0].toLowerCase();
    }
    return undefined;
  }

  /** Takes a live event; those of other chats are left alone. */
  hear(event) {
    if (event.bot !== this.bot) return;
    if (event.type === 'menu') {
      this.refresh();
      return;
    }
    if (event.chat_id !== this.person.id) return;
    if (event.type === 'typing') this.#typing();
    else if (event.type === 'toast') this.#toast(event.toast);
    else if (event.message) {
      this.meanwhile?.push(event);
      this.#take(event);
    }
  }

  #take(event) {
    if (event.message.from === 'bot') this.#quiet();
    else this.composer.update({ started: true });
    this.intro.replaceChildren();
    this.#put(event.message, true);
    this.composer.update({ keyboard: event.keyboard });
  }

  #put(view, fresh) {
    const old = this.messages.get(view.message_id);
    const wasAtEnd = this.#isAtEnd();
    const element = makeBubble(this, view);
    if (fresh) element.classList.add(old ? 'changed' : 'new');
    this.messages.set(view.message_id, { view, element });
    if (old) old.element.replaceWith(element);
    else this.list.append(element);
    if (fresh && (wasAtEnd || view.from === 'person')) this.#toEnd(true);
    for (const image of element.querySelectorAll('img')) {
      image.addEventListener('load', () => wasAtEnd && this.#toEnd(false));
    }
  }

  #isAtEnd() {
    const wall = this.list.parentElement;
    return wall.scrollHeight - wall.scrollTop - wall.clientHeight < 120;
  }

  #toEnd(smooth) {
    const wall = this.list.parentElement;
    requestAnimationFrame(() => wall.scrollTo({ top: wall.scrollHeight, behavior: smooth ? 'smooth' : 'instant' }));
  }

  /** Shows the message a reply refers to. */
  show(messageId) {
    const found = this.messages.get(messageId)?.element;
    found?.scrollIntoView({ behavior: 'smooth', block: 'center' });
    found?.classList.add('changed');
  }

  #typing() {
    this.status.textContent = 'typing…';
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => this.#quiet(), TYPING_MS);
  }

  #quiet() {
    clearTimeout(this.typingTimer);
    this.status.textContent = this.#quietStatus();
  }

  #toast({ text, show_alert }) {
    for (const pressed of this.list.querySelectorAll('.pressed')) pressed.classList.remove('pressed');
    if (!text) return;
    if (show_alert) this.alert(text);
    else this.toast(text);
  }

  /** A short text over the chat. */
  toast(text) {
    const element = h('div', { class: 'toast' }, text);
    this.toasts.append(element);
    setTimeout(() => element.remove(), 4000);
  }

  alert(text) {
    const close = h('button', { type: 'button' }, 'OK');
    const box = h('div', { class: 'veil', role: 'alertdialog' }, h('div', { class: 'alert' }, h('p', {}, text), close));
    close.addEventListener('click', () => box.remove());
    this.screen.append(box);
    close.focus();
  }

  /** A picture over the whole screen, until touched. */
  enlarge(url) {
    const veil = h(
      'button',
      { type: 'button', class: 'veil picture', 'aria-label': 'Close the picture' },
      h('img', { src: url, alt: '' }),
    );
    veil.addEventListener('click', () => veil.remove());
    this.screen.append(veil);
  }
}
