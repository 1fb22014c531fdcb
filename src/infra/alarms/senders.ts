// The two ways in which an alert leaves the house: a chat's webhook that takes {"text": ...}, and PagerDuty's Events API
// v2. A call is made once within a deadline and its outcome is a value; who calls decides when to try again. No outcome
// holds an address, since whoever knows that of a webhook can write there.
import { outside } from '../../base/outside.ts';

/** `later`: not now, perhaps not before `waitMs`; it may have been taken all the same. `refused`: not like this, ever. */
export type Sent =
  | { readonly state: 'done' }
  | { readonly state: 'later'; readonly why: string; readonly waitMs?: number }
  | { readonly state: 'refused'; readonly why: string };

/** One event about one incident; the same `key` is the same incident to PagerDuty, however often it comes. */
export type Page = {
  readonly key: string;
  readonly action: 'trigger' | 'acknowledge' | 'resolve';
  readonly summary: string;
  readonly severity: 'critical' | 'error' | 'warning' | 'info';
  readonly component: string;
  readonly startedAt: string;
  readonly details: Readonly<Record<string, string>>;
};

const DEADLINE_MS = 5_000;
const LONGEST_SUMMARY = 1_024;
const LONGEST_WAIT_MS = 10 * 60_000;

const webhook = outside('alert webhook', { deadlineMs: DEADLINE_MS });
const pager = outside('pager', { deadlineMs: DEADLINE_MS });

/** Posts a text. In Slack's marks `&`, `<` and `>` are escaped: a name in an alert must not call everybody. Never throws. */
export function postText(url: string, text: string): Promise<Sent> {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return post(webhook, url, { text: escaped });
}

/** Triggers, acknowledges or resolves one incident. Never throws. */
export function postPage(url: string, routingKey: string, page: Page): Promise<Sent> {
  const { key, action, summary, severity, component, startedAt, details } = page;
  const named = { routing_key: routingKey, event_action: action, dedup_key: key };
  if (action !== 'trigger') return post(pager, url, named);
  return post(pager, url, {
    ...named,
    client: 'Satfleet',
    payload: {
      summary: summary.slice(0, LONGEST_SUMMARY).toWellFormed(),
      source: 'satfleet',
      severity,
      component,
      timestamp: startedAt,
      custom_details: details,
    },
  });
}

async function post(policy: ReturnType<typeof outside>, url: string, body: object): Promise<Sent> {
  try {
    return await policy(async (signal) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        // Where it would go on to, nobody has said.
        redirect: 'manual',
        signal,
      });
      await response.body?.cancel();
      return sentOf(response);
    });
  } catch (error) {
    return { state: 'later', why: whyOf(error) };
  }
}

function sentOf({ ok, status, headers }: Response): Sent {
  if (ok) return { state: 'done' };
  const why = `status ${status}`;
  if (status < 500 && ![408, 425, 429].includes(status)) return { state: 'refused', why };
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  if (!(seconds > 0)) return { state: 'later', why };
  return { state: 'later', why, waitMs: Math.min(seconds * 1_000, LONGEST_WAIT_MS) };
}

function whyOf(error: unknown): string {
  const cause = error instanceof Error && typeof error.cause === 'object' ? error.cause : error;
  const code = cause !== null && typeof cause === 'object' && 'code' in cause ? String(cause.code) : undefined;
  return code ?? (error instanceof Error ? error.name : 'unknown');
}
