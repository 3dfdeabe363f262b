import type { FrontierPoint } from '../../../shared/contract/views.ts';
import { formatCount, formatNumber, formatPercent, formatPercentRange } from '../../../shared/presentation/numbers.ts';
import { studyTables } from '../../../shared/presentation/study-tables.ts';
import { findings } from '../../../workbench/comparing/findings.ts';
import { frontier } from '../../../workbench/comparing/frontier.ts';
import { runDemo } from '../../../workbench/demo/index.ts';
import type { DemoResult } from '../../../workbench/demo/index.ts';
import { runCurves } from '../../../workbench/studies/run-curves.ts';
import type { Task } from '../../../workbench/supervision/task.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import { table } from '../terminal.ts';

/** Ends with what broke and what was gained, methods where they have moved equally far, the report, and how to look at the samples. */
export async function demoCommand(
  { terminal, workbench, task, folder }: CommandContext,
  { quick = false, seed = 0 }: { quick?: boolean; seed?: number },
): Promise<void> {
  const opened = await workbench();
  const { reportId, runIds, suites, guarded } = await runDemo(opened, { quick, seed, task });
  const report = await opened.reports.fileOf(reportId);
  const { core, comparisons } = opened;
  const shown = await pointsOf(opened, suites, task);
  const runs = (await core.store.listRuns()).filter(({ id }) => runIds.includes(id));
  const curves = await runCurves(core, comparisons, runs.reverse(), task);
  const found = await findings(core, comparisons, null, task);
  terminal.settle();
  terminal.document({ reportId, runIds, report, guarded, curves });
  terminal.print(`What the trainings gained, and what they lost (words: suite “${suites.words}”):\n`);
  terminal.print(ends(shown, runIds));
  // The checks are in the order of their samples: words first.
  const [ratios] = curves === null ? [] : studyTables(curves);
  if (ratios !== undefined) {
    terminal.print('\nNegative flips over those of DPO, where both have moved equally far (words):\n');
    terminal.print(
      table(
        ratios.heads.slice(0, -2).map((head) => head.replace('#', '')),
        ratios.rows.map((row) => row.slice(0, -2)),
      ),
    );
  }
  terminal.print(
    [...(found?.sentences ?? []), ...(found?.details ?? [])].map((sentence) => `\n${sentence}`).join('') +
      `\n\nReport: ${report}\nLook at the samples: npx flipguard --workspace "${folder}" serve --open`,
  );
}

interface Points {
  words: FrontierPoint[];
  greedy: FrontierPoint[];
  sampled: FrontierPoint[];
}

async function pointsOf(
  { core, comparisons }: Workbench,
  { words, greedy, sampled }: DemoResult['suites'],
  task: Task,
): Promise<Points> {
  const of = (suite: string) => frontier(core, comparisons, suite, undefined, task);
  return { words: await of(words), greedy: await of(greedy), sampled: await of(sampled) };
}

/** Before training, each run at its last step, and the weights between; a demo has one of each name. */
function ends({ words, greedy, sampled }: Points, runIds: readonly string[]): string {
  const own = words.filter(({ runId, counts }) => (runId === null ? counts !== null : runIds.includes(runId)));
  const start = own.find(({ step }) => step === 0);
  const last = Map.groupBy(
    own.filter(({ step }) => step !== 0),
    ({ runName }) => runName,
  );
  const shown = [...last.values()].flatMap((steps) => steps.sort((a, b) => (b.step ?? 0) - (a.step ?? 0))[0] ?? []);
  const fell = (of: FrontierPoint[], { runName, step }: FrontierPoint) => {
    const counts = of.find((point) => point.runName === runName && point.step === step)?.counts;
    return counts == null ? '' : `${formatCount(counts.negative)} of ${formatCount(counts.n)}`;
  };
  const floor = sampled.find((point) => point.floor !== null)?.floor ?? null;
  return table(
    ['', 'Reward', 'KL', 'Lost', 'NFR', '95 % interval', 'Won', 'Sampled, fell', 'Greedy, fell'],
    [
      ['before training', reward(start), '', '', '', '', '', '', ''],
      ...(floor === null
        ? []
        : [
            [
              'sampled once more (floor)',
              ...['', '', '', '', '', ''],
              `${formatCount(Math.round(floor.nfr * floor.n))} of ${formatCount(floor.n)}`,
              '',
            ],
          ]),
      ...shown
        .reverse()
        .map((point) => [
          point.runName,
          reward(point),
          formatNumber(
            sampled.find(({ runName, step }) => runName === point.runName && step === point.step)?.kl ?? null,
          ),
          formatCount(point.counts?.negative ?? 0),
          formatPercent(point.nfr?.value ?? null),
          point.nfr === null ? '' : formatPercentRange(point.nfr),
          formatCount(point.counts?.positive ?? 0),
          fell(sampled, point),
          fell(greedy, point),
        ]),
    ],
  );
}

function reward(point: FrontierPoint | undefined): string {
  return point?.reward == null ? '–' : formatNumber(point.reward);
}
