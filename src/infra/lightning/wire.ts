// The messages of LND's gRPC interface, as far as this house reads and writes them. Nothing outside this folder knows
// them. 64-bit numbers are decimal strings, bytes are Buffers, enums are their names (see connection.ts).
import type { CallOptions, Client, ClientReadableStream, ClientUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js';

export type Done<Response> = (error: ServiceError | null, response?: Response) => void;
type Unary<Request, Response> = (request: Request, done: Done<Response>) => ClientUnaryCall;
type Streaming<Request, Response> = (request: Request) => ClientReadableStream<Response>;

/** One connection's clients. Named as ln-service names them, so that its functions accept the object as `lnd`. */
export type Lnd = {
  readonly default: Client & {
    getInfo: Unary<object, WireInfo>;
    addInvoice: Unary<WireAddInvoice, { payment_request: string }>;
    lookupInvoice: Unary<{ r_hash: Buffer }, WireInvoice>;
    listInvoices: Unary<WireListInvoices, { invoices: WireInvoice[]; last_index_offset: string }>;
    subscribeInvoices: Streaming<{ add_index: string; settle_index: string }, WireInvoice>;
    listPayments: Unary<WireListPayments, { payments: WirePayment[]; last_index_offset: string }>;
    listChannels: Unary<{ active_only: boolean }, { channels: WireChannel[] }>;
    channelBalance: Unary<object, WireChannelBalance>;
    pendingChannels: Unary<object, { total_limbo_balance: string }>;
    walletBalance: Unary<object, { total_balance: string }>;
    exportAllChannelBackups: Unary<object, WireChannelBackups>;
    checkMacaroonPermissions: Unary<WireCheckMacaroon, { valid: boolean }>;
    sendCoins: Unary<{ addr: string }, unknown>;
    bakeMacaroon: Unary<{ permissions: [] }, unknown>;
    DeleteMacaroonID: Unary<{ root_key_id: string }, unknown>;
    debugLevel: Unary<{ show: true }, unknown>;
    connectPeer: Unary<object, unknown>;
    signMessage: Unary<{ msg: Buffer }, unknown>;
  };
  readonly router: Client & {
    sendPaymentV2(request: WireSendPayment, header: Metadata, options: CallOptions): ClientReadableStream<WirePayment>;
    trackPaymentV2: Streaming<{ payment_hash: Buffer; no_inflight_updates: boolean }, WirePayment>;
  };
  readonly invoices: Client & { cancelInvoice: Unary<{ payment_hash: Buffer }, unknown> };
  readonly status: Client & { getState: Unary<object, { state: string }> };
};

export type WireInfo = {
  version: string;
  identity_pubkey: string;
  synced_to_chain: boolean;
  synced_to_graph: boolean;
  block_height: number;
  best_header_timestamp: string;
  chains: { network: string }[];
};

export type WireSendPayment = {
  payment_request: string;
  amt_msat?: string;
  fee_limit_msat: string;
  timeout_seconds: number;
  max_parts: number;
  cltv_limit: number;
  cancelable: false;
  allow_self_payment: false;
  no_inflight_updates: false;
};

export type WirePayment = {
  payment_hash: string;
  payment_preimage: string;
  status: string;
  failure_reason: string;
  value_msat: string;
  fee_msat: string;
  creation_time_ns: string;
  payment_index: string;
  htlcs: { status: string; attempt_time_ns: string; resolve_time_ns: string }[];
};

export type WireAddInvoice = { r_preimage: Buffer; value_msat: string; memo: string; expiry: string };

export type WireInvoice = {
  r_hash: Buffer;
  payment_request: string;
  value_msat: string;
  amt_paid_msat: string;
  state: string;
  creation_date: string;
  settle_date: string;
  add_index: string;
  settle_index: string;
};

export type WireListInvoices = { index_offset: string; num_max_invoices: string; creation_date_start: string };

export type WireListPayments = {
  include_incomplete: boolean;
  index_offset: string;
  max_payments: string;
  creation_date_start?: string;
  reversed?: true;
};

export type WireChannel = {
  chan_id: string;
  active: boolean;
  initiator: boolean;
  /** Seconds for which the node has watched it, since the node's start; and for how many of them the peer was there. */
  lifetime: string;
  uptime: string;
  local_balance: string;
  remote_balance: string;
  commit_fee: string;
  local_constraints: { chan_reserve_sat: string } | null;
  remote_constraints: { chan_reserve_sat: string } | null;
  pending_htlcs: { incoming: boolean; amount: string; hash_lock: Buffer }[];
};

type WireAmount = { msat: string } | null;
export type WireChannelBalance = {
  local_balance: WireAmount;
  remote_balance: WireAmount;
  pending_open_local_balance: WireAmount;
};

export type WireCheckMacaroon = {
  macaroon: Buffer;
  permissions: [];
  fullMethod: string;
  check_default_perms_from_full_method: true;
};

type WireChannelPoint = { funding_txid_bytes: Buffer; funding_txid_str: string; output_index: number };
export type WireChannelBackups = {
  multi_chan_backup: { chan_points: WireChannelPoint[]; multi_chan_backup: Buffer } | null;
};
