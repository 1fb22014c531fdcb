// Spans on their way to a collector (OpenTelemetry, OTLP over HTTP), for whoever sets OTEL_EXPORTER_OTLP_ENDPOINT. This file
// and its packages are loaded only then. Promise: nothing waits for the collector. What it does not take in time is dropped
// and counted, what is kept for it is bounded, and a value that is not a plain word of ours does not leave.
import type { Span } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Log } from './logger.ts';
import { type OpenSpan, type Recorder, recordSpans, type SpanSide, type SpanStart, withoutTrace } from './trace.ts';

/** Spans that wait for the collector, at most: some 2 MB. */
export const MOST_SPANS_KEPT = 2_048;
const LARGEST_BATCH = 256;
const EVERY_MS = 1_000;
const PATIENCE_MS = 5_000;
/** How long the end of the process waits for the last ones. */
const LAST_PATIENCE_MS = 1_000;
const WORD = /^(?!.*\d{7})[A-Za-z][\w .-]{0,39}$/;

export type SpanExport = {
  readonly record: Recorder;
  /** Lets go what is kept, for a moment; then no span is told any more. Never throws. */
  close(): Promise<void>;
};

/**
 * Begins to export all spans of this process.
 * @param options.endpoint the collector's base address, as the standard says: `/v1/traces` is put behind it.
 * @param options.onSpans hears how many spans were taken, or dropped. Must not throw.
 */
export async function exportSpans(options: {
  endpoint: string;
  service: string;
  instance: string;
  version: string;
  log: Log;
  onSpans: (result: 'sent' | 'dropped', count: number) => void;
}): Promise<SpanExport> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const url = `${options.endpoint.replace(/\/+$/, '')}/v1/traces`;
  const outlet = boundedOutlet(
    new OTLPTraceExporter({ url, timeoutMillis: PATIENCE_MS, concurrencyLimit: MOST_SPANS_KEPT / LARGEST_BATCH }),
    options,
  );
  const batches = new sdk.BatchSpanProcessor({
    exporter: outlet.exporter,
    maxQueueSize: MOST_SPANS_KEPT,
    maxExportBatchSize: LARGEST_BATCH,
    scheduledDelayMillis: EVERY_MS,
  });
  const ids = new sdk.RandomIdGenerator();
  let next: { traceId: string; spanId: string } = { traceId: '', spanId: '' };
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({
      'service.name': `satfleet-${options.service}`,
      'service.instance.id': options.instance,
      'service.version': options.version,
    }),
    // Ids are ours: the trace's is the one in the logs.
    idGenerator: { generateTraceId: () => next.traceId, generateSpanId: () => next.spanId },
    spanProcessors: [
      {
        onStart() {},
        onEnd: (span) => outlet.admit(() => withoutTrace(() => batches.onEnd(span))),
        forceFlush: () => batches.forceFlush(),
        shutdown: () => batches.shutdown(),
      },
    ],
  });
  const tracer = provider.getTracer('satfleet', options.version);
  const record: Recorder = (start) => {
    const traceId = start.traceId.replaceAll('-', '');
    const spanId = start.spanId ?? ids.generateSpanId();
    next = { traceId, spanId };
    const parent = start.parentId
      ? api.trace.setSpanContext(api.ROOT_CONTEXT, { traceId, spanId: start.parentId, traceFlags: 1, isRemote: true })
      : api.ROOT_CONTEXT;
    const span = tracer.startSpan(plain(start.name), { kind: KINDS[start.side ?? 'own'] }, parent);
    return opened(span, start, api.SpanStatusCode.ERROR);
  };
  recordSpans(record);
  return {
    record,
    async close() {
      recordSpans(undefined);
      const late = new Promise((resolve) => setTimeout(resolve, LAST_PATIENCE_MS).unref());
      await Promise.race([provider.shutdown().catch(() => {}), late]);
    },
  };
}

/** As OpenTelemetry numbers them. */
const KINDS: Record<SpanSide | 'own', number> = { own: 0, server: 1, client: 2, producer: 3, consumer: 4 };

function opened(span: Span, { spanId, facts }: SpanStart, error: number): OpenSpan {
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined) span.setAttribute(`satfleet.${name}`, typeof value === 'number' ? value : plain(value));
  }
  return {
    id: spanId ?? span.spanContext().spanId,
    end(result: string, isFault: boolean) {
      span.setAttribute('satfleet.result', plain(result));
      if (isFault) span.setStatus({ code: error });
      span.end();
    },
  };
}

/** A short word of ours, or nothing of it: an invoice, a token, a number, a sentence are none. */
function plain(value: string): string {
  return WORD.test(value) ? value : 'hidden';
}

/** Counts what goes to the collector and what becomes of it, and admits no more than may be kept. */
function boundedOutlet(
  exporter: SpanExporter,
  { log, onSpans }: { log: Log; onSpans: (result: 'sent' | 'dropped', count: number) => void },
) {
  let kept = 0;
  let isAway = false;
  const told = (isTaken: boolean, count: number) => {
    kept -= count;
    onSpans(isTaken ? 'sent' : 'dropped', count);
    if (isTaken !== isAway) return;
    isAway = !isTaken;
    log[isAway ? 'warn' : 'info'](isAway ? 'the collector takes no spans' : 'the collector takes spans again');
  };
  return {
    admit(put: () => void) {
      if (kept >= MOST_SPANS_KEPT) return onSpans('dropped', 1);
      kept++;
      put();
    },
    exporter: {
      export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]) {
        exporter.export(spans, (result) => {
          // 0 is success.
          told(result.code === 0, spans.length);
          done(result);
        });
      },
      shutdown: () => exporter.shutdown(),
    },
  };
}
