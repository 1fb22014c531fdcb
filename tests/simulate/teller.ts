// Entry of a process that tells one plan after the other: its own time and chance are the run's, so it does nothing else.
// Plans come and outcomes go by messages of its parent.
import './hooks.ts';
import { install } from './virtual.ts';

install();
const { runPlan } = await import('./run.ts');

export type Asked = {
  readonly plan: Parameters<typeof runPlan>[0];
  readonly databaseUrl: string;
  readonly watch: boolean;
  readonly settlingMs: number | undefined;
};
export type Told = { readonly outcome: Awaited<ReturnType<typeof runPlan>> } | { readonly fault: string };

process.on('message', ({ plan, databaseUrl, watch, settlingMs }: Asked) => {
  const seen = watch ? (line: string) => void process.stderr.write(`${line}\n`) : undefined;
  runPlan(plan, databaseUrl, { watch: seen, settlingMs })
    .then((outcome) => tell({ outcome }))
    .catch((error: Error) => tell({ fault: error.stack ?? error.message }));
});
process.on('disconnect', () => process.exit());

function tell(told: Told): void {
  process.send?.(told);
}
