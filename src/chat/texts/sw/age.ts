// Kiswahili: spans of time in one unit; the unit stands before its number and does not change with it.

/** "dakika 2" for a span in milliseconds. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `sekunde ${seconds}`;
  if (seconds < 3_600) return `dakika ${Math.floor(seconds / 60)}`;
  if (seconds < 48 * 3_600) return `saa ${Math.floor(seconds / 3_600)}`;
  return `siku ${Math.floor(seconds / 86_400)}`;
}
