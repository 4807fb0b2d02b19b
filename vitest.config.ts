// The test projects: which tests run together, with what patience.
// Must never let one project's slowness hide another's failure: each has its own timeout.
import { defineConfig } from 'vitest/config'

function project(name: string, testTimeout: number) {
  return {
    extends: true as const,
    test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout },
  }
}

export default defineConfig({
  test: {
    // Two cores are what the smallest machine has; more workers would only disturb timings.
    maxWorkers: 2,
    pool: 'forks',
    // A test without an assertion proves nothing.
    expect: { requireAssertions: true },
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    projects: [
      project('unit', 10_000),
      project('property', 120_000),
      project('simulation', 600_000),
      project('contract', 60_000),
      project('integration', 180_000),
      project('style', 60_000),
    ],
  },
})
