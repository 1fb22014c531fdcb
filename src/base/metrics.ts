// The measures of a process, each with a use: a graph someone looks at or an alert that fires. Labels are closed sets of
// words or what is set up; never an id, a name or an amount of one person. docs/METRICS.md says what each one means, and
// a test holds the two together.
import { collectDefaultMetrics, Registry } from 'prom-client';
import { counter, type Described, type Description, gauge, histogram, make } from './metrics-kinds.ts';
import type { OutsideEvent } from './outside.ts';
import { WORKS } from './pressure.ts';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** For a server that stands beside us. */
const NEAR_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** A payment may wait for a receiver who is away. */
const LONG_SECONDS = [...SECONDS, 60, 120, 600, 3_600];
/** From 10 sats to ten million. */
const AMOUNTS_MSAT = [1e4, 1e5, 5e5, 1e6, 5e6, 1e7, 5e7, 1e8, 1e9, 1e10];
const FEES_MSAT = [0, 1e2, 1e3, 5e3, 1e4, 5e4, 1e5, 1e6];
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** What was tried by someone who may not, or more often than they may. */
const REFUSED_ACTS = [
  'webhook_forged',
  'update_repeated',
  'too_fast',
  'admin_by_stranger',
  'private_in_group',
  'command_forwarded',
  'button_refused',
  'button_unknown',
  'code_guessed',
  'pin_wrong',
  'alert_forged',
] as const;

export type RefusedAct = (typeof REFUSED_ACTS)[number];

/** What becomes of an arrival. */
const UPDATE_RESULTS = [
  'answered',
  'kept',
  'repeated',
  'too_fast',
  'taken',
  'later',
  'failed',
  'ignored',
  'unreadable',
  'forged',
  'full',
] as const;

export type UpdateResult = (typeof UPDATE_RESULTS)[number];

const STORES = ['session', 'cache', 'queue'] as const;
/** The Redis servers. */
export type Store = (typeof STORES)[number];

const CHAT = {
  messages: counter('messages_total', 'Messages answered', {
    command: null,
    result: ['ok', 'refused', 'unavailable', 'fault'],
  }),
  commandSeconds: histogram('command_seconds', 'Time of our own work on a message', { command: null }, SECONDS),
  updates: counter('updates_total', 'Updates that arrived, by what became of them', {
    channel: ['telegram'],
    result: UPDATE_RESULTS,
  }),
  answerSeconds: histogram('answer_seconds', 'From an update to its answer', { channel: ['telegram'] }, SECONDS),
  telegramSeconds: histogram(
    'telegram_call_seconds',
    'Time of a call to the Bot API',
    { result: ['done', 'refused', 'wait', 'unreachable', 'not_sent', 'unsure'] },
    SECONDS,
  ),
  notices: counter('notices_total', 'Notices by what became of them', { result: ['sent', 'unreachable', 'later'] }),
  pacedSeconds: histogram(
    'paced_seconds',
    'How long a message had to wait for its turn, of those that had to',
    { kind: ['answer', 'notice'] },
    SECONDS,
  ),
  askedToWait: counter('asked_to_wait_total', 'How often a channel told us to be quiet (429)', {}),
  refusedActs: counter('refused_acts_total', 'Acts refused, by what was tried', { act: REFUSED_ACTS }),
  probes: counter('probe_total', 'Questions of the synthetic user, by how they were answered', {
    result: ['answered', 'late', 'lost'],
  }),
  sessionsLive: gauge('sessions_live', 'People who wrote within the last quarter of an hour', {}),
  users: gauge('users', 'People with a wallet', {}),
  usersNew: gauge('users_new', 'People whose wallet was opened', { window: ['day', 'week'] }),
  usersActive: gauge('users_active', 'People who moved money or asked for it', { window: ['day', 'week'] }),
};

