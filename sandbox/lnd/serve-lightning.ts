// LND's main service as the sandbox plays it: the node, its balances, ordinary invoices, lists of what was paid.
import { randomBytes } from 'node:crypto';
import { otherEnd } from './channels.ts';
import { amountMsat, bool, bytes, list, number, text } from './fields.ts';
import { bakeMacaroon, type Op, readMacaroon } from './macaroon.ts';
import type { SandboxNode } from './node.ts';
import { NEEDED_OPS } from './permissions.ts';
import { readRequest } from './requests.ts';
import { BLOCK_HEIGHT, findWays } from './routes.ts';
import type { Message, Out, Served } from './rpc.ts';
import { INVALID_ARGUMENT, type Invoice, NOT_FOUND, nowS, RpcError, UNKNOWN } from './state.ts';
import { channelView, hexBytes, invoiceFeatures, invoiceView, paymentView, routeView } from './views.ts';

const CHAIN_BALANCE_SATS = '50000000';
const BLOCK_HASH = '7b2c'.repeat(16);
const DEFAULT_INVOICES = 100;

export const lightning: Served = {
  unary: {
    '/lnrpc.Lightning/GetInfo': getInfo,
    '/lnrpc.Lightning/WalletBalance': () => ({
      total_balance: CHAIN_BALANCE_SATS,
      confirmed_balance: CHAIN_BALANCE_SATS,
      account_balance: { default: { confirmed_balance: CHAIN_BALANCE_SATS, unconfirmed_balance: '0' } },
      reserved_balance_anchor_chan: '20000',
    }),
    '/lnrpc.Lightning/ChannelBalance': channelBalance,
    '/lnrpc.Lightning/ListChannels': (node, request) => ({
      channels: node.network.channels
        .of(node.alias)
        .map((channel) => channelView(node, channel))
        .filter((view) => !(bool(request, 'active_only') && !view.active)),
    }),
    '/lnrpc.Lightning/PendingChannels': () => ({ total_limbo_balance: '0' }),
    '/lnrpc.Lightning/AddInvoice': addInvoice,
    '/lnrpc.Lightning/LookupInvoice': (node, request) => {
      const hash = text(request, 'r_hash_str') || bytes(request, 'r_hash');
      return invoiceView(node, node.invoices.lookup(hash, NOT_FOUND));
    },
    '/lnrpc.Lightning/ListInvoices': listInvoices,
    '/lnrpc.Lightning/DecodePayReq': decodePayReq,
    '/lnrpc.Lightning/ListPayments': listPayments,
    '/lnrpc.Lightning/DeletePayment': (node, request) => {
      node.payments.delete(bytes(request, 'payment_hash'));
      return { status: 'payment deleted' };
    },
    '/lnrpc.Lightning/QueryRoutes': queryRoutes,
    '/lnrpc.Lightning/ExportAllChannelBackups': exportBackups,
    '/lnrpc.Lightning/BakeMacaroon': (node, request) => {
      const ops = list<Op>(request, 'permissions');
      const foreign = ops.find((op) => op.entity === 'uri' && !NEEDED_OPS.has(op.action));
      if (foreign) throw new RpcError(UNKNOWN, `invalid permission action, must be one of [${foreign.action}]`);
      return { macaroon: bakeMacaroon(node.rootKey, ops).toString('hex') };
    },
    '/lnrpc.Lightning/CheckMacaroonPermissions': checkMacaroon,
  },
  streaming: { '/lnrpc.Lightning/SubscribeInvoices': subscribeInvoices },
};

function getInfo(node: SandboxNode): Message {
  const channels = node.network.channels.of(node.alias);
  const active = channels.filter((channel) => channel.ends.every((end) => node.network.reachable(end)));
  return {
    version: '0.20.0-beta commit=',
    identity_pubkey: node.pubkey,
    alias: node.alias,
    color: '#3399ff',
    num_active_channels: active.length,
    num_inactive_channels: channels.length - active.length,
    num_peers: active.length,
    block_height: BLOCK_HEIGHT,
    block_hash: BLOCK_HASH,
    best_header_timestamp: nowS() - 60,
    synced_to_chain: true,
    synced_to_graph: true,
    chains: [{ chain: 'bitcoin', network: 'regtest' }],
    features: invoiceFeatures,
  };
}

