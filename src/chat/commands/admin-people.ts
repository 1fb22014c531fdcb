// /user, /freeze, /unfreeze: for admins who help or protect one person. The flows write down whom they looked at and why
// somebody was frozen; no secret, no memo and no payee of a person is shown.
import { mustBeAdmin } from '../../flows/admin.ts';
import { type PersonSeen, seePerson } from '../../flows/admin-people.ts';
import { freeze as freezePerson, unfreeze as unfreezePerson } from '../../flows/freeze.ts';
import { shortId } from '../../flows/history.ts';
import { type Context, type Given, type Outcome, say } from '../context.ts';
import { dayTime, sats, type View } from '../format.ts';
import { code, type Rich, rich } from '../rich.ts';
import { nameOf, noteOf } from '../said.ts';
import type { Texts } from '../texts/en.ts';
import type { Command } from './command.ts';
import { withPin } from './pin.ts';

const COMMON = { aliases: {}, inMenu: false, role: 'admin', private: true } as const;

/** The first word names a person, the rest is why. */
function whoAndWhy(_context: Context, args: string): Given {
  const [who, ...rest] = args.split(/\s+/).filter(Boolean);
  const why = rest.join(' ');
  return { ...(who ? { who } : {}), ...(why ? { why } : {}) };
}

export const user: Command = {
  ...COMMON,
  name: 'user',
  read: whoAndWhy,
  async run(context, { who }) {
    const { world, session, texts, incoming } = context;
    await mustBeAdmin(world, session.userId, 'user');
    if (who === undefined) return say(context, { text: texts.admin.userUsage() });
    const found = await seePerson(world, session.userId, { said: who, channel: incoming.channel });
    return say(context, { text: personText(found, { ...session, rate: undefined }, texts) });
  },
};

function personText(found: PersonSeen, view: View, { admin }: Texts): Rich {
  const { person: labels } = admin;
  const lines: [string, Rich][] = [
    [labels.since, rich`${dayTime(view, found.sinceMs)}`],
    [labels.lastSeen, rich`${found.lastSeenMs === null ? admin.nothing : dayTime(view, found.lastSeenMs)}`],
    [labels.reads, rich`${found.language}, ${found.currency} (${found.channels.join(', ')})`],
    [labels.has, rich`${sats(found.availableMsat, 'down')}`],
    [labels.held, rich`${sats(found.heldMsat, 'up')}`],
    [labels.invoices, rich`${String(found.openInvoices)}`],
    [labels.role, rich`${found.role}`],
    [labels.news, rich`${found.newsMuted ? labels.muted : labels.wanted}`],
    [labels.number, rich`${code(found.id)}`],
  ];
  const payments = found.openPayments.map(
    (each): Rich =>
      rich`\n  ${code(shortId(each.id))} · ${each.state} · ${sats(each.amountMsat, 'up')} · ${dayTime(view, each.createdAtMs)}`,
  );
  const open = rich`\n${labels.payments}: ${String(payments.length)}${payments.flat()}`;
  const shown = lines.flatMap(([label, value]) => rich`\n${label}: ${value}`);
  return rich`👤 ${nameOf(found.name)}${shown}${open}${freezeText(found, view, admin)}`;
}

function freezeText({ freeze: found }: PersonSeen, view: View, { person: labels }: Texts['admin']): Rich {
  if (!found) return rich`\n${labels.free}`;
  return rich`\n${labels.frozen(dayTime(view, found.atMs))}: ${noteOf(found.why) ?? []}`;
}

export const freeze: Command = {
  ...COMMON,
  name: 'freeze',
  read: whoAndWhy,
  async run(context, given): Promise<Outcome> {
    const { world, session, texts, incoming } = context;
    await mustBeAdmin(world, session.userId, 'freeze');
    const { who, why } = given;
    if (who === undefined || why === undefined) return say(context, { text: texts.admin.freezeUsage() });
    return withPin(context, 'freeze', given, async () => {
      const named = { said: who, channel: incoming.channel };
      const { name, isNew } = await freezePerson(world, session.userId, { ...named, why });
      const person = rich`${nameOf(name)}`;
      return say(context, { text: isNew ? texts.admin.frozen(person) : texts.admin.frozenBefore(person) });
    });
  },
};

export const unfreeze: Command = {
  ...COMMON,
  name: 'unfreeze',
  read: whoAndWhy,
  async run(context, given): Promise<Outcome> {
    const { world, session, texts, incoming } = context;
    await mustBeAdmin(world, session.userId, 'unfreeze');
    const { who } = given;
    if (who === undefined) return say(context, { text: texts.admin.unfreezeUsage() });
    return withPin(context, 'unfreeze', given, async () => {
      const { name, isNew } = await unfreezePerson(world, session.userId, { said: who, channel: incoming.channel });
      const person = rich`${nameOf(name)}`;
      return say(context, { text: isNew ? texts.admin.unfrozen(person) : texts.admin.notFrozen(person) });
    });
  },
};
