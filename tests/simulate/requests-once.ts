// The package that reads payment requests, in a simulated process: it gives what the real one gives, and reads each
// request once. A run reads the same again when it is pasted, when it is quoted and when it is paid.
import { parsePaymentRequest as read } from 'invoices';

const MOST_KEPT = 20_000;
const kept = new Map<string, ReturnType<typeof read>>();

export function parsePaymentRequest({ request }: { request: string }): ReturnType<typeof read> {
  const known = kept.get(request);
  if (known) return known;
  const parsed = Object.freeze(read({ request }));
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(request, parsed);
  return parsed;
}
