// /admins: who they are, and making or removing one. /audit: what they did, newest first. For admins by their role in the
// database, which the flows check each time.
import { mustBeAdmin } from '../../flows/admin.ts';
import { type AuditAbout, type AuditPage, auditAbout, audit as readAudit } from '../../flows/admin-audit.ts';
import { addAdmin, admins as readAdmins, removeAdmin } from '../../flows/admin-roles.ts';
import { shortId } from '../../flows/history.ts';
import { nameOf as calledAs } from '../../flows/wallets.ts';
import { type Context, inPlace, type Outcome, say } from '../context.ts';
import { dayTime, type View } from '../format.ts';
import type { Button } from '../message.ts';
import { code, type Rich, rich, words } from '../rich.ts';
import { nameOf, noteOf } from '../said.ts';
import type { Command } from './command.ts';
import { withPin } from './pin.ts';

const COMMON = { aliases: {}, inMenu: false, role: 'admin', private: true } as const;

export const admins: Command = {
  ...COMMON,
  name: 'admins',
  read(_context, args) {
    const [turn, who] = args.split(/\s+/).filter(Boolean);
    return { ...(turn ? { turn: turn.toLowerCase() } : {}), ...(who ? { who } : {}) };
  },
  async run(context, given): Promise<Outcome> {
    const { world, session, texts, incoming } = context;
    const { turn, who } = given;
    if (turn === undefined) return showAdmins(context);
    await mustBeAdmin(world, session.userId, 'admins');
    if (who === undefined || (turn !== 'add' && turn !== 'remove')) {
      return say(context, { text: texts.admin.adminsUsage() });
    }
    return withPin(context, 'admins', given, async () => {
      const change = turn === 'add' ? addAdmin : removeAdmin;
      const { name, changed } = await change(world, session.userId, { said: who, channel: incoming.channel });
      const person = rich`${nameOf(name)}`;
      const done = turn === 'add' ? texts.admin.adminAdded(person) : texts.admin.adminRemoved(person);
      return say(context, { text: changed ? done : texts.admin.adminAsBefore(person) });
    });
  },
};

async function showAdmins(context: Context): Promise<Outcome> {
  const { world, session, texts } = context;
  const lines = (await readAdmins(world, session.userId)).flatMap(
    (each): Rich => rich`\n${nameOf(calledAs(each))} · ${code(shortId(each.id))}`,
  );
  return say(context, { text: rich`${texts.admin.admins}\n${lines}\n\n${texts.admin.adminsUsage()}` });
}

export const audit: Command = {
  ...COMMON,
  name: 'audit',
  read: (_context, args): { about?: string } => (args.trim() ? { about: args.trim() } : {}),
  async run(context, { about }) {
    const { world, session, incoming } = context;
    const named = { said: about ?? '', channel: incoming.channel };
    return showAudit(context, about === undefined ? {} : await auditAbout(world, session.userId, named));
  },
  press(context, argument) {
    const [before = '', about = ''] = argument.split(':');
    const after = before === NEWEST ? {} : { before: unpacked(before) };
    return showAudit(context, { ...aboutOf(about), ...after });
  },
};

const NEWEST = '-';
/** An id in a button, which has little room. */
const packed = (id: string): string => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');
const PACKED = /^[\w-]{22}$/;

function unpacked(text: string): string {
  const hex = PACKED.test(text) ? Buffer.from(text, 'base64url').toString('hex') : '';
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function aboutOf(text: string): AuditAbout {
  if (text === '') return {};
  return PACKED.test(text) ? { userId: unpacked(text) } : { action: text };
}

async function showAudit(context: Context, given: AuditAbout & { before?: string }): Promise<Outcome> {
  const { world, session, texts } = context;
  const page = await readAudit(world, session.userId, given);
  const { newest, older } = texts.admin.buttons;
  const { userId, action = '' } = page.about;
  const about = userId === undefined ? action : packed(userId);
  const arrows: Button[] = [
    ...(given.before === undefined ? [] : [{ label: newest, data: `audit:${NEWEST}:${about}` }]),
    ...(page.next === undefined ? [] : [{ label: older, data: `audit:${packed(page.next)}:${about}` }]),
  ];
  const reply = { text: auditText(context, page), ...(arrows.length > 0 ? { buttons: [arrows] } : {}) };
  return say(context, inPlace(context, reply));
}

function auditText({ session, texts }: Context, { lines }: AuditPage): Rich {
  const view: View = { ...session, rate: undefined };
  if (lines.length === 0) return texts.admin.noAudit();
  const shown = lines.flatMap(({ action, details, actor, user, atMs }): Rich => {
    const who = actor === null ? rich`${texts.admin.house}` : rich`${nameOf(actor)}`;
    const whom = user === null ? [] : rich` → ${nameOf(user)}`;
    const { user: _user, ...others } = details;
    const more = Object.keys(others).length > 0 ? rich`\n  ${noteOf(JSON.stringify(others)) ?? []}` : [];
    return rich`\n${dayTime(view, atMs)} · ${who} · ${words(action)}${whom}${more}`;
  });
  return rich`${texts.admin.audit}\n${shown}`;
}
