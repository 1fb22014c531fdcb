// Adds up, per suite, what passed, failed and was skipped and how long it took, and leaves that in a file for
// `npm test`, which prints it after everything else.
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** One suite's sums. The seconds are those of its files added up, though two may have run side by side. */
export type SuiteSum = {
  name: string;
  files: number;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
};

/** Writes a list of `SuiteSum` as JSON to the file. */
export function sumsReporter(file: string): Reporter {
  return {
    onTestRunEnd(modules) {
      const sums = new Map<string, SuiteSum>();
      for (const module of modules) {
        const name = module.project.name;
        const sum = sums.get(name) ?? { name, files: 0, passed: 0, failed: 0, skipped: 0, seconds: 0 };
        add(sum, module);
        sums.set(name, sum);
      }
      writeFileSync(file, JSON.stringify([...sums.values()]));
    },
  };
}

function add(sum: SuiteSum, module: TestModule): void {
  sum.files += 1;
  const times = module.diagnostic();
  const ms = times.duration + times.collectDuration + times.setupDuration + times.prepareDuration;
  sum.seconds += ms / 1000;
  let failed = 0;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') sum.passed += 1;
    else if (state === 'failed') failed += 1;
    else sum.skipped += 1;
  }
  // A file that could not be read, or whose set-up failed, has no failed test but is a failure.
  sum.failed += failed === 0 && module.state() === 'failed' ? 1 : failed;
}
