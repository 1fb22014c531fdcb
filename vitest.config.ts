// How the tests run: every folder of tests/ is a suite; at most two files at once, since the machine has two cores;
// the heavy suites one file at a time and last. Coverage is asked for by `npm test`, which holds its limits.
import { defineConfig } from 'vitest/config';
import { sumsReporter } from './scripts/test/reporter.ts';
import { type Suite, suites } from './scripts/test/suites.ts';

const sumsFile = process.env.TEST_SUMS_FILE;

export default defineConfig({
  test: {
    reporters: ['default', ...(sumsFile ? [sumsReporter(sumsFile)] : [])],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // A test that leaves something running is told so.
    teardownTimeout: 10_000,
    projects: suites().map(project),
    coverage: {
      provider: 'v8',
      reportOnFailure: true,
      include: ['src/**/*.ts', 'workers/**/*.ts'],
      exclude: ['**/generated/**'],
      reporter: ['text-summary', ['text', { file: 'lines.txt', maxCols: 200 }], 'json-summary'],
      thresholds: {
        lines: 90,
        'src/domain/**': { lines: 95 },
        'src/flows/**': { lines: 95 },
        'src/infra/db/ledger*.ts': { lines: 95 },
      },
    },
  },
});

function project({ name, include, turn, database }: Suite) {
  const alone = { fileParallelism: false, maxWorkers: 1, testTimeout: 120_000, hookTimeout: 300_000 };
  // Files on real nodes share one process, and in it one network.
  const shared = turn === 2 ? { isolate: false } : {};
  return {
    extends: true as const,
    test: {
      name,
      include,
      pool: 'forks' as const,
      globalSetup: database ? ['tests/support/database.ts'] : [],
      sequence: { groupOrder: turn },
      ...(turn === 0 ? { maxWorkers: 2 } : { ...alone, ...shared }),
    },
  };
}
