// /web: the way into the pages of admins, as a link that works once. For admins by their role in the database and by their PIN,
// since what it opens stays open for half an hour outside of this chat.
import { mustBeAdmin } from '../../flows/admin.ts';
import { makeWebLink } from '../../flows/admin-web.ts';
import { type Outcome, say } from '../context.ts';
import type { Command } from './command.ts';
import { withPin } from './pin.ts';

export const web: Command = {
  name: 'web',
  aliases: {},
  inMenu: false,
  role: 'admin',
  private: true,
  async run(context, given): Promise<Outcome> {
    const { world, session, texts } = context;
    await mustBeAdmin(world, session.userId, 'web');
    return withPin(context, 'web', given, async () => {
      const url = await makeWebLink(world, session.userId);
      if (url === undefined) return say(context, { text: texts.admin.web.none() });
      // Telegram takes no other address on a button.
      const button = url.startsWith('https:')
        ? { label: texts.admin.web.open, url }
        : { label: texts.admin.web.copy, copy: url };
      return say(context, { text: texts.admin.web.here(), buttons: [[button]] });
    });
  },
};
