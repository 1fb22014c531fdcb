// One id follows a person's message from nginx through chat, queue and worker, so that one search in the logs tells the
// whole story. It is carried by the call itself and needs no argument. What serves many at once bears no one's id.
// Where a recorder is set (otel.ts), the steps of a message are told to it as spans; without one they cost a comparison.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { Refusal } from './errors.ts';

/** Where a call stands: in which trace, and in which span of it. */
export type TracePlace = { readonly traceId: string; readonly spanId?: string };

/** What may be told of a span: words of ours and counts. Never a text, an id, an amount or a name of a person. */
export type SpanFacts = {
  readonly bot?: string;
  readonly channel?: string;
  readonly kind?: string;
  readonly queue?: string;
  readonly attempt?: number;
  readonly statement?: string;
  readonly transfers?: number;
};

/** Whom a step serves or asks, as tracing tools tell them apart; a step of our own when missing. */
export type SpanSide = 'server' | 'client' | 'producer' | 'consumer';

export type SpanStart = {
  readonly traceId: string;
  readonly name: string;
  readonly facts: SpanFacts;
  readonly side?: SpanSide | undefined;
  /** 16 hexadecimal digits; one of its own when missing. */
  readonly spanId?: string | undefined;
  readonly parentId?: string | undefined;
};

/** A span that goes on; `result` is a word, and `isFault` whether something broke. Must not throw. */
export type OpenSpan = { readonly id: string; end(result: string, isFault: boolean): void };

/** Hears of spans. Must neither throw nor wait. */
export type Recorder = (start: SpanStart) => OpenSpan;

/** A job by its queue and id: so the worker finds the span that put it there, and nothing need be carried. */
export type JobName = { readonly queue: string; readonly id: string };

export type SpanOptions = {
  readonly side?: SpanSide;
  /** This span puts that job into its queue. */
  readonly puts?: JobName;
  /** This span does that job. */
  readonly does?: JobName;
};

const storage = new AsyncLocalStorage<TracePlace>();
const NOWHERE: TracePlace = { traceId: 'none' };
const SHAPE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SPAN_ID_DIGITS = 16;

let recorder: Recorder | undefined;

/** Runs `run` under the given trace id; everything it awaits sees the same id. */
export function withTrace<T>(traceId: string, run: () => T): T {
  const place = storage.getStore();
  return storage.run(place?.traceId === traceId ? place : { traceId }, run);
}

/** Runs what is not about one message, though a message may have set it off: shared batches, connections kept. */
export function withoutTrace<T>(run: () => T): T {
  return storage.run(NOWHERE, run);
}

/** Where the present call stands, for what is done for it by somebody else's turn. */
export function tracePlace(): TracePlace {
  return storage.getStore() ?? NOWHERE;
}

/** Runs `run` as if it were called there. */
export function atTracePlace<T>(place: TracePlace, run: () => T): T {
  return storage.run(place, run);
}

/** The trace id of the present call, or `none` outside of any. */
export function currentTrace(): string {
  return tracePlace().traceId;
}

/** Whether a text may be the trace id of a message: a UUID in lower case. Those of ticks are not. */
export function isTrace(text: unknown): text is string {
  return typeof text === 'string' && SHAPE.test(text);
}

/** The trace id of the present call, where it is that of a message; for rows that shall be found by it. */
export function traceOfMessage(): string | null {
  const traceId = currentTrace();
  return isTrace(traceId) ? traceId : null;
}

/** Tells all spans of this process to `to` from now on; to nobody when undefined. */
export function recordSpans(to: Recorder | undefined): void {
  recorder = to;
}

/** Begins a step of the present message; undefined where nobody wants to know, or outside of any message. */
export function beginSpan(name: string, facts: SpanFacts, options: SpanOptions = {}): OpenSpan | undefined {
  if (recorder === undefined) return undefined;
  const { traceId, spanId } = tracePlace();
  if (!isTrace(traceId)) return undefined;
  const { side, puts, does } = options;
  // A job that no message made is tied together by its own id, and nobody told of putting it there.
  const parentId = does && does.id !== traceId ? jobSpanId(does) : spanId;
  return recorder({ traceId, name, facts, side, parentId, spanId: puts && jobSpanId(puts) });
}

/**
 * Runs `run` as a step of the present message: what it does in turn are steps of this one.
 * @param resultOf a word for how it ended, where it did not throw; `ok` when missing.
 */
export async function inSpan<T>(
  name: string,
  facts: SpanFacts,
  run: () => Promise<T> | T,
  options: SpanOptions & { readonly resultOf?: (value: T) => string } = {},
): Promise<T> {
  const span = beginSpan(name, facts, options);
  if (span === undefined) return run();
  try {
    const value = await storage.run({ traceId: currentTrace(), spanId: span.id }, run);
    span.end(options.resultOf?.(value) ?? 'ok', false);
    return value;
  } catch (error) {
    // A refusal is an answer. Of anything else its kind is told: its text may hold what it was about.
    if (error instanceof Refusal) span.end(error.code, false);
    else span.end(error instanceof Error ? error.name : 'thrown', true);
    throw error;
  }
}

/** Made from the job, so that whoever puts it into its queue and whoever does it come to the same one. */
function jobSpanId({ queue, id }: JobName): string {
  return createHash('sha256').update(`${queue} ${id}`).digest('hex').slice(0, SPAN_ID_DIGITS);
}
