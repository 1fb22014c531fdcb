// /cancel: leaves the open question.
import { say } from '../context.ts';
import type { Command } from './command.ts';

export const cancel: Command = {
  name: 'cancel',
  aliases: { en: ['stop'], sw: ['ghairi', 'acha'] },
  inMenu: true,
  private: true,
  async run(context) {
    const { session, texts } = context;
    return say(context, { text: session.wizard ? texts.talk.left() : texts.talk.nothingToCancel() });
  },
};
