// A collector of spans (OTLP over HTTP, as JSON): what it was given, as plain spans of all services.
import { type Receiver, startReceiver } from './receiver.ts';

export type CollectedSpan = {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly isFault: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
};

type Attribute = { key: string; value: { stringValue?: string; intValue?: number } };
type Sent = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code: number };
  attributes: Attribute[];
};
type Body = {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Sent[] }[] }[];
};

export type Collector = Receiver & { spans(): CollectedSpan[] };

export async function startCollector(): Promise<Collector> {
  const receiver = await startReceiver();
  const spans = () =>
    receiver.at('/v1/traces').flatMap((body) =>
      (body as Body).resourceSpans.flatMap(({ resource, scopeSpans }) => {
        const service = String(valuesOf(resource.attributes)['service.name']);
        return scopeSpans.flatMap((scope) => scope.spans.map((sent) => collected(service, sent)));
      }),
    );
  return Object.assign(receiver, { spans });
}

function collected(service: string, sent: Sent): CollectedSpan {
  const { traceId, spanId, parentSpanId, name, kind } = sent;
  return {
    service,
    traceId,
    spanId,
    parentSpanId: parentSpanId || undefined,
    name,
    kind,
    startNs: BigInt(sent.startTimeUnixNano),
    endNs: BigInt(sent.endTimeUnixNano),
    isFault: sent.status.code === 2,
    attributes: valuesOf(sent.attributes),
  };
}

function valuesOf(attributes: readonly Attribute[]): Record<string, string | number> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)] as const),
  );
}