// Encrypted anew each time, as LND's: no two answers are alike.
function exportBackups(node: SandboxNode): Message {
  const channels = node.network.channels.of(node.alias);
  const points = channels.map((channel) => {
    const [txid = '', output = '0'] = String(channelView(node, channel).channel_point).split(':');
    return { funding_txid_bytes: Buffer.from(txid, 'hex').reverse(), output_index: Number(output) };
  });
  const content = randomBytes(64 + 160 * channels.length);
  return { multi_chan_backup: { chan_points: points, multi_chan_backup: content } };
}

function channelBalance(node: SandboxNode): Message {
  const { channels } = node.network;
  const sum = (of: (id: string, ends: [own: string, other: string]) => bigint) => {
    const msat = channels
      .of(node.alias)
      .reduce((total, channel) => total + of(channel.id, [node.alias, otherEnd(channel, node.alias)]), 0n);
    return { sat: (msat / 1000n).toString(), msat: msat.toString() };
  };
  const balance = (id: string, end: string) => {
    const channel = channels.all.get(id);
    return channel ? channels.reportedMsat(channel, end) : 0n;
  };
  const locked = (id: string, isOurs: boolean) =>
    channels
      .locked(id)
      .filter((htlc) => (htlc.from === node.alias) === isOurs)
      .reduce((total, htlc) => total + htlc.amtMsat, 0n);
  const local = sum((id, [own]) => balance(id, own));
  return {
    balance: local.sat,
    pending_open_balance: '0',
    local_balance: local,
    remote_balance: sum((id, [, other]) => balance(id, other)),
    // What comes in is ours when it settles; what goes out will be theirs.
    unsettled_local_balance: sum((id) => locked(id, false)),
    unsettled_remote_balance: sum((id) => locked(id, true)),
    pending_open_local_balance: { sat: '0', msat: '0' },
    pending_open_remote_balance: { sat: '0', msat: '0' },
  };
}

function addInvoice(node: SandboxNode, request: Message): Message {
  const invoice = node.invoices.add({
    preimage: bytes(request, 'r_preimage'),
    hash: '',
    memo: text(request, 'memo'),
    descriptionHash: bytes(request, 'description_hash'),
    valueMsat: amountMsat(request, 'value', 'value_msat'),
    expiryS: number(request, 'expiry'),
    cltvExpiry: number(request, 'cltv_expiry'),
  });
  return addedView(invoice);
}

/** The answer to a new invoice of either kind. */
export function addedView(invoice: Invoice): Message {
  return {
    r_hash: hexBytes(invoice.hash),
    payment_request: invoice.request,
    add_index: invoice.addIndex,
    payment_addr: hexBytes(invoice.paymentAddr),
  };
}

type Page<T> = { items: T[]; first: number; last: number };

/** One page, always oldest first; going backwards, the page before `offset` (0: the last one). */
function page<T>(all: readonly T[], indexOf: (item: T) => number, request: Message, most: number): Page<T> {
  const offset = number(request, 'index_offset');
  const backwards = bool(request, 'reversed');
  const from = number(request, 'creation_date_start');
  const to = number(request, 'creation_date_end');
  const created = (item: T) => {
    const { createdAtS, createdAtNs } = item as { createdAtS?: number; createdAtNs?: string };
    return createdAtS ?? Number(BigInt(createdAtNs ?? 0) / 1_000_000_000n);
  };
  const eligible = all.filter((item) => {
    const index = indexOf(item);
    const inTime = (!from || created(item) >= from) && (!to || created(item) <= to);
    return inTime && (backwards ? !offset || index < offset : index > offset);
  });
  const items = !most ? eligible : backwards ? eligible.slice(-most) : eligible.slice(0, most);
  const [first] = items;
  const last = items.at(-1);
  return { items, first: first ? indexOf(first) : 0, last: last ? indexOf(last) : 0 };
}

