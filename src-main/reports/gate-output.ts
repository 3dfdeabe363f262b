import { checkFigures } from './gate-check.ts';
import type { GateCheck, GateOutcome } from './gate-check.ts';
import type { GateVerdict } from './gate.ts';
import { inline, table } from './markdown-text.ts';
import { formatCount, formatLevel } from '../shared/presentation/numbers.ts';
import { comparisonName } from '../shared/presentation/names.ts';
import { visible } from './visible-text.ts';

const outcomeWords: Record<GateOutcome, string> = {
  pass: '✓ passed',
  fail: '✗ failed',
  undecided: '? could not be decided',
};

/** A summary fit for a pull-request comment. */
export function gateMarkdown(verdict: GateVerdict): string {
  const rows = verdict.checks.map((check) => {
    const { value, interval, limit } = checkFigures(check);
    return [check.name, value, interval, limit, outcomeWords[check.outcome]];
  });
  return `${[
    `### FlipGuard gate: ${outcomeWords[verdict.outcome]}`,
    `${inline(comparisonName(verdict.left, verdict.right))}, ${formatCount(verdict.paired)} paired samples`,
    ...(verdict.cannot === null ? [] : [inline(verdict.cannot)]),
    table(['check', '>value', '>interval', '>limit', 'outcome'], rows),
    verdict.checks.map(({ reason }) => `- ${inline(reason)}`).join('\n'),
    `Judged on the bounds of the ${formatLevel(verdict.level)} intervals.`,
  ].join('\n\n')}\n`;
}

/** JUnit XML: one case a check; a broken limit is a failure, an undecided one an error. */
export function gateJUnit(verdict: GateVerdict): string {
  const countOf = (outcome: GateOutcome) => verdict.checks.filter((check) => check.outcome === outcome).length;
  const suite = `name="flipguard gate" tests="${verdict.checks.length}" failures="${countOf('fail')}" errors="${countOf('undecided')}" skipped="0"`;
  const pair = xml(comparisonName(verdict.left, verdict.right));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${suite}>`,
    `  <testsuite ${suite}>`,
    ...verdict.checks.map((check) => junitCase(check, pair)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function junitCase({ name, outcome, reason }: GateCheck, pair: string): string {
  const head = `    <testcase classname="${pair}" name="${name}"`;
  if (outcome === 'pass') return `${head}><system-out>${xml(reason)}</system-out></testcase>`;
  const element = outcome === 'fail' ? 'failure' : 'error';
  return `${head}><${element} message="${xml(reason)}"/></testcase>`;
}

/** `visible` has named the control characters that XML 1.0 cannot hold. */
function xml(text: string): string {
  return visible(text).replace(/[&<>"'\n\t\uFFFE\uFFFF]/g, (character) =>
    character >= '\uFFFE' ? '\uFFFD' : `&#${character.charCodeAt(0)};`,
  );
}
