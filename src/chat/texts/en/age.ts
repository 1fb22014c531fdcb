// English: spans of time in one unit.

const PLURALS = new Intl.PluralRules('en');

const count = (value: number, one: string, other: string) =>
  `${value} ${PLURALS.select(value) === 'one' ? one : other}`;

/** "2 min" for a span in milliseconds. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3_600) return count(Math.floor(seconds / 3_600), 'hour', 'hours');
  return count(Math.floor(seconds / 86_400), 'day', 'days');
}
