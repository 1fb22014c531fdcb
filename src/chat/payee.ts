// Whom a message means: someone named by @username, or whoever wrote the message that this one answers. Everyone is
// found by the channel's immutable id in the end; a name only leads there.
import { ask, type Context, type Given, type Outcome } from './context.ts';
import { readUsername, splitParts } from './parse.ts';
import { isPhone, splitPhone } from './phone-number.ts';
import { rich } from './rich.ts';

export type Payee = { readonly username: string } | { readonly externalId: string; readonly name: string };
export type PayeeAnswer = { readonly payee: Payee } | { readonly outcome: Outcome };

/** Amount, person and note as someone types them: `500 @baraka lunch`, or `500` in answer to a message. */
export function readTransfer(context: Context, args: string): Given {
  const own = context.session.currency;
  const answered = repliedTo(context);
  const parts = splitParts(args, own);
  const found = parts.username || answered.toId ? undefined : splitPhone(args, own);
  const { amount, username, note } = found ? splitParts(found.rest, own) : parts;
  const payee = username ? { to: username } : found ? { to: found.phone } : answered;
  return { ...(amount ? { amount } : {}), ...(note ? { note } : {}), ...payee };
}

/** What the message answered tells about a payee, to be kept among what was given. */
function repliedTo({ incoming: { replyTo } }: Context): Given {
  if (!replyTo || replyTo.isBot) return {};
  const name = replyTo.username ? `@${replyTo.username}` : (replyTo.name ?? '?');
  return { toId: replyTo.externalId, toName: name };
}

/** The person under `given.to` or `given.toId`, or the outcome that asks for them. */
export function payeeOf(context: Context, command: 'send' | 'request', given: Given): PayeeAnswer {
  const { texts, session } = context;
  const question = command === 'send' ? texts.send.askPayee() : texts.request.askPayer();
  const { to, toId, toName = '?', ...rest } = given;
  if (to === undefined && toId !== undefined) return { payee: { externalId: toId, name: toName } };
  const username = to === undefined ? undefined : readUsername(to);
  if (username) return { payee: { username } };
  const isNumber = to !== undefined && isPhone(to, session.currency);
  const refused = isNumber ? texts[command].phone() : rich`${texts.send.badPayee()} ${question}`;
  const text = to === undefined ? question : refused;
  return { outcome: ask(context, { command, given: rest, asked: 'to', text }) };
}
