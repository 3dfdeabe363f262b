import path from 'node:path';
import { checkedEndpoint } from '../../../endpoints/address.ts';
import type { Endpoint } from '../../../shared/domain/endpoints.ts';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { parseAlert } from '../../../shared/domain/alerts.ts';
import { hasEnded } from '../../../shared/domain/run-states.ts';
import { trainerName } from '../../../shared/domain/run-origin.ts';
import { foreignAlertMetrics, requireAlertMetrics } from '../../../shared/presentation/alert-metrics.ts';
import { formatCount, formatPercent } from '../../../shared/presentation/numbers.ts';
import { floorNote } from '../../../shared/presentation/output-floor.ts';
import { plural } from '../../../shared/presentation/words.ts';
import { createAlerts } from '../../../workbench/following/alerts.ts';
import { printedCurves, silentRules } from '../../../workbench/following/silent-alerts.ts';
import type { FlipMeterPoint } from '../../../shared/contract/views.ts';
import type { RunRecord } from '../../../shared/domain/entities.ts';
import { methodOfRun } from '../../../shared/presentation/methods.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import type { ExitStatus } from '../exit-status.ts';
import { plain } from '../terminal.ts';

export interface ForeignRunFlags {
  name?: string;
  base?: string;
  dataset?: string;
}
export interface WatchFlags extends ForeignRunFlags {
  suite?: string[];
  every?: number;
  alert?: string[];
  webhook?: string;
  through?: string;
  throughModel?: string;
  throughBase?: string;
  keyEnv?: string;
  site?: string;
}

/** `flipguard import run FOLDER` */
export async function importRun(context: CommandContext, folder: string, flags: ForeignRunFlags): Promise<void> {
  const workbench = await context.workbench();
  const { run, said } = await workbench.following.importRun(folder, flags, context.task);
  context.terminal.settle();
  context.terminal.document({ run, notes: said });
  context.terminal.print(await inWords(workbench, run));
  for (const sentence of said) context.terminal.note(plain(sentence));
}

const usualEverySeconds = 5;

/** `flipguard watch FOLDER` */
export async function watchCommand(context: CommandContext, folder: string, flags: WatchFlags): Promise<ExitStatus> {
  const { terminal } = context;
  const rules = (flags.alert ?? []).map(parseAlert);
  const through = throughOf(flags, flags.name ?? path.basename(path.resolve(folder)));
  if (through !== undefined && flags.site !== undefined)
    throw new WorkbenchError('bad-input', '--site and --through are two ways to evaluate.', { remedy: 'Choose one.' });
  const workbench = await context.workbench();
  if (flags.site !== undefined) await workbench.sites.find(flags.site);
  const say = (sentence: string) => terminal.note(plain(sentence));
  requireAlertMetrics(rules, foreignAlertMetrics(await printedCurves(folder))).forEach(say);
  const alerts = createAlerts(workbench.core, rules, { webhook: flags.webhook ?? null, say });
  let raised = 0;
  let shown = -1;
  const look = async (run: RunRecord, meter: readonly FlipMeterPoint[]) => {
    for (const { message } of await alerts.look(run, meter)) {
      raised += 1;
      say(message);
    }
  };
  const { run, meter } = await workbench.following.watch(
    folder,
    {
      name: flags.name,
      base: flags.base,
      dataset: flags.dataset,
      suites: flags.suite ?? [],
      through,
      site: flags.site,
      paceMs: (flags.every ?? usualEverySeconds) * 1000,
      say,
      async onGrown(grown, points) {
        if (grown.step !== shown)
          say(`“${grown.name}”: step ${grown.step}${grown.totalSteps === null ? '' : ` of ${grown.totalSteps}`}`);
        shown = grown.step;
        await look(grown, points);
      },
      async onEvaluated(evaluation, points, followed) {
        const { step, suiteName, right, wrong } = evaluation;
        say(
          `evaluated ${suiteName} at step ${step ?? 0}: ${formatCount(right)} right, ${formatCount(wrong)} wrong${flipsAt(points, suiteName, step)}`,
        );
        await look(followed, points);
      },
    },
    context.task,
  );
  terminal.settle();
  const silent = hasEnded(run.status) ? await silentRules(workbench.core, run, rules) : [];
  silent.forEach(say);
  terminal.document({ run, meter, alerts: raised, silent });
  terminal.print(await inWords(workbench, run));
  if (run.error !== null) say(`${run.error.message} ${run.error.remedy ?? ''}`);
  return raised > 0 ? exitStatus.no : exitStatus.ok;
}

/** The server that is asked for the weights of each step. */
function throughOf(flags: WatchFlags, name: string): ((step: number) => Endpoint | null) | undefined {
  const { through: url, throughModel = `${name}@{step}`, throughBase, keyEnv } = flags;
  if (url === undefined) {
    if ([flags.throughModel, throughBase, keyEnv].every((one) => one === undefined)) return undefined;
    throw new WorkbenchError('bad-input', '--through-model, --through-base and --key-env need --through.', {
      remedy: 'Add --through URL, the address of the server up to and including /v1.',
    });
  }
  if (!throughModel.includes('{step}')) {
    throw new WorkbenchError('bad-input', `--through-model ${throughModel} names one model for every checkpoint.`, {
      remedy: 'Put {step} where the number of the step is: --through-model "run@{step}".',
    });
  }
  const at = (model: string) => checkedEndpoint({ url, model, keyVariable: keyEnv ?? null });
  // Refused at once, and not at the first checkpoint.
  at(throughModel);
  return (step) => {
    if (step > 0) return at(throughModel.replaceAll('{step}', String(step)));
    return throughBase === undefined ? null : at(throughBase);
  };
}

function flipsAt(points: readonly FlipMeterPoint[], suiteName: string, step: number | null): string {
  const point = points.find((one) => one.suiteName === suiteName && one.step === step);
  if (point === undefined) return '';
  const { negative, n, nfr, floor } = point;
  return `; ${plural(negative, 'negative flip')} of ${formatCount(n)} (${formatPercent(nfr.low)} to ${formatPercent(nfr.high)}${floor === null ? '' : `; ${floorNote(floor)}`})`;
}

async function inWords({ core }: Workbench, run: RunRecord): Promise<string> {
  const checkpoints = (await core.store.listCheckpoints(run.id)).filter(({ state }) => state === 'present');
  const by = run.origin === undefined || run.origin === null ? '' : ` by ${trainerName(run.origin)}`;
  const steps = checkpoints.map(({ step }) => step).join(', ');
  const kept = checkpoints.length === 0 ? 'no checkpoint' : `${plural(checkpoints.length, 'checkpoint')} (${steps})`;
  return plain(
    `Run “${run.name}”: ${methodOfRun(run)}${by}, ${run.status} at step ${run.step}${run.totalSteps === null ? '' : ` of ${run.totalSteps}`}, ${kept}.`,
  );
}
