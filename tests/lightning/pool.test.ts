// Which node is believed, which one gets the work, and what a node must not be trusted with.
import { getWalletInfo } from 'lightning';
import { afterEach, describe, expect, test } from 'vitest';
import { hostClock } from '../../src/base/clock.ts';
import { Unavailable } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/ids.ts';
import { lookupInvoice } from '../../src/infra/lightning/invoices.ts';
import { checkMacaroon } from '../../src/infra/lightning/macaroon.ts';
import { lookupPayment, pay } from '../../src/infra/lightning/pay.ts';
import { createLightningPool, type NodeConfig } from '../../src/infra/lightning/pool.ts';
import {
  ATTEMPT,
  MACAROON,
  poolOf,
  record,
  type ScriptedNode,
  SILENT,
  someInvoice,
  startScripted,
} from './scripted.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function scripted(name: string, publicKey?: string): Promise<ScriptedNode> {
  const node = await startScripted(name, publicKey);
  ends.push(() => node.stop());
  return node;
}
async function pooled(configs: NodeConfig[], options?: Parameters<typeof poolOf>[1]) {
  const pool = await poolOf(configs, options);
  ends.push(() => pool.close());
  return pool;
}
const channel = (local: string, remote: string, more: object = {}) => ({
  active: true,
  local_balance: local,
  remote_balance: remote,
  commit_fee: '0',
  ...more,
});
const order = () => ({
  invoice: someInvoice().invoice,
  amountMsat: 1_000_000n,
  feeCeilingMsat: 10_000n,
  refuseFromMs: Date.now() + 60_000,
  deadlineMs: 1_000,
});

describe('trust', () => {
  test.each(['0.18.5-beta', '0.18.99-beta.rc1', 'unknown', ''])(
    'E7: LND %j may not pay, only receive',
    async (version) => {
      const alice = await scripted('alice');
      alice.info.version = version;
      const pool = await pooled([alice.config]);
      expect(pool.health()[0]).toMatchObject({ state: 'up', canPay: false });
      expect(() => pool.forPayment(1n)).toThrow(new Unavailable('lightning node'));
      expect(pool.forInvoice(1n).name).toBe('alice');
      expect((await pay(pool.node('alice'), order())).state).toBe('unknown');
      expect(alice.calls.some((call) => call.name === 'sendpaymentv2')).toBe(false);
    },
  );

  test.each(['0.19.0-beta', '0.20.0-beta commit=v0.20.0', 'v0.21.3-beta', '1.0.0'])(
    'E7: LND %j may pay',
    async (version) => {
      const alice = await scripted('alice');
      alice.info.version = version;
      const pool = await pooled([alice.config]);
      expect(pool.forPayment(1n).name).toBe('alice');
    },
  );

  test('another network: refused, nothing is sent', async () => {
    const alice = await scripted('alice');
    alice.info.chains = [{ network: 'mainnet' }];
    const pool = await pooled([alice.config]);
    expect(pool.health()[0]).toMatchObject({ state: 'refused', why: 'on bitcoin, not regtest' });
    expect(() => pool.forInvoice()).toThrow(Unavailable);
    expect(await pay(pool.node('alice'), order())).toMatchObject({ state: 'unknown' });
    expect(await lookupPayment(pool.node('alice'), '00'.repeat(32))).toMatchObject({ state: 'unknown' });
  });

  test('another node at the same address knows nothing, and that is no news', async () => {
    const alice = await scripted('alice');
    const pool = await pooled([alice.config]);
    const node = pool.node('alice');
    expect(await lookupPayment(node, '00'.repeat(32))).toEqual({ state: 'absent' });
    alice.unary.lookupinvoice = () => {
      throw { code: 5, details: 'unable to locate invoice' };
    };
    expect((await lookupInvoice(node, '00'.repeat(32))).state).toBe('absent');
    alice.info.identity_pubkey = `03${'cd'.repeat(32)}`;
    expect(await lookupPayment(node, '00'.repeat(32))).toMatchObject({ state: 'unknown' });
    expect((await lookupInvoice(node, '00'.repeat(32))).state).toBe('unknown');
    expect(node.health().state).toBe('refused');
    alice.info.identity_pubkey = `02${'ab'.repeat(32)}`;
    expect((await node.check()).state).toBe('up');
  });

  test('a node behind the chain gets no new work, and what it does not know is no news', async () => {
    const alice = await scripted('alice');
    alice.info.synced_to_chain = false;
    const pool = await pooled([alice.config]);
    expect(() => pool.forInvoice()).toThrow(Unavailable);
    expect(() => pool.forPayment(1n)).toThrow(Unavailable);
    expect((await lookupPayment(pool.node('alice'), '00'.repeat(32))).state).toBe('unknown');
  });

  test('a lookup never throws, whatever comes', async () => {
    const alice = await scripted('alice');
    const pool = await pooled([alice.config]);
    for (let code = 1; code <= 16; code++) {
      alice.streams.trackpaymentv2 = (out) => out.fail({ code, details: 'no' });
      const { state } = await lookupPayment(pool.node('alice'), '00'.repeat(32));
      expect(state).toBe(code === 5 ? 'absent' : 'unknown');
      await pool.node('alice').check();
    }
    alice.streams.trackpaymentv2 = (out) => out.end();
    expect((await lookupPayment(pool.node('alice'), '00'.repeat(32))).state).toBe('unknown');
    alice.stop();
    expect((await lookupPayment(pool.node('alice'), '00'.repeat(32))).state).toBe('unknown');
  });
});

