// What `npm run test:fleet` says while it works. What is not so is said and counted, and the rest is looked at all the same.
const started = performance.now();
const faults: string[] = [];

export function say(line: string): void {
  console.log(line);
}

/** A promise was kept; with the seconds since the start. */
export function step(line: string): void {
  say(`[${Math.round((performance.now() - started) / 1000)} s] ${line}`);
}

/** Notes it as a fault unless it is so. */
export function check(isSo: boolean, what: string): void {
  if (isSo) return;
  faults.push(what);
  step(`NOT SO: ${what}`);
}

/** Throws when anything was not so. */
export function mustBeWell(): void {
  if (faults.length > 0) throw new Error(`not so: ${faults.join('\n')}`);
}
