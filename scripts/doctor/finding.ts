// What the doctor says about one thing: well, doubtful or wrong, and then what to do about it.

export type Finding = {
  level: 'ok' | 'warning' | 'fault';
  what: string;
  /** What to do; nothing for an ok. */
  todo?: string;
};

export const ok = (what: string): Finding => ({ level: 'ok', what });
export const warning = (what: string, todo: string): Finding => ({ level: 'warning', what, todo });
export const fault = (what: string, todo: string): Finding => ({ level: 'fault', what, todo });

/** Ok when `right`, else a fault. */
export function must(right: boolean, good: string, bad: string, todo: string): Finding {
  return right ? ok(good) : fault(bad, todo);
}

/** Why something failed, down to the innermost cause that has words, without addresses or passwords of ours. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  if (inner !== undefined) return reason(inner);
  return error.message || String(code ?? error.name);
}
