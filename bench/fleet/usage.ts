// What a run costs each program, as the kernel counts it: processor time and resident memory of everything that was
// started from here, by its role in the fleet. The load generator, with Telegram's and Lightning's sandboxes in it, is
// named apart, since an operator has none of it.
import { readdirSync, readFileSync } from 'node:fs';

/** Of all processes of one role together. */
export type Usage = { readonly cpuS: number; readonly residentMb: number; readonly count: number };

const GENERATOR = 'generator and sandboxes';
const TICKS_PER_S = 100;
const PAGE_BYTES = 4_096;
const ROLES: readonly (readonly [RegExp, string])[] = [
  [/src\/bot\.ts/, 'bots'],
  [/workers\/worker\.ts/, 'workers'],
  [/postgres/, 'PostgreSQL'],
  [/redis-server/, 'Redis'],
  [/nginx/, 'nginx'],
  [/echo-bot/, 'echo bot'],
];

/** Every process begun from this one, by role. */
export function usage(): Map<string, Usage> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat) parents.set(Number(name), stat.parent);
  }
  const isOurs = (pid: number): boolean => pid === process.pid || (pid > 1 && isOurs(parents.get(pid) ?? 0));
  const used = new Map<string, Usage>();
  for (const pid of parents.keys()) {
    const stat = isOurs(pid) ? statOf(pid) : undefined;
    const role = pid === process.pid ? GENERATOR : roleOf(pid);
    if (!stat || !role) continue;
    const { cpuS, residentMb, count } = used.get(role) ?? { cpuS: 0, residentMb: 0, count: 0 };
    used.set(role, { cpuS: cpuS + stat.cpuS, residentMb: residentMb + stat.residentMb, count: count + 1 });
  }
  return used;
}

/**
 * A line for each role: the share of one core it took between two looks, what that is for each of so many answers, and its
 * memory at the second look. Then what one core is good for, with and without the generator.
 */
export function usageLines(
  before: Map<string, Usage>,
  after: Map<string, Usage>,
  { seconds, answers }: { seconds: number; answers: number },
): string[] {
  const cpuS = (role: string) => (after.get(role)?.cpuS ?? 0) - (before.get(role)?.cpuS ?? 0);
  const each = (taken: number) => `${((1_000 * taken) / answers).toFixed(2)} ms an answer`;
  const lines = [...after].map(([role, { residentMb, count }]) => {
    const share = `${((100 * cpuS(role)) / seconds).toFixed(0).padStart(4)} % of a core`;
    const many = `${count} process${count === 1 ? '' : 'es'}`;
    return `${role.padEnd(24)} ${share}, ${each(cpuS(role)).padStart(18)}, ${residentMb.toFixed(0).padStart(5)} MB, ${many}`;
  });
  const all = [...after.keys()].reduce((sum, role) => sum + cpuS(role), 0);
  const ours = all - cpuS(GENERATOR);
  const perCore = (taken: number) => `${(answers / taken).toFixed(0)} answers a second for each core`;
  return [
    ...lines,
    `the fleet with its stores takes ${each(ours)}: ${perCore(ours)}; with the generator, ${perCore(all)}`,
  ];
}

function roleOf(pid: number): string | undefined {
  const words = read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? '';
  return ROLES.find(([pattern]) => pattern.test(words))?.[1];
}

function statOf(pid: number): { parent: number; cpuS: number; residentMb: number } | undefined {
  const text = read(`/proc/${pid}/stat`);
  // The name in brackets may hold spaces.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  if (!fields) return undefined;
  const [parent, pages] = [fields[1], fields[21]].map(Number);
  // Its own, and what those of its children took that have ended.
  const ticks = fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
  return {
    parent: parent ?? 0,
    cpuS: ticks / TICKS_PER_S,
    residentMb: ((pages ?? 0) * PAGE_BYTES) / 1_048_576,
  };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