function listInvoices(node: SandboxNode, request: Message): Message {
  const pendingOnly = bool(request, 'pending_only');
  const all = node.invoices.all();
  const wanted = pendingOnly ? all.filter(({ state }) => state === 'OPEN' || state === 'ACCEPTED') : all;
  const most = number(request, 'num_max_invoices') || DEFAULT_INVOICES;
  const { items, first, last } = page(wanted, (invoice) => invoice.addIndex, request, most);
  return {
    invoices: items.map((invoice) => invoiceView(node, invoice)),
    first_index_offset: first,
    last_index_offset: last,
  };
}

function listPayments(node: SandboxNode, request: Message): Message {
  const incomplete = bool(request, 'include_incomplete');
  const all = node.payments.all().filter((payment) => incomplete || payment.status === 'SUCCEEDED');
  const { items, first, last } = page(all, (payment) => payment.index, request, number(request, 'max_payments'));
  return {
    payments: items.map((payment) => paymentView(node, payment)),
    first_index_offset: first,
    last_index_offset: last,
    total_num_payments: bool(request, 'count_total_payments') ? all.length : 0,
  };
}

function decodePayReq(_node: SandboxNode, request: Message): Message {
  const read = readRequest(text(request, 'pay_req'));
  return {
    destination: read.payee,
    payment_hash: read.hash,
    num_satoshis: (read.valueMsat / 1000n).toString(),
    num_msat: read.valueMsat.toString(),
    timestamp: read.createdAtS,
    expiry: read.expiryS,
    description: read.memo,
    description_hash: read.descriptionHash,
    cltv_expiry: read.cltvExpiry,
    payment_addr: hexBytes(read.paymentAddr),
    features: invoiceFeatures,
  };
}

function queryRoutes(node: SandboxNode, request: Message): Message {
  const limit = (request.fee_limit ?? {}) as Message;
  const fixedMsat = amountMsat(limit, 'fixed', 'fixed_msat');
  const ways = findWays(node.network, {
    from: node.alias,
    to: node.aliasOf(text(request, 'pub_key')),
    amtMsat: amountMsat(request, 'amt', 'amt_msat'),
    feeLimitMsat: request.fee_limit ? fixedMsat : 2n ** 62n,
    maxParts: 1,
    cltvDelta: number(request, 'final_cltv_delta') || 77,
    firstChannels: [],
    excluded: new Set(),
  });
  if (ways === 'INSUFFICIENT_BALANCE') throw new RpcError(UNKNOWN, 'insufficient local balance');
  const [hops] = ways;
  if (typeof ways === 'string' || typeof hops !== 'object') {
    throw new RpcError(UNKNOWN, 'unable to find a path to destination');
  }
  return { routes: [routeView(node, hops, null)], success_prob: 1 };
}

function checkMacaroon(node: SandboxNode, request: Message): Message {
  const held = readOps(node, bytes(request, 'macaroon'));
  const missing = list<Op>(request, 'permissions').some(
    (need) => !held.some((op) => op.entity === need.entity && op.action === need.action),
  );
  if (missing) throw new RpcError(INVALID_ARGUMENT, 'permission denied');
  return { valid: true };
}

function readOps(node: SandboxNode, token: string): Op[] {
  try {
    return readMacaroon(node.rootKey, hexBytes(token)).ops;
  } catch (error) {
    throw new RpcError(INVALID_ARGUMENT, error instanceof Error ? error.message : String(error));
  }
}

function subscribeInvoices(node: SandboxNode, request: Message, out: Out): void {
  const { joinLateMs } = node.faults;
  const join = () => joinInvoices(node, request, out);
  if (joinLateMs) {
    const timer = setTimeout(join, joinLateMs);
    out.onClose(() => clearTimeout(timer));
  } else join();
}

function joinInvoices(node: SandboxNode, request: Message, out: Out): void {
  const tell = (invoice: Invoice) => out.write(invoiceView(node, invoice));
  for (const missed of node.invoices.backlog(number(request, 'add_index'), number(request, 'settle_index'))) {
    tell(missed);
  }
  const hear = (invoice: Invoice) => {
    if (!node.faults.muteInvoices) tell(invoice);
  };
  node.invoices.events.on('event', hear);
  out.onClose(() => node.invoices.events.off('event', hear));
}
