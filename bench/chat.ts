// The chat answer: `/balance` by webhook until the sandbox sees the message, against a bare telegraf bot that only
// echoes, on the same sandbox and under the same load, one after the other in one run.
import { type Rig, startRig } from '../scripts/rig.ts';
import { type Figures, IN_FLIGHT, measureAnswers, measureEcho, PEOPLE } from './echo.ts';
import { report } from './report.ts';

async function measureOurs(rig: Rig): Promise<Figures> {
  const phones = await rig.people(PEOPLE);
  return measureAnswers(phones, (phone) => phone.ask('/balance', /sat/));
}

const echo = await measureEcho();
// Neither has a proxy before it: a bot is measured beside a bot.
const rig = await startRig({ bots: 1, front: false });
try {
  const ours = await measureOurs(rig);
  await rig.checkBooks();
  const figures = (name: string, { perSecond, p50Ms }: Figures) =>
    `${name}: ${perSecond.toFixed(0)} answers a second at ${IN_FLIGHT} in flight, ${p50Ms.toFixed(2)} ms alone`;
  report(
    'chat',
    [
      { name: 'ratio_to_echo', value: ours.perSecond / echo.perSecond, goal: 0.5, better: 'higher' },
      { name: 'p50_over_echo_ms', value: ours.p50Ms - echo.p50Ms, goal: 5, better: 'lower' },
    ],
    [figures('echo', echo), figures('ours', ours)],
  );
} finally {
  await rig.end();
}
