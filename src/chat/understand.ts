// What a message asks for: a command with its arguments, the answer to our question, a pressed button, an invoice to
// pay, or something we can only answer in words. Decides nothing about money and awaits nothing.
import type { Command } from './commands/command.ts';
import { commandNamed, commandSaid, wordsFor } from './commands/index.ts';
import type { Context, Given } from './context.ts';
import { chosen } from './face.ts';
import type { Reply } from './message.ts';
import { findInvoice, looksLikeInvoice, readPlain, readSlash } from './parse.ts';
import { type Rich, rich } from './rich.ts';
import { nearest } from './suggest.ts';

export type Understood =
  | { readonly kind: 'typed'; readonly command: Command; readonly args: string }
  | { readonly kind: 'answered'; readonly command: Command; readonly given: Given }
  | { readonly kind: 'pressed'; readonly command: Command; readonly argument: string }
  | { readonly kind: 'said'; readonly reply: Reply };

/** Button data that stands for typed words: an answer to our question, or an example to try. */
const SAY = 'say:';

/** Reads one message or press of a known person. */
export function understand(context: Context): Understood {
  const { incoming, texts } = context;
  const { body } = incoming;
  if (body.kind === 'press') return understandPress(context, body.data);
  if (body.kind !== 'text') return said(texts.talk.onlyText());
  const text = body.text.trim();
  if (body.forwarded) return payOf(text) ?? said(texts.talk.noInvoiceForwarded());
  return understandText(context, text);
}

function understandPress(context: Context, data: string): Understood {
  if (data.startsWith(SAY)) return understandText(context, data.slice(SAY.length));
  const colon = data.indexOf(':');
  const command = commandNamed(colon < 0 ? data : data.slice(0, colon));
  const argument = colon < 0 ? '' : data.slice(colon + 1);
  return command?.press ? { kind: 'pressed', command, argument } : said(context.texts.talk.unknown());
}

function understandText(context: Context, text: string): Understood {
  const { incoming, session } = context;
  const choice = incoming.isPrivate ? chosen(text, session.choices, incoming.face) : undefined;
  if (choice !== undefined) return understandPress(context, choice);
  const slash = readSlash(text);
  if (slash) return typed(slash.word, slash.args) ?? unknown(context, slash.word);
  const plain = readPlain(text);
  // A plain word works as a command too, and leads out of an open question like any command. Those of the house's admins
  // are words of every day, so for everybody else they are only that.
  const isTheirs = (commandSaid(plain.word)?.role ?? session.role) === session.role;
  return (
    (isTheirs ? typed(plain.word, plain.args) : undefined) ??
    answerOf(context, text) ??
    payOf(text) ??
    unknown(context, plain.word)
  );
}

function typed(word: string, args: string): Understood | undefined {
  const command = commandSaid(word);
  return command && { kind: 'typed', command, args };
}

function answerOf({ session: { wizard } }: Context, text: string): Understood | undefined {
  const command = wizard && commandNamed(wizard.command);
  if (!wizard || !command) return undefined;
  // An invoice pasted while we ask for something else is meant to be paid.
  if (wizard.asked !== 'invoice' && looksLikeInvoice(text)) return undefined;
  return { kind: 'answered', command, given: { ...wizard.given, [wizard.asked]: text } };
}

function payOf(text: string): Understood | undefined {
  const found = findInvoice(text);
  return found && typed('pay', found.invoice);
}

function unknown({ texts, session, incoming }: Context, word: string): Understood {
  if (!session.onboarded && incoming.isPrivate) return typed('start', '') ?? said(texts.talk.unknown());
  const meant = nearest(word, wordsFor(session.role));
  if (meant.length === 0) return said(texts.talk.unknown());
  const list: Rich = meant.flatMap((each, at) => rich`${at > 0 ? texts.talk.or : ''}/${each}`);
  const buttons = [meant.map((each) => ({ label: `/${each}`, data: `${SAY}/${each}` }))];
  return { kind: 'said', reply: { text: texts.talk.didYouMean(list), buttons } };
}

function said(text: Rich): Understood {
  return { kind: 'said', reply: { text } };
}
