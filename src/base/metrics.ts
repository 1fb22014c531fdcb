// The measures of a process, few and each with a use: a graph someone looks at or an alert that fires. Labels are
// closed sets of words; never an id, a name or an amount of one person.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

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
  return {
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
    nodeOffMsat: gauge('node_off_msat', 'Ledger against the movements the node reports, which must be 0', ['node']),
    solvencyMsat: gauge('solvency_msat', 'What the nodes hold beyond what we owe'),
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
