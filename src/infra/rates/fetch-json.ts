// The one way in which a price source is asked: within a deadline, up to a size, and only JSON is an answer. A source
// that says "too often" or "not here" is left alone for as long as it asks, so that a block does not become a ban.
import type { Clock } from '../../base/clock.ts';
import { ComeBackLater, type OutsideEvent, outside } from '../../base/outside.ts';

/** An answer: the body with every JSON number as its own text, and when the source wrote it. */
export type JsonAnswer = { body: unknown; dateMs: number };

/** Asks one address of one source. Throws on anything but a JSON answer. */
export type FetchJson = (url: string) => Promise<JsonAnswer>;

export type FetchJsonOptions = {
  clock: Clock;
  deadlineMs?: number;
  /** How long "too many requests" lasts where the source does not say. */
  tooManyMs?: number;
  onEvent?: (event: OutsideEvent) => void;
};

const MOST_BYTES = 1_000_000;
/** A block by place or by firewall does not go away by asking again. */
const BLOCKED_MS = 6 * 60 * 60_000;
const LONGEST_PAUSE_MS = 3 * 24 * 60 * 60_000;

/** The asker for one source, with that source's own circuit breaker. */
export function fetchJsonFor(source: string, options: FetchJsonOptions): FetchJson {
  const { clock, deadlineMs = 5_000, tooManyMs = 60_000 } = options;
  const run = outside(`rates ${source}`, {
    deadlineMs,
    breaker: { failures: 5, openMs: 60_000 },
    ...(options.onEvent && { onEvent: options.onEvent }),
  });
  return (url) =>
    run(async (signal) => {
      const response = await fetch(url, { signal, headers: { accept: 'application/json' } });
      if (!response.ok) {
        await response.body?.cancel();
        throw refusal(source, response, tooManyMs);
      }
      if (!/\bjson\b/i.test(response.headers.get('content-type') ?? '')) {
        await response.body?.cancel();
        throw new Error(`${source} answered with something other than JSON`);
      }
      const nowMs = clock.nowMs();
      const writtenMs = Date.parse(response.headers.get('date') ?? '');
      return {
        body: parseExact(await readUpTo(response, MOST_BYTES)),
        // A cache on the way keeps the date of the original; a date ahead of us is only a clock's difference.
        dateMs: Number.isNaN(writtenMs) ? nowMs : Math.min(writtenMs, nowMs),
      };
    });
}

function refusal(source: string, response: Response, tooManyMs: number): Error {
  const message = `${source} answered ${response.status}`;
  if (response.status === 429 || response.status === 418) {
    return new ComeBackLater(message, retryAfterMs(response) ?? tooManyMs);
  }
  if (response.status === 451 || response.status === 403) {
    return new ComeBackLater(message, Math.max(BLOCKED_MS, retryAfterMs(response) ?? 0));
  }
  return new Error(message);
}

/** The Retry-After header in milliseconds: seconds, or a date compared with the answer's own. */
function retryAfterMs(response: Response): number | undefined {
  const text = response.headers.get('retry-after')?.trim();
  if (!text) return undefined;
  const waitMs = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : Date.parse(text) - Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 1_000), LONGEST_PAUSE_MS);
}

async function readUpTo(response: Response, mostBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Error(`an answer of more than ${mostBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

type SourceReviver = (this: unknown, key: string, value: unknown, context: { source: string }) => unknown;

/** JSON with every number replaced by its own text, so that no digit is lost to a double. */
export function parseExact(text: string): unknown {
  const numbersAsText: SourceReviver = (_key, value, context) => (typeof value === 'number' ? context.source : value);
  // The third argument is in the language but not yet in the type of JSON.parse.
  return JSON.parse(text, numbersAsText as (key: string, value: unknown) => unknown);
}