const MONEY = {
  payments: counter('payments_total', 'Payments ended', {
    outcome: ['paid', 'failed', 'unknown', 'late_success', 'contradicted'],
  }),
  paymentSeconds: histogram(
    'payment_seconds',
    'From confirmation to the end of a payment',
    { outcome: ['paid', 'failed'] },
    LONG_SECONDS,
  ),
  paymentMsat: histogram(
    'payment_amount_msat',
    'Amounts of paid payments',
    { way: ['lightning', 'inside'] },
    AMOUNTS_MSAT,
  ),
  paymentFeeMsat: histogram('payment_fee_msat', 'What the routing of paid payments cost', {}, FEES_MSAT),
  paymentsUnknown: gauge('payments_unknown', 'Payments at a node without an end, by their age', {
    age: ['under_1m', 'under_10m', 'under_1h', 'under_1d', 'older'],
  }),
  unfinished: gauge('unfinished', 'Payments without an end', { state: ['held', 'sending'] }),
  unfinishedAgeSeconds: gauge('unfinished_age_seconds', 'Age of the oldest payment without an end', {}),
  invoices: counter('invoices_total', 'Invoices by what became of them', {
    outcome: ['made', 'settled', 'inside', 'unknown'],
  }),
  invoiceMsat: histogram('invoice_amount_msat', 'Amounts received over Lightning', {}, AMOUNTS_MSAT),
  sends: counter('sends_total', 'Transfers inside the house', {
    outcome: ['done', 'held', 'claimed', 'retracted', 'returned'],
  }),
  sendMsat: histogram('send_amount_msat', 'Amounts that reached someone inside the house', {}, AMOUNTS_MSAT),
  repeats: counter('repeats_total', 'Operations asked for again, answered with their first result', {
    kind: ['send', 'payment'],
  }),
  ledgerBatch: histogram(
    'ledger_batch_transfers',
    'Transfers in one post to the ledger',
    { way: ['post', 'transaction', 'statement'] },
    BATCHES,
  ),
  booksOff: gauge('books_off', 'Sum of a currency, which must be 0', { currency: null }),
  promiseKept: gauge('promise_kept', 'Whether a promise stands: 0 from its break until an admin has said so', {
    promise: null,
  }),
  sendingOn: gauge('sending_on', 'Whether new payments and sends may begin', {}),
  assetsMsat: gauge('assets_msat', 'What the nodes hold and what is on its way out', {}),
  liabilitiesMsat: gauge('liabilities_msat', 'What we owe to people', {}),
  solvencyMsat: gauge('solvency_msat', 'What the nodes hold beyond what we owe', {}),
  suspenseMsat: gauge('suspense_msat', 'What came or left and no row explains; must be 0', {}),
  backupKeptAgeSeconds: gauge('backup_kept_age_seconds', 'Since all that must be off the machine was', {}),
  backupVerifiedAgeSeconds: gauge('backup_verified_age_seconds', 'Since a backup was last proven by restoring it', {}),
  rateAgeSeconds: gauge('rate_age_seconds', 'Age of the newest accepted rate', { leg: null }),
  rateSpread: gauge('rate_spread_ratio', 'How far the sources of a rate lie apart', { leg: null }),
  rateFetches: counter('rate_fetches_total', 'Fetches of a price source', { source: null, result: ['ok', 'failed'] }),
};

const NODES = {
  nodeUp: gauge('node_up', 'Whether a Lightning node can be used', { node: null }),
  nodeOutboundMsat: gauge('node_outbound_msat', 'What a node can send', { node: null }),
  nodeInboundMsat: gauge('node_inbound_msat', 'What a node can receive', { node: null }),
  nodeChannels: gauge('node_channels', 'Channels of a node that are active', { node: null }),
  nodeOffMsat: gauge('node_off_msat', 'Ledger against the movements the node reports, which must be 0', { node: null }),
  nodeClockAheadSeconds: gauge('node_clock_ahead_seconds', "How far a node's clock is ahead of the house's", {
    node: null,
  }),
  lndSeconds: histogram(
    'lnd_call_seconds',
    'From a call to a Lightning node to its first answer',
    { method: null, result: ['ok', 'refused', 'away', 'given_up'] },
    SECONDS,
  ),
};

