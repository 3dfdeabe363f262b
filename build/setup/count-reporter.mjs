// A vitest reporter that writes what `npm test` closes with: how many passed, failed and were skipped, and why they were skipped.
import fs from 'node:fs';
import path from 'node:path';

export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: 0, skipped: 0, skips: [], failures: [] };
    for (const module of modules) {
      const file = path.relative(process.cwd(), module.moduleId);
      // A file that fails before its first test has no test to count.
      if (module.errors().length > 0) fail(counts, `${file} could not be loaded`);
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') counts.passed += 1;
        else if (state === 'failed') fail(counts, `${file}: ${test.fullName}`);
        else {
          counts.skipped += 1;
          counts.skips.push({ file, reason: reasonOf(test) });
        }
      }
      for (const suite of module.children.allSuites())
        if (suite.errors().length > 0) fail(counts, `${file}: ${suite.fullName} (set-up)`);
    }
    for (const error of unhandledErrors) fail(counts, `unhandled: ${error.message}`);
    fs.writeFileSync(process.env.FLIPGUARD_TEST_COUNTS, JSON.stringify(counts));
  }
}

function fail(counts, what) {
  counts.failed += 1;
  counts.failures.push(what);
}

/** `context.skip('reason')`, or "(skipped: reason)" in the title of the test or of a suite around it. */
function reasonOf(test) {
  const { note } = test.result();
  return (
    note ??
    /\(skipped: ([^)]+)\)/.exec(test.fullName)?.[1] ??
    (suiteFailed(test) ? 'its suite failed in set-up' : 'no reason given')
  );
}

function suiteFailed(test) {
  for (let parent = test.parent; parent?.type === 'suite'; parent = parent.parent)
    if (parent.errors().length > 0) return true;
  return false;
}
