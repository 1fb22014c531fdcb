// Whom a message means: someone named by @username, or whoever wrote the message that this one answers. Everyone is
// found by the channel's immutable id in the end; a name only leads there.
import { ask, type Context, type Given, type Outcome } from './context.ts';
import { readUsername } from './parse.ts';
import { type Rich, rich } from './rich.ts';

export type Payee = { readonly username: string } | { readonly externalId: string; readonly name: string };
export type PayeeAnswer = { readonly payee: Payee } | { readonly outcome: Outcome };

/** What the message answered tells about a payee, to be kept among what was given. */
export function repliedTo({ incoming: { replyTo } }: Context): Given {
  if (!replyTo || replyTo.isBot) return {};
  const name = replyTo.username ? `@${replyTo.username}` : (replyTo.name ?? '?');
  return { toId: replyTo.externalId, toName: name };
}

/** The person under `given.to` or `given.toId`, or the outcome that asks for them. */
export function payeeOf(context: Context, command: string, given: Given, question: Rich): PayeeAnswer {
  const { to, toId, toName = '?', ...rest } = given;
  if (to === undefined && toId !== undefined) return { payee: { externalId: toId, name: toName } };
  const username = to === undefined ? undefined : readUsername(to);
  if (username) return { payee: { username } };
  const text = to === undefined ? question : rich`${context.texts.send.badPayee()} ${question}`;
  return { outcome: ask(context, { command, given: rest, asked: 'to', text }) };
}
