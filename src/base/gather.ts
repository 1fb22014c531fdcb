// Concurrent callers share one round trip: whoever calls while a batch is under way goes with the next one. Each caller
// gets its own result, or the error of the whole batch.
import { atTracePlace, type TracePlace, tracePlace, withoutTrace } from './trace.ts';

type Waiting<Input, Output> = {
  readonly input: Input;
  readonly place: TracePlace;
  readonly resolve: (output: Output) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Makes a function that runs single inputs together.
 * @param options.run gives one output for each input of a batch, in order.
 * @param options.largest the most inputs in a batch.
 * @param options.inFlight the most batches under way at once.
 */
export function gather<Input, Output>(options: {
  largest: number;
  inFlight: number;
  run: (inputs: readonly Input[]) => Promise<readonly Output[]>;
}): (input: Input) => Promise<Output> {
  let waiting: Waiting<Input, Output>[] = [];
  let underWay = 0;
  let planned = false;

  const plan = () => {
    if (planned || underWay >= options.inFlight) return;
    planned = true;
    // At the end of the present turn, so that all who call in it go together.
    setImmediate(() => {
      planned = false;
      while (waiting.length > 0 && underWay < options.inFlight) {
        const batch = waiting.slice(0, options.largest);
        waiting = waiting.slice(options.largest);
        underWay++;
        void send(batch);
      }
    });
  };

  const send = async (batch: readonly Waiting<Input, Output>[]) => {
    try {
      const outputs = await inTrace(batch, () => options.run(batch.map(({ input }) => input)));
      if (outputs.length !== batch.length) throw new Error('a batch did not give one output for each input');
      for (const [at, { resolve }] of batch.entries()) resolve(outputs[at] as Output);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    underWay--;
    if (waiting.length > 0) plan();
  };

  return (input) =>
    new Promise((resolve, reject) => {
      waiting.push({ input, place: tracePlace(), resolve, reject });
      plan();
    });
}

/** A batch of one is about its caller; what several share is about none of them. */
function inTrace<T>(batch: readonly { readonly place: TracePlace }[], run: () => T): T {
  const [only, ...others] = batch;
  return only && others.length === 0 ? atTracePlace(only.place, run) : withoutTrace(run);
}
