import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { SkippedTestsReporter } from './test/skipped-tests-reporter.ts'

/** `npm test` runs everything but the long campaigns, which have scripts of their own. */
export default defineConfig({
  test: {
    include: ['**/*.test.ts', '**/*.test.tsx'],
    exclude: ['**/node_modules/**', '**/dist/**', 'test/campaigns/**'],
    reporters: [new SkippedTestsReporter(), 'default'],
    // What hangs is ended; what is only slow, on a machine that does other things as well, is not.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    // A second try on CI only, and the report names whoever needed it: docs/decisions/2026-11-22-a-second-try-is-named.md.
    retry: process.env['CI'] === 'true' ? 1 : 0,
    pool: 'forks',
    // Files share a process: loading the schema library once per file would take longer than all the tests.
    isolate: false,
    // One more than there are processors: many tests wait for what the product gives others to do, without working.
    maxWorkers: Math.min(availableParallelism() + 1, 4),
  },
})
