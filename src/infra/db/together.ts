// One statement for all who ask or report the same kind of thing in the same moment: what a statement costs us is its
// round trip, not its rows. An input that the database refuses fails alone, and hurts nobody who travels with it.
import { gather } from '../../base/gather.ts';
import type { Db } from './client.ts';
import { isUnavailable } from './retry.ts';

type Result<Output> = { readonly value: Output } | { readonly error: unknown };

/** Two in flight, one for each core that the database surely has. */
const IN_FLIGHT = 2;
const LARGEST_BATCH = 200;

/**
 * Makes a function that runs single inputs together, those of each database by themselves.
 * @param run gives one output for each input, in order, in one statement; it may be run again for single inputs.
 */
export function together<Input, Output>(
  run: (db: Db, inputs: readonly Input[]) => Promise<readonly Output[]>,
): (db: Db, input: Input) => Promise<Output> {
  const gathered = new WeakMap<Db, (input: Input) => Promise<Result<Output>>>();
  return async (db, input) => {
    let gatheredHere = gathered.get(db);
    if (!gatheredHere) {
      const runHere = (inputs: readonly Input[]) => runApart(inputs, (some) => run(db, some));
      gatheredHere = gather({ largest: LARGEST_BATCH, inFlight: IN_FLIGHT, run: runHere });
      gathered.set(db, gatheredHere);
    }
    const result = await gatheredHere(input);
    if ('error' in result) throw result.error;
    return result.value;
  };
}

async function runApart<Input, Output>(
  inputs: readonly Input[],
  run: (inputs: readonly Input[]) => Promise<readonly Output[]>,
): Promise<Result<Output>[]> {
  try {
    const outputs = await run(inputs);
    return outputs.map((value) => ({ value }));
  } catch (error) {
    if (inputs.length === 1 || isUnavailable(error)) throw error;
  }
  const results: Result<Output>[] = [];
  for (const input of inputs) {
    results.push(
      await run([input]).then(
        ([value]) => ({ value: value as Output }),
        (error: unknown) => ({ error }),
      ),
    );
  }
  return results;
}
