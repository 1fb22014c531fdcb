// The queues of a run, in memory, with BullMQ's ways: one job per id, tries with pauses, a set of those that failed, jobs
// that are run again when their worker fell silent, and now and then a job that runs twice at once. Wiping forgets all
// jobs, also those that run, whose ends then count for nothing.
import { Refusal, Unavailable } from '../../src/base/errors.ts';
import type { Handler } from '../../src/infra/queue/consumer.ts';
import { mostStallsOf, QUEUE_NAMES, QUEUES, type QueuedJob, type QueueName } from '../../src/infra/queue/jobs.ts';
import type { FailedJob, Queues } from '../../src/infra/queue/queues.ts';
import type { Dice } from './dice.ts';
import type { Life } from './life.ts';
import type { Machine } from './machine.ts';

type Job = QueuedJob & {
  state: 'waiting' | 'active' | 'delayed' | 'failed';
  attempts: number;
  stalls: number;
  /** Changes with each run: only the run that has it may end the job. */
  token: number;
  runner: Life | undefined;
  reason: string;
  atMs: number;
};

type Consumer = { life: Life; queue: QueueName; running: number; handler: Handler };

const LOCK_MS = 30_000;
const LOOK_FOR_STALLED_MS = 15_000;

export class Broker {
  readonly machine: Machine;
  readonly #dice: Dice;
  readonly #jobs = new Map<string, Job>();
  readonly #consumers: Consumer[] = [];
  /** How many of all runs are doubled. */
  doubled: number;
  #tokens = 0;
  #isPlanned = false;

  constructor(machine: Machine, given: { dice: Dice; doubled: number }) {
    this.machine = machine;
    this.#dice = given.dice;
    this.doubled = given.doubled;
    this.#lookForStalled();
  }

  wipe(): void {
    this.#jobs.clear();
  }

