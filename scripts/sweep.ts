// `npm run sweep -- --dry-run`: what everybody has, and what would be sent where. Without the flag it starts those payments;
// a worker sends them, and running it again pays nobody twice. Reads a bot's variables. docs/RUNBOOK.md: Wind-down.

import { loadConfig } from '../src/base/config.ts';
import { Refusal } from '../src/base/errors.ts';
import { refuseAnotherDatabase } from '../src/flows/life.ts';
import { type SweepHindrance, sweepLines, sweepOne } from '../src/flows/sweep-out.ts';
import { makeWorld, type World } from '../src/world.ts';

const WHY: Record<SweepHindrance, string> = {
  not_named: 'has not named where (/sweepto)',
  ran_out: 'what they named has run out (/sweepto again)',
  used: 'what they named is paid or being paid; the rest needs another (/sweepto again)',
  too_little: 'too little to be sent over Lightning with its fee',
};

try {
  const args = process.argv.slice(2);
  if (args.some((each) => each !== '--dry-run')) throw new Error('npm run sweep [-- --dry-run]');
  const world = await makeWorld('bot', loadConfig('bot'), () => {});
  try {
    await refuseAnotherDatabase(world);
    process.exitCode = await sweep(world, args.length > 0);
  } finally {
    await world.close();
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
// Connections of libraries may linger; everything is done.
process.exit();

async function sweep(world: World, isDry: boolean): Promise<number> {
  const total = { people: 0, owedMsat: 0n, paid: 0, paidMsat: 0n, refused: 0 };
  for await (const line of sweepLines(world)) {
    const { userId, availableMsat, heldMsat, amountMsat, hindrance } = line;
    total.people++;
    total.owedMsat += availableMsat + heldMsat;
    const has = `${userId} has ${availableMsat} msat${heldMsat > 0n ? ` and ${heldMsat} msat on hold` : ''}`;
    if (hindrance) {
      console.log(`${has}: ${WHY[hindrance]}`);
      continue;
    }
    const how = isDry ? `${amountMsat} msat would be sent` : await begun(() => sweepOne(world, line), amountMsat);
    if (how === undefined) total.refused++;
    else {
      total.paid++;
      total.paidMsat += amountMsat;
    }
    console.log(`${has}: ${how ?? 'REFUSED, see above'}`);
  }
  const verb = isDry ? 'would be paid' : 'are being paid';
  console.log(`${total.people} have ${total.owedMsat} msat; ${total.paid} of them ${verb} ${total.paidMsat} msat.`);
  return total.refused === 0 ? 0 : 1;
}

async function begun(start: () => Promise<string>, amountMsat: bigint): Promise<string | undefined> {
  try {
    return `payment ${await start()} of ${amountMsat} msat is begun`;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    console.log(`refused: ${error.code}`);
    return undefined;
  }
}
