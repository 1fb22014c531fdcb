// The lower edge of a phone: text box, menu of commands, reply bar, pictures, the bot's own keyboard, and the Start button
// before the first word.
import { h, ICONS, icon, note } from './dom.js';

export class Composer {
  constructor(phone) {
    this.phone = phone;
    this.menu = [];
    this.state = { started: true, blocked: false, keyboard: null };
    this.reply = undefined;
    this.chosen = 0;
    this.#build(`phone-${phone.slug}`);
  }

  #build(id) {
    this.input = h('textarea', {
      rows: 1,
      placeholder: 'Message',
      testid: `${id}-input`,
      'aria-label': `Message from ${this.phone.name}`,
    });
    this.sendButton = h(
      'button',
      { type: 'button', class: 'send', testid: `${id}-send`, 'aria-label': 'Send' },
      icon(ICONS.send),
    );
    this.menuButton = h(
      'button',
      { type: 'button', class: 'plain slash', testid: `${id}-menu`, 'aria-label': 'Commands' },
      '/',
    );
    this.attach = h(
      'button',
      { type: 'button', class: 'plain', testid: `${id}-attach`, 'aria-label': 'Send a picture' },
      icon(ICONS.attach),
    );
    this.file = h('input', { type: 'file', accept: 'image/*', hidden: true, testid: `${id}-file` });
    this.startButton = h('button', { type: 'button', class: 'start', testid: `${id}-start` }, 'Start');
    this.suggestions = h('div', {
      class: 'suggestions',
      hidden: true,
      testid: `${id}-commands`,
      role: 'listbox',
      'aria-label': 'Commands',
    });
    this.replyBar = h('div', { class: 'reply-bar', hidden: true });
    this.keys = h('div', { class: 'keys', hidden: true });
    this.bar = h('div', { class: 'bar' }, this.menuButton, this.input, this.attach, this.file, this.sendButton);
    this.element = h(
      'footer',
      { class: 'composer' },
      this.suggestions,
      this.replyBar,
      this.bar,
      this.startButton,
      this.keys,
    );
    this.sendButton.addEventListener('click', () => this.#send());
    this.startButton.addEventListener('click', () => this.#begin());
    this.menuButton.addEventListener('click', () => this.#toggleMenu());
    this.attach.addEventListener('click', () => this.file.click());
    this.file.addEventListener('change', () => this.#sendPicture());
    this.input.addEventListener('input', () => this.#typed());
    this.input.addEventListener('keydown', (event) => this.#key(event));
    this.input.addEventListener('focus', () => this.#typed());
    this.input.addEventListener('blur', () =>
      setTimeout(() => document.activeElement !== this.input && this.#suggest([]), 150),
    );
  }

  /** Takes what has changed: menu, keyboard, started, blocked. */
  update({ menu, ...state }) {
    if (menu) this.menu = menu;
    Object.assign(this.state, state);
    const { started, blocked, keyboard } = this.state;
    const closed = blocked || !started;
    if (closed) this.#endReply();
    this.bar.hidden = closed;
    this.startButton.hidden = !closed;
    this.startButton.textContent = blocked ? 'Unblock' : 'Start';
    this.#showKeys(closed ? null : keyboard);
  }

  replyTo(view) {
    this.reply = view;
    const cancel = h('button', { type: 'button', class: 'plain', 'aria-label': 'Do not reply' }, icon(ICONS.close));
    cancel.addEventListener('click', () => this.#endReply());
    const what = h(
      'div',
      {},
      h('strong', {}, view.from === 'bot' ? view.name : 'You'),
      h('span', {}, view.text || 'Picture'),
    );
    this.replyBar.replaceChildren(icon(ICONS.reply), what, cancel);
    this.replyBar.hidden = false;
    this.input.focus();
  }

  #endReply() {
    this.reply = undefined;
    this.replyBar.hidden = true;
  }

  async #send(text = this.input.value) {
    if (!text.trim()) return;
    const reply = this.reply?.message_id;
    this.input.value = '';
    this.#endReply();
    this.#typed();
    // Not after the answer: by then somebody may be typing on the other phone.
    this.input.focus({ preventScroll: true });
    await this.#act('say', { text, ...(reply ? { reply_to_message_id: reply } : {}) });
  }

  async #begin() {
    await this.#act(this.state.blocked ? 'unblock' : 'start', {});
    await this.phone.refresh();
  }

  async #act(what, body) {
    try {
      await this.phone.act(what, body);
    } catch (error) {
      note(error.message, 'error');
    }
  }

  #sendPicture() {
    const [file] = this.file.files;
    this.file.value = '';
    if (!file) return;
    const reader = new FileReader();
    reader.onload = () => this.#act('photo', { base64: String(reader.result).split(',')[1] });
    reader.readAsDataURL(file);
  }

  #typed() {
    const { value } = this.input;
    this.input.style.height = 'auto';
    this.input.style.height = `${Math.min(this.input.scrollHeight, 96)}px`;
    const begun = /^\/(\w*)$/.exec(value);
    this.#suggest(begun ? this.menu.filter(({ command }) => command.startsWith(begun[1].toLowerCase())) : []);
  }

  #toggleMenu() {
    if (this.suggestions.hidden) this.#suggest(this.menu);
    else this.#suggest([]);
    this.input.focus();
  }

  #suggest(commands) {
    this.offered = commands;
    this.chosen = 0;
    this.suggestions.hidden = commands.length === 0;
    this.suggestions.replaceChildren(
      ...commands.map(({ command, description }) => {
        const row = h(
          'button',
          { type: 'button', role: 'option' },
          h('strong', {}, `/${command}`),
          h('span', {}, description),
        );
        row.addEventListener('mousedown', (event) => event.preventDefault());
        row.addEventListener('click', () => {
          this.#suggest([]);
          this.#send(`/${command}`);
        });
        return row;
      }),
    );
  }

  #key(event) {
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === 'Escape') {
      this.#suggest([]);
      this.#endReply();
    } else if (event.key === 'Tab' && this.offered?.length > 0) {
      event.preventDefault();
      this.input.value = `/${this.offered[0].command} `;
      this.#typed();
    }
  }

  #showKeys(keyboard) {
    this.keys.hidden = !keyboard;
    this.input.placeholder = keyboard?.input_field_placeholder ?? 'Message';
    if (!keyboard) return;
    this.keys.replaceChildren(
      ...keyboard.keyboard.map((row) =>
        h(
          'div',
          { class: 'key-row' },
          ...row.map((key) => {
            const button = h('button', { type: 'button' }, key.text);
            button.addEventListener('click', () =>
              key.request_contact ? this.#act('contact', {}) : this.#send(key.text),
            );
            return button;
          }),
        ),
      ),
    );
  }
}
