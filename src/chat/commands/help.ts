// /help: topics to choose from, and examples that work when tapped.
import { inPlace, say } from '../context.ts';
import type { Button } from '../message.ts';
import type { Texts } from '../texts/en.ts';
import type { Command } from './command.ts';

const TOPICS = ['receive', 'pay', 'send', 'amounts', 'safety'] as const;
type Topic = (typeof TOPICS)[number];

export const help: Command = {
  name: 'help',
  aliases: { sw: ['msaada'] },
  inMenu: true,
  private: false,
  read: (_context, args): { topic?: string } => (args ? { topic: args.trim().toLowerCase() } : {}),
  async run(context, { topic }) {
    const known = TOPICS.find((each) => each === topic);
    const { texts, incoming } = context;
    const text = known ? texts.help[known]() : texts.help.topics();
    // In a group the buttons would show one person's money to all.
    return say(context, incoming.isPrivate ? { text, buttons: known ? back(texts) : topics(texts) } : { text });
  },
  async press(context, argument) {
    const { texts } = context;
    const known = TOPICS.find((each) => each === argument);
    const text = known ? texts.help[known]() : texts.help.topics();
    return say(context, inPlace(context, { text, buttons: known ? back(texts) : topics(texts) }));
  },
};

function topics(texts: Texts): Button[][] {
  const button = (topic: Topic) => ({ label: texts.help.labels[topic], data: `help:${topic}` });
  return [
    [button('receive'), button('pay')],
    [button('send'), button('amounts')],
    [button('safety')],
    [
      { label: texts.buttons.balance, data: 'say:/balance' },
      { label: `${texts.buttons.receive} 500 sats`, data: 'say:/receive 500' },
    ],
  ];
}

function back(texts: Texts): Button[][] {
  return [[{ label: texts.buttons.back, data: 'help:' }]];
}
