// Which right each call needs, as LND 0.20.0 tells it (ListPermissions), and what its three standard macaroons hold.
// Beside them stand our own two, which may do only what the product does.
import type { Op } from './macaroon.ts';

const METHODS: Record<string, string> = {
  'onchain:write': 'Lightning/SendMany Lightning/SendCoins',
  'invoices:read':
    'Lightning/ListInvoices Invoices/SubscribeSingleInvoice Lightning/SubscribeInvoices Lightning/LookupInvoice',
  'offchain:read':
    'Lightning/SubscribeCustomMessages Lightning/DecodePayReq Router/EstimateRouteFee ' +
    'Lightning/ExportAllChannelBackups Lightning/ForwardingHistory Router/TrackPaymentV2 Router/BuildRoute ' +
    'Lightning/VerifyChanBackup Lightning/SubscribeChannelBackups Lightning/ListPayments Router/QueryProbability ' +
    'Lightning/ChannelBalance Lightning/PendingChannels Router/TrackPayment Lightning/ClosedChannels ' +
    'Router/SubscribeHtlcEvents Lightning/LookupHtlcResolution Router/GetMissionControlConfig Lightning/FeeReport ' +
    'Router/TrackPayments Lightning/ListAliases Router/QueryMissionControl Lightning/ExportChannelBackup ' +
    'Lightning/ListChannels Lightning/SubscribeChannelEvents',
  'offchain:write onchain:write':
    'Lightning/BatchOpenChannel Lightning/ChannelAcceptor Lightning/CloseChannel Lightning/OpenChannelSync ' +
    'Lightning/OpenChannel Lightning/FundingStateStep',
  'onchain:read':
    'Lightning/WalletBalance Lightning/GetTransactions Lightning/EstimateFee Lightning/ListUnspent ' +
    'Lightning/SubscribeTransactions',
  'info:read':
    'Lightning/SubscribeChannelGraph Lightning/DescribeGraph Lightning/GetRecoveryInfo Lightning/GetNodeInfo ' +
    'Lightning/GetChanInfo Lightning/ListPermissions Lightning/QueryRoutes Lightning/GetNodeMetrics ' +
    'Lightning/GetInfo Lightning/GetNetworkInfo',
  'offchain:write':
    'Router/UpdateChanStatus Lightning/DeletePayment Router/SendToRouteV2 Lightning/DeleteAllPayments ' +
    'Router/SetMissionControlConfig Lightning/RestoreChannelBackups Lightning/SendPayment Lightning/AbandonChannel ' +
    'Router/SendPayment Router/ResetMissionControl Router/XDeleteLocalChanAliases Lightning/SendCustomMessage ' +
    'Router/HtlcInterceptor Router/XAddLocalChanAliases Router/SendPaymentV2 Router/SendToRoute ' +
    'Lightning/SendToRoute Lightning/SendPaymentSync Lightning/UpdateChannelPolicy Lightning/SendToRouteSync ' +
    'Router/XImportMissionControl',
  'invoices:write':
    'Invoices/HtlcModifier Invoices/SettleInvoice Invoices/LookupInvoiceV2 Lightning/AddInvoice ' +
    'Invoices/AddHoldInvoice Lightning/DeleteCanceledInvoice Invoices/CancelInvoice',
  'message:write': 'Lightning/SignMessage',
  'message:read': 'Lightning/VerifyMessage',
  'macaroon:read': 'Lightning/CheckMacaroonPermissions Lightning/ListMacaroonIDs',
  'macaroon:generate': 'Lightning/BakeMacaroon',
  'macaroon:write': 'Lightning/RegisterRPCMiddleware Lightning/DeleteMacaroonID',
  'peers:read': 'Lightning/SubscribePeerEvents Lightning/ListPeers',
  'peers:write': 'Lightning/ConnectPeer Lightning/DisconnectPeer',
  'info:write': 'Lightning/StopDaemon Lightning/DebugLevel',
  'info:read offchain:read onchain:read peers:read': 'Lightning/GetDebugInfo',
  'address:write': 'Lightning/NewAddress',
};

const PACKAGES: Record<string, string> = { Lightning: 'lnrpc', Router: 'routerrpc', Invoices: 'invoicesrpc' };

/** The full name of a call, "/lnrpc.Lightning/GetInfo", to the rights it needs; all of them. */
export const NEEDED_OPS: ReadonlyMap<string, Op[]> = new Map(
  Object.entries(METHODS).flatMap(([ops, methods]) =>
    methods.split(' ').map((method): [string, Op[]] => {
      const [service = ''] = method.split('/');
      return [`/${PACKAGES[service]}.${method}`, ops.split(' ').map(parseOp)];
    }),
  ),
);

function parseOp(text: string): Op {
  const [entity = '', action = ''] = text.split(':');
  return { entity, action };
}

const ENTITIES = ['address', 'info', 'invoices', 'macaroon', 'message', 'offchain', 'onchain', 'peers', 'signer'];

function ops(entities: string[], actions: string[]): Op[] {
  return entities.flatMap((entity) => actions.map((action) => ({ entity, action })));
}

/**
 * What a payer's worker calls, and nothing else: the least-privilege macaroon of our own, for the sandbox and for real
 * LND alike.
 */
export const PAYER_METHODS = [
  '/lnrpc.Lightning/GetInfo',
  '/lnrpc.Lightning/AddInvoice',
  '/lnrpc.Lightning/LookupInvoice',
  '/lnrpc.Lightning/ListInvoices',
  '/lnrpc.Lightning/SubscribeInvoices',
  '/invoicesrpc.Invoices/SubscribeSingleInvoice',
  '/invoicesrpc.Invoices/CancelInvoice',
  '/routerrpc.Router/SendPaymentV2',
  '/routerrpc.Router/TrackPaymentV2',
  '/lnrpc.Lightning/DecodePayReq',
  '/lnrpc.Lightning/ChannelBalance',
  '/lnrpc.Lightning/WalletBalance',
  '/lnrpc.Lightning/PendingChannels',
  '/lnrpc.Lightning/ListChannels',
  '/lnrpc.Lightning/ListPayments',
  '/lnrpc.Lightning/QueryRoutes',
];

/** The files a node makes at its first start, by name, with what each allows. */
export const MACAROON_FILES: Record<string, Op[]> = {
  admin: [
    ...ops(
      ENTITIES.filter((entity) => entity !== 'signer' && entity !== 'macaroon'),
      ['read', 'write'],
    ),
    ...ops(['macaroon'], ['generate', 'read', 'write']),
    ...ops(['signer'], ['generate', 'read']),
  ],
  readonly: ops(ENTITIES, ['read']),
  invoice: [...ops(['address', 'invoices'], ['read', 'write']), ...ops(['onchain'], ['read'])],
  payer: PAYER_METHODS.map((action) => ({ entity: 'uri', action })),
};
