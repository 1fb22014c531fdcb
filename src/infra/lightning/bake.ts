// How to bake the macaroon that a worker needs, and no other: the exact line, so that nobody hands out the admin's for
// want of it. A root key of its own lets it be revoked alone.

/** Every call a worker makes, as LND's permissions name it. */
export const WORKER_CALLS: readonly string[] = [
  '/lnrpc.Lightning/GetInfo',
  '/lnrpc.Lightning/AddInvoice',
  '/lnrpc.Lightning/LookupInvoice',
  '/lnrpc.Lightning/ListInvoices',
  '/lnrpc.Lightning/SubscribeInvoices',
  '/lnrpc.Lightning/DecodePayReq',
  '/lnrpc.Lightning/ChannelBalance',
  '/lnrpc.Lightning/WalletBalance',
  '/lnrpc.Lightning/PendingChannels',
  '/lnrpc.Lightning/ListChannels',
  '/lnrpc.Lightning/ListPayments',
  '/lnrpc.Lightning/QueryRoutes',
  '/invoicesrpc.Invoices/SubscribeSingleInvoice',
  '/invoicesrpc.Invoices/CancelInvoice',
  '/routerrpc.Router/SendPaymentV2',
  '/routerrpc.Router/TrackPaymentV2',
];

/** The root key it is baked under; LND's own macaroons have 0. */
const ROOT_KEY_ID = 1;

/** The line for a shell on the machine of a node. */
export const BAKE_COMMAND = `lncli bakemacaroon --root_key_id ${ROOT_KEY_ID} --save_to satfleet.macaroon ${WORKER_CALLS.map((call) => `uri:${call}`).join(' ')}`;
