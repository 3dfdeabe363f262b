import { formatCount, formatNumber, formatPercent, formatPercentRange } from '../../../shared/presentation/numbers.ts';
import type { FrontierPoint, MitigationLedger } from '../../../shared/contract/views.ts';
import { runDemo } from '../../../workbench/demo/index.ts';
import { frontier } from '../../../workbench/comparing/frontier.ts';
import { mitigationLedger } from '../../../workbench/comparing/guard-sets.ts';
import type { CommandContext } from '../context.ts';
import { table } from '../terminal.ts';

/** Ends with what broke and what was gained, the report that it wrote, and how to look at the samples. */
export async function demoCommand(
  { terminal, workbench, task, folder }: CommandContext,
  { quick = false, seed = 0 }: { quick?: boolean; seed?: number },
): Promise<void> {
  const opened = await workbench();
  const { reportId, runIds, suite, guarded } = await runDemo(opened, { quick, seed, task });
  const report = await opened.reports.fileOf(reportId);
  const { core, comparisons } = opened;
  const ledgers =
    guarded === null ? [] : await mitigationLedger(core, comparisons, guarded.guardSetId, guarded.runId, task);
  const points = await frontier(core, comparisons, suite, undefined, task);
  terminal.settle();
  terminal.document({ reportId, runIds, report, guarded });
  terminal.print(`What the trainings gained, and which of the words they lost (suite “${suite}”):\n`);
  terminal.print(ends(points, runIds));
  terminal.print(
    '\nWho gained less also moved less: the report compares at equal reward, under “Methods at equal reward or KL”.' +
      ledgers.map(mitigation).join('') +
      `\n\nReport: ${report}\nLook at the samples: npx flipguard --workspace "${folder}" serve --open`,
  );
}

function mitigation({ guardSet, repaired, stillBroken, newlyBroken }: MitigationLedger): string {
  return `\nRelaunched with the guard set “${guardSet}”: ${formatCount(repaired)} of ${formatCount(repaired + stillBroken)} came back, ${formatCount(newlyBroken)} others were lost.`;
}

/** Before training, each run at its last step, and the weights between; a demo has one of each name. */
function ends(points: readonly FrontierPoint[], runIds: readonly string[]): string {
  const own = points.filter(({ runId, counts }) => (runId === null ? counts !== null : runIds.includes(runId)));
  const start = own.find(({ step }) => step === 0);
  const last = Map.groupBy(
    own.filter(({ step }) => step !== 0),
    ({ runName }) => runName,
  );
  const shown = [...last.values()].flatMap((steps) => steps.sort((a, b) => (b.step ?? 0) - (a.step ?? 0))[0] ?? []);
  return table(
    ['', 'Reward', 'Lost', 'NFR', '95 % interval', 'Won'],
    [
      ['before training', reward(start), '', '', '', ''],
      ...shown
        .reverse()
        .map((point) => [
          point.runName,
          reward(point),
          formatCount(point.counts?.negative ?? 0),
          formatPercent(point.nfr?.value ?? null),
          point.nfr === null ? '' : formatPercentRange(point.nfr),
          formatCount(point.counts?.positive ?? 0),
        ]),
    ],
  );
}

function reward(point: FrontierPoint | undefined): string {
  return point?.reward == null ? '–' : formatNumber(point.reward);
}
