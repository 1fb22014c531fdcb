// LND's services for paying (Router), for hold invoices (Invoices) and for its own state (State) as the sandbox plays
// them. The checks of a payment stand in LND's order, so that a call with two faults gets the same answer as there.
import { amountMsat, bool, bytes, list, number, text } from './fields.ts';
import type { SandboxNode } from './node.ts';
import type { Intent } from './payments.ts';
import { readRequest } from './requests.ts';
import { type Message, type Out, type Served, STARTING_UP } from './rpc.ts';
import { addedView } from './serve-lightning.ts';
import { type FailureReason, type Invoice, NOT_FOUND, nowS, type Payment, RpcError, UNKNOWN } from './state.ts';
import { invoiceView, paymentView } from './views.ts';

const CLTV_DELTA_OF_PAYMENTS_WITHOUT_REQUEST = 18;

export const payments: Served = {
  unary: {
    '/routerrpc.Router/ResetMissionControl': () => ({}),
    '/invoicesrpc.Invoices/AddHoldInvoice': (node, request) => {
      const invoice = node.invoices.add({
        preimage: '',
        hash: bytes(request, 'hash'),
        memo: text(request, 'memo'),
        descriptionHash: bytes(request, 'description_hash'),
        valueMsat: amountMsat(request, 'value', 'value_msat'),
        expiryS: number(request, 'expiry'),
        cltvExpiry: number(request, 'cltv_expiry'),
      });
      return addedView(invoice);
    },
    '/invoicesrpc.Invoices/SettleInvoice': (node, request) => {
      node.carrier.apply(node.invoices.settle(bytes(request, 'preimage')));
      return {};
    },
    '/invoicesrpc.Invoices/CancelInvoice': (node, request) => {
      node.carrier.apply(node.invoices.cancel(bytes(request, 'payment_hash')));
      return {};
    },
    '/invoicesrpc.Invoices/LookupInvoiceV2': (node, request) => {
      const addr = bytes(request, 'payment_addr');
      const byAddr = addr && node.invoices.all().find((invoice) => invoice.paymentAddr === addr)?.hash;
      return invoiceView(node, node.invoices.lookup(byAddr || bytes(request, 'payment_hash'), UNKNOWN));
    },
    '/lnrpc.State/GetState': (node) => ({ state: stateOf(node) }),
  },
  streaming: {
    '/routerrpc.Router/SendPaymentV2': sendPayment,
    '/routerrpc.Router/TrackPaymentV2': (node, request, out) => {
      const payment = node.payments.find(bytes(request, 'payment_hash'));
      if (!payment) throw new RpcError(NOT_FOUND, "payment isn't initiated");
      follow(node, payment, bool(request, 'no_inflight_updates'), out);
    },
    '/invoicesrpc.Invoices/SubscribeSingleInvoice': subscribeSingleInvoice,
    '/lnrpc.State/SubscribeState': (node, _request, out) => out.write({ state: stateOf(node) }),
  },
};

function stateOf(node: SandboxNode): string {
  return node.faults.starting ? 'RPC_ACTIVE' : 'SERVER_ACTIVE';
}

function sendPayment(node: SandboxNode, request: Message, out: Out): void {
  const fault = node.nextPaymentFault();
  if (fault === 'starting') throw new RpcError(UNKNOWN, STARTING_UP);
  if (fault === 'unsent') {
    node.dropConnections();
    return;
  }
  const refuse: FailureReason | undefined = fault === 'sent' || fault === null ? undefined : fault;
  const payment = node.payments.send(readIntent(node, request), refuse);
  if (node.faults.losePayment) {
    node.setFaults({ losePayment: false });
    node.die();
  } else if (fault === 'sent') {
    node.dropConnections();
  }
  follow(node, payment, bool(request, 'no_inflight_updates'), out);
}

