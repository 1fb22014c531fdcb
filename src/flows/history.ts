// What happened in a wallet, newest first: what is still under way, then the ledger's own lines. The ledger says how
// much and when; the rows behind it say with whom and why.
import { Refusal } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import { type HistoryRow, historyPage } from '../infra/db/history.ts';
import { pendingSubjects, type Subject, subjectsOf } from '../infra/db/subjects.ts';
import type { World } from '../world.ts';

export type HistoryKind = 'received' | 'paid' | 'sent' | 'got' | 'paying' | 'waiting' | 'returned' | 'other';

export type HistoryLine = {
  /** The subject's id, for its details. */
  id: string;
  kind: HistoryKind;
  /** What it did, or for something under way will do at the most, to the wallet. */
  amountMsat: bigint;
  /** Contained in the amount. */
  feeMsat: bigint;
  name: string | null;
  memo: string | null;
  atMs: number;
  pending: boolean;
};

export type HistoryDetail = HistoryLine & {
  state: string;
  preimage: string | null;
  destination: string | null;
  expiresAtMs: number | null;
  retractable: boolean;
};

export const LINES_PER_PAGE = 10;
const MOST_PENDING = 5;

/** A page of ten; the first one begins with what is under way. `next` is given back as `before` for the next page. */
export async function page(
  world: World,
  given: { userId: string; walletId: string; before?: string },
): Promise<{ lines: HistoryLine[]; next?: string }> {
  const before = given.before && isId(given.before) ? { before: given.before } : {};
  const [found, pending] = await Promise.all([
    // One more than is shown tells whether there is another page.
    historyPage(world.db, BigInt(given.walletId), { ...before, limit: LINES_PER_PAGE + 1 }),
    given.before ? [] : pendingSubjects(world.db, given.userId, MOST_PENDING),
  ]);
  const rows = found.slice(0, LINES_PER_PAGE);
  const ids = rows.flatMap(({ subjectId }) => (subjectId ? [subjectId] : []));
  const subjects = new Map((await subjectsOf(world.db, { userId: given.userId, ids })).map((each) => [each.id, each]));
  const lines = [...pending.map(openLine), ...rows.map((row) => closedLine(row, subjects.get(row.subjectId ?? '')))];
  const last = found.length > rows.length ? rows.at(-1) : undefined;
  return { lines, ...(last ? { next: last.id } : {}) };
}

function openLine(subject: Subject): HistoryLine {
  const { id, name, memo, feeMsat } = subject;
  const amountMsat = -(subject.amountMsat + feeMsat);
  const kind = subject.kind === 'payment' ? 'paying' : 'waiting';
  return { id, kind, amountMsat, feeMsat, name, memo, atMs: subject.createdAtMs, pending: true };
}

function closedLine(row: HistoryRow, subject: Subject | undefined): HistoryLine {
  return {
    id: row.subjectId ?? row.id,
    kind: kindOf(row),
    amountMsat: row.amountMsat,
    feeMsat: subject?.feeMsat ?? 0n,
    name: subject?.name ?? null,
    memo: subject?.memo ?? null,
    atMs: row.atMs,
    pending: false,
  };
}

function kindOf(row: HistoryRow): HistoryKind {
  switch (row.code) {
    case 'deposit':
      return 'received';
    case 'pay':
      return 'paid';
    case 'send':
    case 'claim':
      return row.amountMsat > 0n ? 'got' : 'sent';
    default:
      return 'other';
  }
}

/** All about one line. Throws Refusal not_found unless it is theirs. */
export async function detail(world: World, given: { userId: string; id: string }): Promise<HistoryDetail> {
  const [subject] = isId(given.id) ? await subjectsOf(world.db, { userId: given.userId, ids: [given.id] }) : [];
  if (!subject) throw new Refusal('not_found');
  const { id, name, memo, feeMsat, state, preimage, destination, expiresAtMs, createdAtMs } = subject;
  const isOut = subject.isSender;
  const retractable = subject.kind === 'send' && state === 'held' && isOut;
  return {
    id,
    kind: detailKind(subject),
    amountMsat: isOut ? -(subject.amountMsat + feeMsat) : subject.amountMsat,
    feeMsat,
    name,
    memo,
    atMs: createdAtMs,
    pending: ['held', 'sending', 'asked', 'open', 'closing'].includes(state),
    state,
    preimage,
    destination,
    expiresAtMs,
    retractable,
  };
}

function detailKind(subject: Subject): HistoryKind {
  if (subject.kind === 'invoice') return 'received';
  if (subject.kind === 'payment') return ['held', 'sending'].includes(subject.state) ? 'paying' : 'paid';
  if (!subject.isSender) return 'got';
  if (subject.state === 'held') return 'waiting';
  return ['returned', 'retracted'].includes(subject.state) ? 'returned' : 'sent';
}

/** Eight characters that people can read to each other, for one id. */
export function shortId(id: string): string {
  return id.replaceAll('-', '').slice(-8);
}
