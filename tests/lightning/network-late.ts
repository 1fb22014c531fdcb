// What comes too late at a node, on the sandbox's network and real LND alike: a payment whose time is over is never begun,
// whatever held its request up: the node that hung, or a line that brought the first part long before the last.
import { type ClientHttp2Stream, connect, constants } from 'node:http2';
import { describe, expect, test } from 'vitest';
import { certificateOf, macaroonOf } from '../../src/infra/lightning/credentials.ts';
import { lookupPayment } from '../../src/infra/lightning/pay.ts';
import type { LightningNode } from '../../src/infra/lightning/pool.ts';
import { onlyUntil } from '../../src/infra/lightning/until.ts';
import { lookUntil, paying, requested } from './fleet.ts';
import type { At } from './network-parts.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export function testLate(at: At): void {
  describe('too late', () => {
    test('B6: a request that comes after its time is refused, and began nothing', async () => {
      const { alice, carol } = at();
      const { request, paymentHash } = await requested(carol, 5_000n);
      const late = await paying(alice, request, { refuseFromMs: Date.now() - 1 });
      expect(late).toMatchObject({ state: 'unknown', isUnsent: true });
      expect(await lookupPayment(alice, paymentHash)).toEqual({ state: 'absent' });
      expect((await paying(alice, request)).state).toBe('paid');
    });

    test('B6: a node that hung reads what was sent to it before, and refuses it', async () => {
      const { fleet, alice, carol } = at();
      const { request, paymentHash } = await requested(carol, 5_000n);
      await fleet.network.pause('alice');
      try {
        const limits = { refuseFromMs: Date.now() + 300, deadlineMs: 500 };
        expect((await paying(alice, request, limits)).state).toBe('unknown');
      } finally {
        await fleet.network.resume('alice');
      }
      await lookUntil(alice, paymentHash, 'absent');
      await staysAbsent(alice, paymentHash);
      expect((await paying(alice, request)).state).toBe('paid');
    });

    test.each([
      ['in time', 100, 'paid'],
      ['too late', 900, 'absent'],
    ] as const)('B6: a request whose last part comes %s', async (_, afterMs, state) => {
      const { alice, carol } = at();
      const { request, paymentHash } = await requested(carol, 5_000n);
      const end = await inTwoParts(alice, { request, timeout: '500m', afterMs });
      if (state === 'absent') await staysAbsent(alice, paymentHash);
      await lookUntil(alice, paymentHash, state);
      end();
    });
  });
}

async function staysAbsent(node: LightningNode, paymentHash: string): Promise<void> {
  for (let times = 0; times < 5; times++) {
    expect(await lookupPayment(node, paymentHash)).toEqual({ state: 'absent' });
    await pause(100);
  }
}

/** A call to pay, its header now and its message after a while, as a line brings them that is cut in between. */
async function inTwoParts(node: LightningNode, given: { request: string; timeout: string; afterMs: number }) {
  const session = connect(`https://${node.config.socket}`, { ca: certificateOf(node.config) });
  session.on('error', () => {});
  const stream: ClientHttp2Stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: '/routerrpc.Router/SendPaymentV2',
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': given.timeout,
    macaroon: String(onlyUntil(macaroonOf(node.config), Date.now() + 10_000).get('macaroon')[0]),
  });
  stream.on('error', () => {});
  stream.resume();
  await pause(given.afterMs);
  const { requestSerialize } = node.connection().router.sendPaymentV2 as unknown as {
    requestSerialize(message: object): Buffer;
  };
  const message = requestSerialize({ payment_request: given.request, fee_limit_msat: '10000', timeout_seconds: 5 });
  const length = Buffer.alloc(5);
  length.writeUInt32BE(message.length, 1);
  if (!stream.destroyed && !stream.closed) stream.end(Buffer.concat([length, message]));
  return () => session.destroy();
}
