// How much our macaroon can do: a worker's should not be able to move coins on the chain, close channels, make other
// macaroons or stop the node. LND is asked where the macaroon allows that question; else each call is tried in a form
// that LND refuses for its content, so that only the right to it shows.
import { status } from '@grpc/grpc-js';
import { nodeInfo } from './accounts.ts';
import { macaroonOf } from './credentials.ts';
import { codeOf, explain, isPermissionDenied, isTransport } from './faults.ts';
import type { LightningNode } from './node.ts';

export type MacaroonCheck = {
  /** What it can do though the product never does it, in words; empty is as it should be. */
  readonly excess: readonly string[];
  /** `asked`: LND answered for every call. `probed`: tried; calls that cannot be tried without harm are left out. */
  readonly by: 'asked' | 'probed';
};

type Probe = {
  readonly excess: string;
  readonly method: string;
  /** The call in a form that does nothing. Undefined where there is none. */
  readonly harmless?: (node: LightningNode) => Promise<unknown>;
};

const PROBES: readonly Probe[] = [
  {
    excess: 'send coins on the chain',
    method: '/lnrpc.Lightning/SendCoins',
    harmless: (node) => node.ask((lnd, done) => lnd.default.sendCoins({ addr: 'none' }, done)),
  },
  { excess: 'close channels', method: '/lnrpc.Lightning/CloseChannel' },
  {
    excess: 'make macaroons',
    method: '/lnrpc.Lightning/BakeMacaroon',
    harmless: (node) => node.ask((lnd, done) => lnd.default.bakeMacaroon({ permissions: [] }, done)),
  },
  {
    excess: 'revoke macaroons',
    method: '/lnrpc.Lightning/DeleteMacaroonID',
    // LND never deletes the root key 0.
    harmless: (node) => node.ask((lnd, done) => lnd.default.DeleteMacaroonID({ root_key_id: '0' }, done)),
  },
  {
    excess: 'stop the node',
    method: '/lnrpc.Lightning/StopDaemon',
    // Needs the same right as StopDaemon (info:write), and only shows the log levels.
    harmless: (node) => node.ask((lnd, done) => lnd.default.debugLevel({ show: true }, done)),
  },
  {
    excess: 'change peers',
    method: '/lnrpc.Lightning/ConnectPeer',
    harmless: (node) => node.ask((lnd, done) => lnd.default.connectPeer({}, done)),
  },
  {
    excess: 'sign messages as the node',
    method: '/lnrpc.Lightning/SignMessage',
    harmless: (node) => node.ask((lnd, done) => lnd.default.signMessage({ msg: Buffer.alloc(0) }, done)),
  },
  { excess: 'delete payments', method: '/lnrpc.Lightning/DeleteAllPayments' },
];

/**
 * What the macaroon of this node can do beyond what the product needs.
 * @throws when the node cannot be reached or does not take the macaroon at all.
 */
export async function checkMacaroon(node: LightningNode): Promise<MacaroonCheck> {
  await nodeInfo(node);
  const mayAsk = await has(() => ask(node, '/lnrpc.Lightning/GetInfo'));
  const excess: string[] = [];
  for (const probe of PROBES) {
    const attempt = mayAsk ? () => ask(node, probe.method) : probe.harmless && (() => probe.harmless?.(node));
    if (attempt && (await has(attempt))) excess.push(probe.excess);
  }
  return { excess, by: mayAsk ? 'asked' : 'probed' };
}

function ask(node: LightningNode, fullMethod: string): Promise<unknown> {
  const macaroon = macaroonOf(node.config);
  return node.ask((lnd, done) =>
    lnd.default.checkMacaroonPermissions(
      { macaroon, permissions: [], fullMethod, check_default_perms_from_full_method: true },
      done,
    ),
  );
}

/** Any answer but "permission denied" shows the right, also a complaint about the content. */
async function has(attempt: () => Promise<unknown> | undefined): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if (isPermissionDenied(error) || codeOf(error) === status.UNIMPLEMENTED) return false;
    if (isTransport(error) || codeOf(error) === undefined) throw new Error(explain(error));
    return true;
  }
}