  /** What is not at rest: jobs that wait, run or come again. */
  busy(): number {
    return [...this.#jobs.values()].filter(({ state }) => state !== 'failed').length;
  }

  consume(life: Life, queue: QueueName, handler: Handler): void {
    this.#consumers.push({ life, queue, running: 0, handler });
    this.#plan();
  }

  /** The queues as one process sees them. */
  connection(life: Life): Queues {
    const call = <T>(name: string, run: () => T) =>
      this.machine.call({ life, part: 'queue', name, usualMs: 0.5, timeoutMs: 2_000, failure: away }, run);
    return {
      add: (jobs) => call(`add ${jobs.map(({ queue, id }) => `${queue} ${id}`).join(' ')}`, () => this.add(jobs)),
      counts: () => call('counts', () => QUEUE_NAMES.map((name) => this.#count(name))),
      rates: () => call('rates', () => QUEUE_NAMES.map((name) => ({ name, perMinute: 0 }))),
      oldest: () => call('oldest', () => QUEUE_NAMES.map((name) => ({ name, ageMs: 0 }))),
      line: (name) => call('line', () => ({ waiting: this.#count(name).waiting, oldestMs: 0, done: 0 })),
      failed: (only, limit) => call('failed', () => this.#failed(only, limit)),
      retryFailed: (only, limit) => call('retry failed', () => this.retryFailed(only, limit)),
      board: () => Promise.reject(new Error('nobody looks at the queues here')),
      close: async () => {},
    };
  }

  add(jobs: readonly QueuedJob[]): void {
    for (const job of jobs) {
      const key = `${job.queue}-${job.id}`;
      if (this.#jobs.has(key)) continue;
      const fresh = { attempts: 0, stalls: 0, token: 0, runner: undefined, reason: '', atMs: this.machine.now };
      this.#jobs.set(key, { ...job, ...fresh, state: 'waiting' });
    }
    this.#plan();
  }

  retryFailed(only: QueueName | undefined, limit: number): { queue: QueueName; retried: number }[] {
    return QUEUE_NAMES.filter((name) => !only || name === only).flatMap((queue) => {
      const jobs = this.#of(queue, 'failed').slice(0, limit);
      for (const job of jobs) Object.assign(job, { state: 'waiting', attempts: 0, stalls: 0 });
      this.#plan();
      return jobs.length > 0 ? [{ queue, retried: jobs.length }] : [];
    });
  }

  #of(queue: QueueName, state: Job['state']): Job[] {
    return [...this.#jobs.values()].filter((job) => job.queue === queue && job.state === state);
  }

  #count(name: QueueName) {
    const count = (state: Job['state']) => this.#of(name, state).length;
    return {
      name,
      waiting: count('waiting'),
      active: count('active'),
      delayed: count('delayed'),
      failed: count('failed'),
    };
  }

  #failed(only: QueueName | undefined, limit: number): FailedJob[] {
    const jobs = QUEUE_NAMES.filter((name) => !only || name === only).flatMap((name) => this.#of(name, 'failed'));
    return jobs
      .slice(0, limit)
      .map(({ queue, id, reason, traceId, attempts, atMs }) => ({ queue, id, reason, traceId, attempts, atMs }));
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.machine.after(this.#dice.wait(1), 'queues give out jobs', undefined, () => {
      this.#isPlanned = false;
      this.#giveOut();
    });
  }

  #giveOut(): void {
    for (const job of this.#jobs.values()) {
      if (job.state !== 'waiting') continue;
      const able = this.#consumers.filter((consumer) => consumer.queue === job.queue && this.#takes(consumer));
      if (able.length === 0) continue;
      this.#start(this.#dice.pick(able), job);
      if (this.#dice.chance(this.doubled)) this.#startAgain(this.#dice.pick(able), job);
    }
  }

  /** As when a worker loses its lock and goes on: at once, or when the first run has long ended. */
  #startAgain(consumer: Consumer, job: Job): void {
    const afterMs = this.#dice.chance(0.5) ? 0 : this.#dice.wait(4_000);
    this.machine.after(afterMs, `queues run ${job.queue} ${job.id} again`, undefined, () => this.#start(consumer, job));
  }

  #takes({ life, queue, running }: Consumer): boolean {
    const isThere = life.isAlive && life.frozenUntil <= this.machine.now;
    return isThere && running < QUEUES[queue].concurrency && !this.machine.linkState(life, 'queue');
  }

  #start(consumer: Consumer, job: Job): void {
    const { life } = consumer;
    const token = ++this.#tokens;
    Object.assign(job, { state: 'active', token, runner: life });
    consumer.running++;
    const { id, traceId } = job;
    const attempt = job.attempts + 1;
    const given = { id, traceId, attempt, last: attempt >= QUEUES[job.queue].attempts };
    const ended = (label: string, end: () => void) =>
      this.machine.after(life.dice.wait(0.5), `${life.name} ${label} ${job.queue} ${id}`, life, () => {
        consumer.running--;
        if (job.token === token && this.#jobs.get(`${job.queue}-${id}`) === job) end();
        this.#plan();
      });
    this.machine.after(0, `${life.name} runs ${job.queue} ${id}`, life, () => {
      consumer.handler(given).then(
        (later) => ended('did', () => this.#did(job, later)),
        (error: unknown) =>
          error instanceof Refusal
            ? ended('did', () => this.#did(job, undefined))
            : ended('could not', () => this.#couldNot(job, error)),
      );
    });
  }

  #did(job: Job, later: { laterMs: number } | undefined): void {
    if (!later) this.#jobs.delete(`${job.queue}-${job.id}`);
    else this.#delay(job, later.laterMs - this.machine.now);
  }

  #couldNot(job: Job, error: unknown): void {
    job.attempts++;
    job.reason = error instanceof Error ? error.message : String(error);
    const { attempts, backoffMs } = QUEUES[job.queue];
    if (job.attempts >= attempts) job.state = 'failed';
    else this.#delay(job, backoffMs * 2 ** (job.attempts - 1) * (0.5 + this.#dice.fraction() / 2));
  }

  #delay(job: Job, ms: number): void {
    job.state = 'delayed';
    this.machine.after(ms, `queues bring back ${job.queue} ${job.id}`, undefined, () => {
      if (job.state !== 'delayed') return;
      job.state = 'waiting';
      this.#plan();
    });
  }

  #lookForStalled(): void {
    this.machine.after(LOOK_FOR_STALLED_MS, 'queues look for stalled jobs', undefined, () => {
      for (const job of this.#jobs.values()) if (job.state === 'active') this.#lookAt(job);
      this.#lookForStalled();
    });
  }

  // A silent worker keeps its lock until it runs out.
  #lookAt(job: Job): void {
    const { runner, token } = job;
    if (!runner || !this.#isSilent(runner)) return;
    this.machine.after(LOCK_MS, `queues miss ${runner.name}`, undefined, () => {
      if (job.token !== token || job.state !== 'active' || !this.#isSilent(runner)) return;
      job.token = 0;
      job.stalls++;
      job.state = job.stalls > mostStallsOf(job.queue) ? 'failed' : 'waiting';
      job.reason = 'job stalled more than allowable limit';
      this.#plan();
    });
  }

  #isSilent(life: Life): boolean {
    return !life.isAlive || life.frozenUntil > this.machine.now || this.machine.linkState(life, 'queue') !== undefined;
  }
}

function away(): Unavailable {
  return new Unavailable('queue Redis', new Error('no answer'));
}
