// /pin: an admin's PIN, and asking for it before what moves money or people. It is asked for as the next message, which the
// channel takes away at once; it is never an argument, and never part of what the session remembers.
import { mustBeAdmin } from '../../flows/admin.ts';
import { pinState, setPin, unlock } from '../../flows/pin.ts';
import { ask, type Context, type Given, type Outcome, say } from '../context.ts';
import type { Command } from './command.ts';

export const pin: Command = {
  name: 'pin',
  aliases: {},
  inMenu: false,
  role: 'admin',
  private: true,
  async run(context, { old, fresh }): Promise<Outcome> {
    const { world, session, texts } = context;
    const { userId } = session;
    await mustBeAdmin(world, userId, 'pin');
    const { pin: words } = texts.admin;
    const secret = { command: 'pin', given: {}, isSecret: true } as const;
    if (fresh !== undefined) {
      // Between the old and the new one the ten minutes may have run out.
      if ((await pinState(world, userId)) === 'closed')
        return ask(context, { ...secret, asked: 'old', text: words.old() });
      await setPin(world, userId, fresh);
      return say(context, { text: words.set() });
    }
    if (old !== undefined) await unlock(world, userId, old);
    else if ((await pinState(world, userId)) !== 'unset')
      return ask(context, { ...secret, asked: 'old', text: words.old() });
    return ask(context, { ...secret, asked: 'fresh', text: words.fresh() });
  },
};

/**
 * Does it for an admin who has proven themselves in the last ten minutes, and asks for the PIN first otherwise: then the
 * command runs again with all that was given and `pin`.
 * @throws Refusal not_allowed, pin_wrong, pin_locked.
 */
export async function withPin(
  context: Context,
  command: string,
  { pin: said, ...given }: Given,
  act: () => Promise<Outcome>,
): Promise<Outcome> {
  const { world, session, texts } = context;
  const { pin: words } = texts.admin;
  if (said === undefined) {
    const state = await pinState(world, session.userId);
    if (state === 'unset') return say(context, { text: words.unset() });
    if (state === 'closed') return ask(context, { command, given, asked: 'pin', isSecret: true, text: words.ask() });
  } else await unlock(world, session.userId, said);
  return act();
}
