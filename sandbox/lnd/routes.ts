// Ways through the sandbox network. Each forwarding node takes 1 sat and, unless it is greedy, 1 ppm; the payer takes the cheapest way that
// has room and stays under its fee limit, and splits the amount in halves, as LND does, when it may use several.
import type { Channels } from './channels.ts';
import { otherEnd } from './channels.ts';
import type { Channel, FailureReason, Hop } from './state.ts';

const BASE_FEE_MSAT = 1_000n;
export const BLOCK_HEIGHT = 407;
const CLTV_DELTA = 80;
// What LND adds to the payee's own delta.
const CLTV_PADDING = 3;
const LEAST_HTLC_MSAT = 1_000n;
const LEAST_SHARD_MSAT = 10_000_000n;
const MOST_HOPS = 4;

export type Wish = {
  from: string;
  to: string;
  amtMsat: bigint;
  feeLimitMsat: bigint;
  maxParts: number;
  /** The payee's own. */
  cltvDelta: number;
  /** Only these as the first channel; all when empty. */
  firstChannels: string[];
  /** Not these. */
  excluded: ReadonlySet<string>;
};

export type Network = {
  channels: Channels;
  reachable(alias: string): boolean;
  /** What a node takes for handing on, in millionths. */
  feePpm(alias: string): bigint;
};

/** The parts of a payment, each a list of hops, or the reason why there is no way. */
export function findWays(network: Network, wish: Wish): Hop[][] | FailureReason {
  const firsts = network.channels
    .of(wish.from)
    .filter(
      (channel) => isOpen(network, channel) && (!wish.firstChannels.length || wish.firstChannels.includes(channel.id)),
    );
  const total = firsts.reduce((sum, channel) => sum + network.channels.spendableMsat(channel, wish.from), 0n);
  if (total < wish.amtMsat) return 'INSUFFICIENT_BALANCE';
  // Real LND does try to pay itself, around a circle, and fails at the channel it came from.
  if (wish.from === wish.to || wish.amtMsat < LEAST_HTLC_MSAT) return 'NO_ROUTE';
  const paths = simplePaths(network, wish, firsts);
  const taken = new Map<string, bigint>();
  const parts: Hop[][] = [];
  let left = wish.amtMsat;
  let feeLeft = wish.feeLimitMsat;
  while (left > 0n) {
    const part = findPart({ network, wish, paths, taken, left, feeLeft, partsLeft: wish.maxParts - parts.length });
    if (!part) return 'NO_ROUTE';
    for (const hop of part) taken.set(side(hop), (taken.get(side(hop)) ?? 0n) + hop.amtMsat);
    parts.push(part);
    const amtMsat = part.at(-1)?.amtMsat ?? 0n;
    left -= amtMsat;
    feeLeft -= (part[0]?.amtMsat ?? 0n) - amtMsat;
  }
  return parts;
}

function findPart(given: {
  network: Network;
  wish: Wish;
  paths: Channel[][];
  taken: Map<string, bigint>;
  left: bigint;
  feeLeft: bigint;
  partsLeft: number;
}): Hop[] | undefined {
  const { network, wish, paths, taken, left, feeLeft, partsLeft } = given;
  const hasRoom = (hop: Hop) => {
    const channel = network.channels.all.get(hop.chanId);
    if (!channel) return false;
    return network.channels.spendableMsat(channel, hop.from) - (taken.get(side(hop)) ?? 0n) >= hop.amtMsat;
  };
  for (let amtMsat = left; ; amtMsat = (amtMsat + 1n) / 2n) {
    // The last part must carry all that is left.
    if (partsLeft < 1 || (amtMsat < left && (partsLeft < 2 || amtMsat < LEAST_SHARD_MSAT))) return undefined;
    const ways = paths
      .map((path) => price(network, path, { wish, amtMsat }))
      .filter((hops) => (hops[0]?.amtMsat ?? 0n) - amtMsat <= feeLeft && hops.every(hasRoom))
      .sort((a, b) => Number((a[0]?.amtMsat ?? 0n) - (b[0]?.amtMsat ?? 0n)));
    if (ways[0]) return ways[0];
  }
}

function isOpen(network: Network, channel: Channel): boolean {
  return channel.ends.every((end) => network.reachable(end));
}

function simplePaths(network: Network, wish: Wish, firsts: Channel[]): Channel[][] {
  const found: Channel[][] = [];
  const walk = (at: string, seen: string[], path: Channel[]) => {
    if (at === wish.to) {
      found.push(path);
      return;
    }
    if (path.length >= MOST_HOPS) return;
    for (const channel of path.length ? network.channels.of(at) : firsts) {
      const next = otherEnd(channel, at);
      if (seen.includes(next) || wish.excluded.has(channel.id) || !isOpen(network, channel)) continue;
      walk(next, [...seen, next], [...path, channel]);
    }
  };
  walk(wish.from, [wish.from], []);
  return found;
}

/** Amounts and expiries of a path, computed from the payee back to the payer. */
function price(network: Network, path: Channel[], { wish, amtMsat }: { wish: Wish; amtMsat: bigint }): Hop[] {
  const hops: Hop[] = [];
  let to = wish.to;
  let carried = amtMsat;
  let expiry = BLOCK_HEIGHT + wish.cltvDelta + CLTV_PADDING;
  for (const channel of path.toReversed()) {
    const from = otherEnd(channel, to);
    // feeMsat is what `from` takes for handing on, nothing for the payer itself.
    const feeMsat = from === wish.from ? 0n : BASE_FEE_MSAT + (carried * network.feePpm(from)) / 1_000_000n;
    hops.unshift({ chanId: channel.id, from, to, amtMsat: carried, feeMsat, expiry });
    carried += feeMsat;
    if (from !== wish.from) expiry += CLTV_DELTA;
    to = from;
  }
  return hops;
}

function side(hop: Hop): string {
  return `${hop.chanId}/${hop.from}`;
}
