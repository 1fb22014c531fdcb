// What the house asks of every channel: bring one reply to one chat and say truthfully what became of it. Who calls
// decides by that value; no channel throws for something the other side did.
import type { Answer, Incoming, Reply, Session } from '../chat/message.ts';
import type { World } from '../world.ts';

/** A message of ours that a person sees, as an edit needs it. */
export type Shown = { readonly messageId: string; readonly photo: boolean };

/**
 * `unreachable`: this person cannot be written to (blocked, never started, gone). `wait`: nothing was done, not before
 * `waitMs`. `not_sent`: the other side was not reached. `unsure`: it may or may not have been done. `refused`: it will
 * not be done like this.
 */
export type Outcome<T> =
  | { readonly state: 'done'; readonly result: T }
  | { readonly state: 'unreachable' }
  | { readonly state: 'wait'; readonly waitMs: number }
  | { readonly state: 'not_sent' | 'unsure'; readonly why: string }
  | { readonly state: 'refused'; readonly reason: RefusedBecause; readonly description: string };

/** `gone`: the message cannot be edited any more. `unparsable`: our marks were not understood. */
export type RefusedBecause = 'unchanged' | 'gone' | 'unparsable' | 'conflict' | 'other';

/** A chat of a person under one of our names on this channel. */
export type Place = { readonly bot: string; readonly chatId: string };

export type Channel = {
  /**
   * Sends a reply, or edits `shown` into it; gives what is to be seen then. Keeps no pace by itself.
   */
  send(place: Place, reply: Reply, shown?: Shown): Promise<Outcome<Shown>>;
  /** Ends `shown`, whose news comes as a message of its own: it asks for nothing any more and says `reply`, or is gone. */
  close(place: Place, reply: Reply, shown: Shown): Promise<Outcome<Shown>>;
  /** Asks for something that leaves nothing behind, to know whether this chat can be reached just now. */
  probe(place: Place): Promise<Outcome<unknown>>;
};

/** Whether the other side has answered, whatever it said: what is sent now is not sent into nothing. */
export function isAnswered(
  outcome: Outcome<unknown>,
): outcome is Extract<Outcome<unknown>, { state: 'done' | 'refused' }> {
  return outcome.state === 'done' || outcome.state === 'refused';
}

/** Every channel there is, by the name that people's chats are stored under. */
export type Channels = Readonly<Record<string, Channel>>;

/** The conversation behind a channel: what is said to one message, and what to remember of the person after it. */
export type Handle = (
  world: World,
  incoming: Incoming,
  session: Session | undefined,
) => Promise<{ readonly answer: Answer; readonly session?: Session | undefined }>;
