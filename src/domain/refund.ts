// When a payment that its node has in flight for good may be given back by hand. A node killed in the moment of paying
// can keep a payment "in flight" that never left it; but one that no channel shows may also have left it, and be paid
// when the payee comes back. The two part only after the channels were joined anew and stayed joined: hence these rules,
// two looks, and two admins. They are reasoned, not proven, so what is paid after all is still caught and booked.

/** What a node shows of a payment that it calls in flight. Times of the node's channels are counted by the node. */
export type StuckEvidence = {
  /** When the node noted the payment, or last sent a part of it. */
  readonly lastTryAtMs: number;
  readonly channels: readonly {
    readonly id: string;
    readonly isActive: boolean;
    /** For how long the node has watched it: since its own start, or since the channel was opened. */
    readonly watchedMs: number;
    /** For how much of that the other side was there. */
    readonly peerUpMs: number;
    /** Whether a part of this payment stands in it. */
    readonly carriesIt: boolean;
  }[];
  /** What is bound in channels that are closing. */
  readonly closingMsat: bigint;
};

/** Why a payment may not be given back yet. */
export type RefundHindrance =
  | 'invoice_alive'
  | 'not_restarted'
  | 'channel_away'
  | 'channel_closing'
  | 'part_under_way'
  | 'other_channels'
  | 'too_soon';

/** An invoice that ran out so long ago is taken by no payee any more, whose clock may differ from ours. */
const EXPIRY_MARGIN_MS = 10 * 60_000;
/** So long every channel must have been joined, without a break, between the two looks. */
export const STEADY_MS = 10 * 60_000;
/** The node counts whole seconds, and asking takes a moment. */
const COUNTING_MS = 10_000;
/** The consent of the first admin is good for so long. */
export const CONSENT_MS = 24 * 60 * 60_000;

/** What stands against a refund in what one look showed; empty when nothing does. */
export function hindrances(
  look: StuckEvidence,
  given: { readonly expiresAtMs: number; readonly nowMs: number },
): RefundHindrance[] {
  const { nowMs } = given;
  const { channels } = look;
  const found: [boolean, RefundHindrance][] = [
    [given.expiresAtMs + EXPIRY_MARGIN_MS > nowMs, 'invoice_alive'],
    // A channel that has been watched since before the payment's last try: its node has not begun anew since.
    [channels.some(({ watchedMs }) => nowMs - watchedMs <= look.lastTryAtMs), 'not_restarted'],
    [channels.length === 0 || channels.some(({ isActive }) => !isActive), 'channel_away'],
    [look.closingMsat > 0n, 'channel_closing'],
    [channels.some(({ carriesIt }) => carriesIt), 'part_under_way'],
  ];
  return found.flatMap(([stands, hindrance]) => (stands ? [hindrance] : []));
}

/** What a look leaves for the second one: the time and, of each channel, for how long its peer had been there. */
export type FirstLook = { readonly atMs: number; readonly peerUpMs: Readonly<Record<string, number>> };

export function firstLookOf(look: StuckEvidence, nowMs: number): FirstLook {
  return { atMs: nowMs, peerUpMs: Object.fromEntries(look.channels.map(({ id, peerUpMs }) => [id, peerUpMs])) };
}

/** What stands against a refund between two looks that each found nothing: a channel may have been away meanwhile. */
export function hindrancesBetween(first: FirstLook, look: StuckEvidence, nowMs: number): RefundHindrance[] {
  const passedMs = nowMs - first.atMs;
  if (passedMs < STEADY_MS) return ['too_soon'];
  const ids = look.channels.map(({ id }) => id).sort();
  if (ids.join() !== Object.keys(first.peerUpMs).sort().join()) return ['other_channels'];
  const wereThere = look.channels.every(
    ({ id, peerUpMs }) => peerUpMs - (first.peerUpMs[id] ?? 0) >= passedMs - COUNTING_MS,
  );
  return wereThere ? [] : ['channel_away'];
}
