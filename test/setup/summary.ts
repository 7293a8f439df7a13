/**
 * Ends a test run with the reasons of skipped tests and one line that a script can read:
 * `N passed, N failed`, and `, N skipped` where there are any.
 */
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const lines = tests.flatMap(skipReason);
    // Something thrown outside any test, an import that failed above all, is a failure too.
    const failedModules = modules.filter((module) => module.errors().length > 0).length;
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const passed = count('passed');
    const failed = count('failed') + failedModules + errors.length;
    const skipped = tests.length - passed - count('failed');
    lines.push(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    // Vitest's own reporter writes its summary after this call, and exit listeners run after that.
    process.once('exit', () => process.stdout.write(`${lines.join('\n')}\n`));
  }
}

/** Tests left out by a filter on the command line have no note, and need none. */
function skipReason(test: TestCase): string[] {
  const result = test.result();
  if (result.state !== 'skipped' || result.note === undefined) return [];
  return [`skipped: ${test.fullName}: ${result.note}`];
}