describe('choice', () => {
  test('E9: weighted by what can be received and sent, reserves and commitment fees taken off', async () => {
    const [alice, bob] = [await scripted('alice'), await scripted('bob', `02${'bb'.repeat(32)}`)];
    alice.unary.listchannels = () => ({
      channels: [
        channel('1000', '900', {
          initiator: true,
          commit_fee: '50',
          local_constraints: { chan_reserve_sat: '100' },
          remote_constraints: { chan_reserve_sat: '200' },
        }),
        channel('50', '0', { local_constraints: { chan_reserve_sat: '100' } }),
        channel('9999', '9999', { active: false }),
      ],
    });
    bob.unary.listchannels = () => ({ channels: [channel('90', '6300')] });
    const pool = await pooled([alice.config, bob.config]);
    expect(pool.health()).toMatchObject([
      { spendableMsat: 850_000n, inboundMsat: 700_000n },
      { spendableMsat: 90_000n, inboundMsat: 6_300_000n },
    ]);
    const share = (pick: () => { name: string }) =>
      Array.from({ length: 1_000 }, pick).filter((node) => node.name === 'alice').length / 1_000;
    expect(share(() => pool.forInvoice())).toBeCloseTo(0.1, 1);
    expect(share(() => pool.forInvoice(1_000_000n))).toBe(0);
    expect(share(() => pool.forPayment(80_000n))).toBeCloseTo(0.9, 1);
    expect(share(() => pool.forPayment(90_001n))).toBe(1);
    expect(() => pool.forPayment(850_001n)).toThrow(new Unavailable('lightning liquidity'));
    // More than any can receive: still an invoice, since liquidity moves before it is paid.
    expect(pool.forInvoice(99_000_000n).name).toBeOneOf(['alice', 'bob']);
  });

  test('a node that dies is passed over, its lookups say unknown, and it is used again when back', async () => {
    const [alice, bob] = [await scripted('alice'), await scripted('bob', `02${'bb'.repeat(32)}`)];
    const pool = await pooled([alice.config, bob.config]);
    bob.unary.getinfo = () => {
      throw { code: 2, details: 'wallet locked, unlock it to enable full RPC access' };
    };
    expect((await pool.node('bob').check()).state).toBe('down');
    for (let i = 0; i < 20; i++) expect(pool.forInvoice().name).toBe('alice');
    expect(pool.isOurs(`02${'bb'.repeat(32)}`)).toBe(true);
    bob.unary.getinfo = () => bob.info;
    expect((await pool.node('bob').check()).state).toBe('up');
    expect(pool.events.map((event) => event.kind)).toEqual(['up', 'up', 'down', 'up']);
  });

  test('a broken stream takes the node out at once, not after ten seconds', async () => {
    const alice = await scripted('alice');
    const pool = await pooled([alice.config]);
    alice.streams.sendpaymentv2 = (out) => out.fail({ code: 14, details: 'Connection dropped' });
    alice.unary.getinfo = () => {
      throw { code: 14, details: 'gone' };
    };
    expect((await pay(pool.node('alice'), order())).state).toBe('unknown');
    await expect.poll(() => pool.health()[0]?.state, { timeout: 2_000 }).toBe('down');
    expect(() => pool.forInvoice()).toThrow(Unavailable);
  });

  test('an unknown name, two of one name, and unreadable secrets are told without their value', async () => {
    const make = (nodes: NodeConfig[]) =>
      createLightningPool({ nodes, network: 'regtest', clock: hostClock(), random: systemRandom(), log: SILENT });
    const alice = await scripted('alice');
    expect(() => make([alice.config, alice.config])).toThrow('two LND nodes bear one name');
    expect(() => make([]).node('eve')).toThrow('there is no LND node eve');
    expect(() => make([{ ...alice.config, macaroon: 'not a macaroon!' }])).toThrow(
      'LND node alice: the macaroon is neither hex nor base64',
    );
    expect(() => make([{ ...alice.config, macaroon: MACAROON.slice(0, -2) }])).toThrow(
      "LND node alice: the macaroon is not a whole file of LND's",
    );
    expect(() => make([{ ...alice.config, cert: 'AAAA' }])).toThrow('LND node alice: the certificate is neither');
    for (const cert of [
      Buffer.from(alice.config.cert).toString('base64'),
      Buffer.from(alice.config.cert).toString('hex'),
    ]) {
      const pool = await pooled([{ ...alice.config, cert, macaroon: Buffer.from(MACAROON, 'hex').toString('base64') }]);
      expect(pool.health()[0]?.state).toBe('up');
    }
  });
});

