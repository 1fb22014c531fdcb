// What a command works with, and the few ways in which it may answer: say something, or ask for just what is missing.
import { Unavailable } from '../base/errors.ts';
import { shown } from '../flows/fx.ts';
import type { World } from '../world.ts';
import type { View } from './format.ts';
import type { Answer, Button, Incoming, Reply, Session } from './message.ts';
import type { Rich } from './rich.ts';
import type { Texts } from './texts/en.ts';

export type Context = {
  readonly world: World;
  readonly incoming: Incoming;
  readonly session: Session;
  readonly texts: Texts;
};

/** What was given so far, by the name of the question. */
export type Given = Readonly<Record<string, string>>;

export type Outcome = { readonly answer: Answer; readonly session: Session };

/** Ends whatever was asked and answers. */
export function say(context: Context, ...replies: readonly Reply[]): Outcome {
  return { answer: { replies }, session: quiet(context.session) };
}

/** A session with no question open. */
export function quiet({ wizard: _wizard, choices: _choices, ...session }: Session): Session {
  return session;
}

/** Asks for one thing; the next plain message is taken as its answer. A group gets the question and no wait for it. */
export function ask(
  context: Context,
  question: {
    command: string;
    given: Given;
    asked: string;
    text: Rich;
    buttons?: readonly (readonly Button[])[];
    /** The answer is taken away from the chat at once. */
    isSecret?: boolean;
  },
): Outcome {
  const { command, given, asked, text, buttons, isSecret } = question;
  if (!context.incoming.isPrivate) return say(context, { text });
  const reply = buttons ? { text, buttons } : { text };
  const wizard = { command, given, asked, ...(isSecret ? { isSecret } : {}) };
  return { answer: { replies: [reply] }, session: { ...quiet(context.session), wizard } };
}

/** How this person sees amounts, now. Without a rate when none can be had: that never keeps a text from being sent. */
export async function viewOf(context: Context, currency = context.session.currency): Promise<View> {
  const { language, zone } = context.session;
  return { language, zone, currency, rate: await rateOf(context, currency) };
}

/** The rate of a currency, or undefined while there is none. */
export async function rateOf({ world }: Context, currency: string): Promise<View['rate']> {
  try {
    return await shown(world, currency);
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
}

/** How the writer is called in texts to others: as they can be found, else by their name. */
export function ownName({ incoming: { from } }: Context): string {
  return from.username ? `@${from.username}` : (from.name ?? '?');
}

/** Whether this answer may take the place of the message whose button was pressed. A picture stays. */
export function mayEdit({ incoming: { body } }: Context): boolean {
  return body.kind === 'press' && !body.photo;
}

/** A reply in the place of the pressed message, where that is possible. */
export function inPlace(context: Context, reply: Reply): Reply {
  return mayEdit(context) ? { ...reply, edit: true } : reply;
}