/** Tells the payment's state now and at each change; ends with a final one. */
function follow(node: SandboxNode, payment: Payment, finalOnly: boolean, out: Out): void {
  const tell = (now: Payment) => {
    const isFinal = now.status !== 'IN_FLIGHT';
    if (isFinal || !finalOnly) out.write(paymentView(node, now));
    if (!isFinal) return;
    node.payments.events.off(payment.hash, tell);
    out.end();
  };
  node.payments.events.on(payment.hash, tell);
  out.onClose(() => node.payments.events.off(payment.hash, tell));
  tell(payment);
}

function readIntent(node: SandboxNode, request: Message): Intent {
  const feeLimitMsat = amountMsat(request, 'fee_limit_sat', 'fee_limit_msat');
  if (!number(request, 'timeout_seconds')) throw new RpcError(UNKNOWN, 'timeout_seconds must be specified');
  const common = {
    feeLimitMsat,
    maxParts: Math.max(1, number(request, 'max_parts')),
    firstChannels: [...list<string>(request, 'outgoing_chan_ids'), text(request, 'outgoing_chan_id')].filter(
      (id) => id && id !== '0',
    ),
  };
  const amtMsat = amountMsat(request, 'amt', 'amt_msat');
  const intent = text(request, 'payment_request')
    ? intentFromRequest(node, text(request, 'payment_request'), amtMsat)
    : intentFromDetails(node, request, amtMsat);
  if (intent.to === node.alias && !bool(request, 'allow_self_payment')) {
    throw new RpcError(UNKNOWN, 'self-payments not allowed');
  }
  return { ...common, ...intent };
}

type Payee = Pick<Intent, 'to' | 'hash' | 'paymentAddr' | 'amtMsat' | 'cltvDelta' | 'request'>;

function intentFromRequest(node: SandboxNode, request: string, amtMsat: bigint): Payee {
  const read = readRequest(request);
  const validUntilS = read.createdAtS + read.expiryS;
  if (validUntilS <= nowS()) {
    const time = new Date(validUntilS * 1000).toISOString().replace('T', ' ').slice(0, 19);
    throw new RpcError(UNKNOWN, `invoice expired. Valid until ${time} +0000 UTC`);
  }
  if (read.valueMsat === 0n && amtMsat === 0n) {
    throw new RpcError(UNKNOWN, 'amount must be specified when paying a zero amount invoice');
  }
  if (read.valueMsat > 0n && amtMsat > 0n) {
    throw new RpcError(UNKNOWN, 'amount must not be specified when paying a non-zero amount invoice');
  }
  if (!read.paymentAddr) {
    throw new RpcError(UNKNOWN, 'payment request must contain either a payment address or blinded paths');
  }
  return {
    to: node.aliasOf(read.payee),
    hash: read.hash,
    paymentAddr: read.paymentAddr,
    amtMsat: read.valueMsat || amtMsat,
    cltvDelta: read.cltvExpiry,
    request,
  };
}

function intentFromDetails(node: SandboxNode, request: Message, amtMsat: bigint): Payee {
  if (amtMsat <= 0n) throw new RpcError(UNKNOWN, 'amount must be specified');
  return {
    to: node.aliasOf(bytes(request, 'dest')),
    hash: bytes(request, 'payment_hash'),
    paymentAddr: bytes(request, 'payment_addr'),
    amtMsat,
    cltvDelta: number(request, 'final_cltv_delta') || CLTV_DELTA_OF_PAYMENTS_WITHOUT_REQUEST,
    request: '',
  };
}

function subscribeSingleInvoice(node: SandboxNode, request: Message, out: Out): void {
  const hash = bytes(request, 'r_hash');
  const hear = (invoice: Invoice) => {
    if (invoice.hash !== hash || node.faults.muteInvoices) return;
    out.write(invoiceView(node, invoice));
    if (invoice.state !== 'SETTLED' && invoice.state !== 'CANCELED') return;
    node.invoices.events.off('changed', hear);
    out.end();
  };
  node.invoices.events.on('changed', hear);
  out.onClose(() => node.invoices.events.off('changed', hear));
  // One that does not exist yet is waited for.
  const known = node.invoices.find(hash);
  if (known) hear(known);
}
