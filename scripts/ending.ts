// How a command of ours ends: by Ctrl-C, by a signal, or because whoever started it is gone.

/**
 * Calls `end` once, at the first SIGINT, SIGTERM or SIGHUP, or when our parent process has died. A second Ctrl-C, more
 * than a second after the first, ends the process at once (the guard cleans up).
 */
export function onEnd(end: (why: string) => void): void {
  let endedAt: number | undefined;
  const once = (why: string) => {
    // A terminal's Ctrl-C reaches us twice: from the terminal and from the process above us.
    if (endedAt !== undefined && performance.now() - endedAt > 1_000) process.exit(130);
    if (endedAt !== undefined) return;
    endedAt = performance.now();
    end(why);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => once(signal));
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    once('the process that started this is gone');
  }, 500);
  watch.unref();
}
