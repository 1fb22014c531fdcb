// The measures of a process, few and each with a use: a graph someone looks at or an alert that fires. Labels are
// closed sets of words; never an id, a name or an amount of one person.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What was tried by someone who may not, or more often than they may. */
export type RefusedAct =
  | 'webhook_forged'
  | 'update_repeated'
  | 'too_fast'
  | 'admin_by_stranger'
  | 'private_in_group'
  | 'command_forwarded'
  | 'button_refused'
  | 'button_unknown'
  | 'code_guessed';

export type Metrics = ReturnType<typeof createMetrics>;

/** Makes the registry of one process. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const looks: (() => Promise<void> | void)[] = [];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `satfleet_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `satfleet_${name}`, help, labelNames, registers });
  const seconds = (name: string, help: string, labelNames: string[]) =>
    new Histogram({ name: `satfleet_${name}_seconds`, help, labelNames, buckets: SECONDS, registers });
  const refused = counter('refused_acts_total', 'Acts refused, by what was tried', ['act']);
  return {
    /** Counts an act that was refused. */
    refuse(act: RefusedAct) {
      refused.inc({ act });
    },
    /** Has a gauge set whenever Prometheus reads, so that it never tells of an earlier moment. What it throws is left out. */
    beforeRead(look: () => Promise<void> | void) {
      looks.push(look);
    },
    /** The text Prometheus reads. */
    async text() {
      await Promise.allSettled(looks.map(async (look) => look()));
      return registry.metrics();
    },
    contentType: registry.contentType,
    messages: counter('messages_total', 'Messages answered', ['command', 'result']),
    answerSeconds: seconds('answer', 'From an update to its answer', ['channel']),
    jobs: counter('jobs_total', 'Jobs ended', ['queue', 'result']),
    jobSeconds: seconds('job', 'Time of a job', ['queue']),
    payments: counter('payments_total', 'Payments ended', ['outcome']),
    paymentSeconds: seconds('payment', 'From confirmation to the end of a payment', ['outcome']),
    invoices: counter('invoices_total', 'Invoices by what became of them', ['outcome']),
    sends: counter('sends_total', 'Transfers inside the house', ['outcome']),
    notices: counter('notices_total', 'Notices by what became of them', ['result']),
    unfinished: gauge('unfinished', 'Payments without an end', ['state']),
    unfinishedAgeSeconds: gauge('unfinished_age_seconds', 'Age of the oldest payment without an end'),
    rateAgeSeconds: gauge('rate_age_seconds', 'Age of the newest accepted rate', ['leg']),
    rateFetches: counter('rate_fetches_total', 'Fetches of a price source', ['source', 'result']),
    booksOff: gauge('books_off', 'Sum of a currency, which must be 0', ['currency']),
    promiseKept: gauge('promise_kept', 'Whether a promise stands: 0 from its break until an admin has said so', [
      'promise',
    ]),
    sendingOn: gauge('sending_on', 'Whether new payments and sends may begin'),
    repeats: counter('repeats_total', 'Operations asked for again, answered with their first result', ['kind']),
    nodeOffMsat: gauge('node_off_msat', 'Ledger against the movements the node reports, which must be 0', ['node']),
    solvencyMsat: gauge('solvency_msat', 'What the nodes hold beyond what we owe'),
    suspenseMsat: gauge('suspense_msat', 'What came or left and no row explains; must be 0'),
    backupKeptAgeSeconds: gauge('backup_kept_age_seconds', 'Since all that must be off the machine was'),
    backupVerifiedAgeSeconds: gauge('backup_verified_age_seconds', 'Since a backup was last proven by restoring it'),
    nodeUp: gauge('node_up', 'Whether a Lightning node can be used', ['node']),
    nodeOutboundMsat: gauge('node_outbound_msat', 'What a node can send', ['node']),
    outboxAgeSeconds: gauge('outbox_age_seconds', 'Age of the oldest job not done'),
    instances: gauge('instances', 'Instances with a fresh heartbeat', ['kind']),
    cache: counter('cache_total', 'Cache reads', ['name', 'result']),
    queueJobs: gauge('queue_jobs', 'Jobs in a queue', ['queue', 'state']),
    slowQueries: counter('slow_queries_total', 'Queries over 50 ms', ['name']),
    poolWaiting: gauge('db_pool_waiting', 'Callers waiting for a database connection'),
    poolUsed: gauge('db_pool_used', 'Database connections in use'),
  };
}