describe('the connection', () => {
  test("the object is one that ln-service's functions accept", async () => {
    const alice = await scripted('alice');
    Object.assign(alice.info, { alias: 'alice', color: '#000000', block_hash: '00', best_header_timestamp: '1' });
    const pool = await pooled([alice.config]);
    const info = await getWalletInfo({ lnd: pool.node('alice').connection() as never });
    expect(info.version).toBe('0.20.0-beta');
  });

  test('several connections share the payments', async () => {
    const alice = await scripted('alice');
    const pool = await pooled([alice.config], { connectionsPerNode: 3 });
    const node = pool.node('alice');
    expect(new Set(Array.from({ length: 9 }, () => node.connection())).size).toBe(3);
    alice.streams.sendpaymentv2 = (out) => {
      const hash = 'ff'.repeat(32);
      out.write(record(hash, { status: 'IN_FLIGHT', htlcs: [ATTEMPT] }));
      out.end();
    };
    const outcomes = await Promise.all(Array.from({ length: 9 }, () => pay(node, order())));
    expect(outcomes.every((outcome) => outcome.state === 'unknown')).toBe(true);
  });

  test('ten lost answers open the circuit, and the next question is not asked', async () => {
    const alice = await scripted('alice');
    const pool = await pooled([alice.config]);
    alice.unary.getinfo = () => {
      throw { code: 4, details: 'late' };
    };
    for (let i = 0; i < 10; i++) await pool.node('alice').check();
    const asked = alice.calls.length;
    expect((await pool.node('alice').check()).why).toBe('lnd alice: not called (circuit_open)');
    expect(alice.calls).toHaveLength(asked);
    expect(pool.events.some((event) => event.kind === 'circuit_open')).toBe(true);
  });
});

describe('the macaroon', () => {
  test('E6: probes are answered by permission denied, or it can do too much', async () => {
    const alice = await scripted('alice');
    const pool = await pooled([alice.config]);
    const denied = () => {
      throw { code: 2, details: 'permission denied' };
    };
    const dangerous = [
      'checkmacaroonpermissions',
      'sendcoins',
      'bakemacaroon',
      'deletemacaroonid',
      'debuglevel',
      'connectpeer',
      'signmessage',
    ];
    for (const name of dangerous) alice.unary[name] = denied;
    expect(await checkMacaroon(pool.node('alice'))).toEqual({ excess: [], by: 'probed' });
    alice.unary.sendcoins = () => {
      throw { code: 2, details: 'unable to decode address' };
    };
    alice.unary.debuglevel = () => ({ sub_systems: 'RPCS' });
    expect((await checkMacaroon(pool.node('alice'))).excess).toEqual(['send coins on the chain', 'stop the node']);
    expect(alice.calls.some((call) => call.name === 'stopdaemon')).toBe(false);
    alice.unary.checkmacaroonpermissions = (request) => {
      if (!['/lnrpc.Lightning/GetInfo', '/lnrpc.Lightning/CloseChannel'].includes(String(request.fullMethod))) denied();
      return { valid: true };
    };
    expect(await checkMacaroon(pool.node('alice'))).toEqual({ excess: ['close channels'], by: 'asked' });
    alice.unary.getinfo = () => {
      throw { code: 14, details: 'gone' };
    };
    await expect(checkMacaroon(pool.node('alice'))).rejects.toThrow();
  });
});