const HOUSE = {
  jobs: counter('jobs_total', 'Jobs ended', { queue: null, result: ['done', 'refused', 'later', 'fault'] }),
  jobSeconds: histogram('job_seconds', 'Time of a job', { queue: null }, SECONDS),
  queueJobs: gauge('queue_jobs', 'Jobs in a queue', {
    queue: null,
    state: ['waiting', 'active', 'delayed', 'failed'],
  }),
  queueOldestSeconds: gauge('queue_oldest_seconds', 'Age of the job that waits longest in a queue', { queue: null }),
  outboxJobs: gauge('outbox_jobs', 'Jobs not done', {}),
  outboxAgeSeconds: gauge('outbox_age_seconds', 'Age of the oldest job not done', {}),
  instances: gauge('instances', 'Instances with a fresh heartbeat', { kind: ['bot', 'worker'] }),
  pressureLevel: gauge('pressure_level', 'How hard a process is pressed: 0 calm to 4 extreme', {}),
  shed: counter('shed_total', 'What was left undone or put off because of the pressure', { work: WORKS }),
  breakerOpen: gauge('breaker_open', 'Whether calls to something outside are held back', { name: null }),
  cache: counter('cache_total', 'Cache reads', { name: null, result: ['hit', 'miss'] }),
  redisSeconds: histogram('redis_call_seconds', 'Time of a call to Redis', { store: STORES }, NEAR_SECONDS),
  redisUp: gauge('redis_up', 'Whether a Redis answers', { store: STORES }),
  redisMemoryBytes: gauge('redis_memory_bytes', 'Memory a Redis uses', { store: STORES }),
  redisMemoryMaxBytes: gauge('redis_memory_max_bytes', 'Memory a Redis may use', { store: STORES }),
  redisEvictions: counter('redis_evictions_total', 'Keys a Redis dropped for want of memory', { store: STORES }),
  databaseUp: gauge('database_up', 'Whether the database answers', {}),
  slowQueries: counter('slow_queries_total', 'Queries over 50 ms', { name: null }),
  poolWaiting: gauge('db_pool_waiting', 'Callers waiting for a database connection', {}),
  poolUsed: gauge('db_pool_used', 'Database connections in use', {}),
  poolSize: gauge('db_pool_size', 'Database connections that may be opened', {}),
  traceSpans: counter('trace_spans_total', 'Spans for the collector, by what became of them', {
    result: ['sent', 'dropped'],
  }),
};

/** All measures beside those of the process itself (`process_*`, `nodejs_*`). */
export const METRICS = { ...CHAT, ...MONEY, ...NODES, ...HOUSE };

type Measures = { readonly [Name in keyof typeof METRICS]: Described<(typeof METRICS)[Name]> };

export type Metrics = Measures & {
  /** Counts an act that was refused. */
  refuse(act: RefusedAct): void;
  /** Tells of the breaker of something outside, closed until it opens; for the `onEvent` of its policy. */
  breaker(event: OutsideEvent): void;
  /**
   * Has levels set whenever Prometheus reads, so that they never tell of an earlier moment; with `restMs` not again
   * within that time. What it throws is left out, and what takes over two seconds is told at the next reading.
   */
  beforeRead(look: () => Promise<void> | void, restMs?: number): void;
  /** The text Prometheus reads. */
  text(): Promise<string>;
  readonly contentType: string;
};

const PATIENCE_MS = 2_000;

/** Makes the registry of one process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const entries: [string, Description][] = Object.entries(METRICS);
  const measures = Object.fromEntries(entries.map(([key, each]) => [key, make(registry, each)])) as Measures;
  const looks: (() => Promise<void>)[] = [];
  const known = new Set<string>();
  return {
    ...measures,
    refuse: (act) => measures.refusedActs.inc({ act }),
    breaker({ kind, name }) {
      if (kind !== 'opened' && kind !== 'closed' && known.has(name)) return;
      known.add(name);
      measures.breakerOpen.set({ name }, kind === 'opened' ? 1 : 0);
    },
    beforeRead(look, restMs = 0) {
      looks.push(rested(look, restMs));
    },
    async text() {
      await withinPatience(Promise.all(looks.map((look) => look())));
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** Runs `look` unless it still runs or has rested too short. Never rejects. */
function rested(look: () => Promise<void> | void, restMs: number): () => Promise<void> {
  let running: Promise<void> | undefined;
  let begunMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (running) return running;
    if (performance.now() - begunMs < restMs) return Promise.resolve();
    begunMs = performance.now();
    running = (async () => look())()
      .catch(() => {})
      .finally(() => {
        running = undefined;
      });
    return running;
  };
}

function withinPatience(looking: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  return Promise.race([looking, enough]).finally(() => clearTimeout(timer));
}
