// A macaroon that its node takes for a short while only. Whoever holds a macaroon can restrict it further without asking
// its node, and the node goes by its own clock when it checks: so a request that shows one is refused if it comes too
// late, whatever held it up: a queue of the kernel, a network that was cut, a process or a node that stood still.
import { createHmac } from 'node:crypto';
import { Metadata } from '@grpc/grpc-js';

/** How a macaroon ends in the binary form 2, the one LND writes: no caveat follows, then a signature of 32 bytes. */
const TAIL = Buffer.from([0, 6, 32]);
const SIGNATURE_LENGTH = 32;
const FORM = 2;
const CAVEAT_FIELD = 2;

/** Whether these bytes are a macaroon in the form that LND writes, as far as restricting it needs to know. */
export function isMacaroon(bytes: Buffer): boolean {
  return bytes[0] === FORM && bytes.subarray(tailOf(bytes), -SIGNATURE_LENGTH).equals(TAIL);
}

/**
 * The header of a call that its node must refuse from `untilMs` on, by the node's own clock, in milliseconds since 1970.
 * @param macaroon in LND's binary form (`isMacaroon`).
 */
export function onlyUntil(macaroon: Buffer, untilMs: number): Metadata {
  const caveat = Buffer.from(`time-before ${new Date(untilMs).toISOString()}`);
  const restricted = Buffer.concat([
    macaroon.subarray(0, tailOf(macaroon)),
    Buffer.from([CAVEAT_FIELD, caveat.length]),
    caveat,
    // A caveat ends as the list of them does.
    TAIL.subarray(0, 1),
    TAIL,
    createHmac('sha256', macaroon.subarray(-SIGNATURE_LENGTH)).update(caveat).digest(),
  ]);
  const metadata = new Metadata();
  metadata.set('macaroon', restricted.toString('hex'));
  return metadata;
}

function tailOf(macaroon: Buffer): number {
  return macaroon.length - SIGNATURE_LENGTH - TAIL.length;
}
