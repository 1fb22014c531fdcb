// What those who run the house did, newest first: all of it, of one person, or of one kind. Looking here is written down
// like everything else.
import { isId } from '../base/ids.ts';
import { type AuditLine, auditPage } from '../infra/db/audit.ts';
import type { World } from '../world.ts';
import { mayLook, mustBeAdmin } from './admin.ts';
import { personNamed } from './admin-people.ts';

const LINES_PER_PAGE = 10;

/** Whom or what the list is about. */
export type AuditAbout = { readonly userId?: string; readonly action?: string };

export type AuditPage = {
  readonly lines: readonly AuditLine[];
  readonly about: AuditAbout;
  /** Given back as `before` for the next page. */
  readonly next?: string;
};

/** A page of all. Throws Refusal not_allowed. */
export async function audit(
  world: World,
  userId: string,
  given: AuditAbout & { before?: string } = {},
): Promise<AuditPage> {
  const { before, ...about } = given;
  await mayLook(world, userId, 'audit', { ...about });
  const found = await auditPage(world.db, {
    beforeId: before !== undefined && isId(before) ? before : null,
    userId: about.userId ?? null,
    action: about.action ?? null,
    limit: LINES_PER_PAGE + 1,
  });
  const lines = found.slice(0, LINES_PER_PAGE);
  const last = found.length > lines.length ? lines.at(-1) : undefined;
  return { lines, about, ...(last ? { next: last.id } : {}) };
}

/** What somebody meant by a word: the name of an act, or a person. Throws Refusal not_allowed, person_unknown. */
export async function auditAbout(
  world: World,
  userId: string,
  named: { said: string; channel: string },
): Promise<AuditAbout> {
  await mustBeAdmin(world, userId, 'audit');
  const said = named.said.trim().toLowerCase();
  if (ACTIONS.has(said)) return { action: said };
  return { userId: await personNamed(world, named) };
}

const ACTIONS: ReadonlySet<string> = new Set([
  ...['looked', 'refused', 'retry_failed', 'sending_on', 'sending_off', 'freeze', 'unfreeze', 'pause', 'resume'],
  ...['refund_asked', 'refund_agreed', 'refund_refused', 'refund_made', 'add_admin', 'remove_admin'],
  ...['pin_set', 'pin_wrong', 'pin_locked', 'incident_acked'],
  ...['broadcast_drafted', 'broadcast_started', 'broadcast_stopped', 'broadcast_dropped'],
  ...['web_link', 'web_in', 'web_out', 'promote_jobs', 'drop_jobs'],
]);
