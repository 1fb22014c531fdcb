// What breaks in a run: processes that die or freeze, stores that forget, nodes that stop, hang or fall silent, and lines
// between any two parts that are cut, or that lose the answers, or everything.
import type { Fault } from './plan.ts';
import type { Process, Surroundings } from './processes.ts';

type Targets = Surroundings & { readonly bots: readonly Process[]; readonly workers: readonly Process[] };

const LONGEST_RESTART_MS = 10_000;

/** Lets one fault of a plan happen, now. */
export function strike(fault: Fault, targets: Targets): void {
  const { machine, server, redis, broker, nodes, bots, workers } = targets;
  const { trouble, which, forMs, calls, when, part } = fault;
  machine.say(`fault: ${wordsOf(fault)}`);
  const of = <T>(list: readonly T[]) => list[which % list.length] as T;
  switch (trouble) {
    case 'bot-dies':
      of(bots).life.fuse = { calls, when };
      break;
    case 'worker-dies':
      of(workers).life.fuse = { calls, when };
      break;
    case 'bot-freezes':
      of(bots).life.frozenUntil = machine.now + forMs;
      break;
    case 'worker-freezes':
      of(workers).life.frozenUntil = machine.now + forMs;
      break;
    case 'redis-wiped':
      redis.wipe();
      break;
    case 'queue-wiped':
      broker.wipe();
      break;
    case 'postgres-restarts':
      machine.join(server.restart(Math.min(forMs, LONGEST_RESTART_MS)));
      break;
    case 'node-restarts':
      of(nodes).stop(forMs);
      break;
    case 'node-hangs':
      of(nodes).hungUntil = machine.now + forMs;
      break;
    case 'node-forgets-streams':
      of(nodes).forgetListeners();
      break;
    case 'cut':
    case 'deaf':
    case 'silent': {
      const everyone = [...bots, ...workers].map(({ life }) => life.name);
      const who = which === 0 ? '*' : of(everyone);
      machine.links.set(`${who}>${part}`, { state: trouble, until: machine.now + forMs });
    }
  }
}

function wordsOf({ trouble, which, part, forMs, calls, when }: Fault): string {
  if (trouble.endsWith('-dies')) return `${trouble} (number ${which}, ${when} its call ${calls})`;
  if (trouble.endsWith('-wiped') || trouble.endsWith('-streams')) return trouble;
  const isLine = trouble === 'cut' || trouble === 'deaf' || trouble === 'silent';
  return `${trouble} (number ${which}${isLine ? `, ${part}` : ''}) for ${forMs} ms`;
}
