import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'
import { SkippedTestsReporter } from './test/skipped-tests-reporter.ts'

/** `npm test` runs everything but the long campaigns, which have scripts of their own. */
export default defineConfig({
  test: {
    include: ['**/*.test.ts', '**/*.test.tsx'],
    exclude: ['**/node_modules/**', '**/dist/**', 'test/campaigns/**'],
    reporters: [new SkippedTestsReporter(), 'default'],
    // What hangs is ended; what is only slow, on a machine that does other things as well (thirty times slower for a minute has been seen), is
    // not. So a file says a limit of its own only where it needs a longer one.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
    // A second try on CI only, and the report names whoever needed it: docs/decisions/2026-11-22-a-second-try-is-named.md.
    retry: process.env['CI'] === 'true' ? 1 : 0,
    // What was made of a source is kept, by what it says, until the packages change: one file of tests begins in half the time.
    experimental: { fsModuleCache: true },
    sequence: { sequencer: LongestFirst },
    pool: 'forks',
    // Files share a process: loading the schema library once per file would take longer than all the tests.
    isolate: false,
    // Two more than there are processors: a third of the time, and more, tests wait for what the product gives others to do, without working.
    maxWorkers: Math.min(availableParallelism() + 2, 6),
  },
})
