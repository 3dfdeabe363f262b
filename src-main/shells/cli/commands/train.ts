import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import type { RunRecord } from '../../../shared/domain/entities.ts';
import { parseAlert, ruleText } from '../../../shared/domain/alerts.ts';
import { WorkbenchError, reportOf } from '../../../shared/domain/errors.ts';
import { withoutUsual } from '../../../shared/domain/spec-defaults.ts';
import type { StepMetrics } from '../../../shared/domain/metrics.ts';
import type { ShownEvent } from '../../../shared/domain/trainer-events.ts';
import { request } from '../../../workbench/contract/dispatch.ts';
import { parseAssignment, withValue } from '../../../workbench/runs/spec-changes.ts';
import type { SpecDifference } from '../../../workbench/runs/spec-changes.ts';
import { specObject } from '../../../workbench/runs/spec-text.ts';
import type { SpecInput } from '../../../workbench/runs/spec-text.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import { endpointOrigin } from '../../../system/endpoints.ts';
import { hasEnded } from '../../../shared/domain/run-states.ts';
import type { CommandContext } from '../context.ts';
import type { TrainFlags } from '../options/runs.ts';
import { exitStatus } from '../exit-status.ts';
import type { ExitStatus } from '../exit-status.ts';
import { plain } from '../terminal.ts';
import { progressText } from '../../../shared/presentation/progress.ts';
import { formatCount, formatNumber, formatPercent } from '../../../shared/presentation/numbers.ts';
import { leave, requireSite, showSubmission, tellJob } from './at-site.ts';
import { tellSpecWarnings } from './warnings.ts';

export async function trainCommand(context: CommandContext, file: string, options: TrainFlags): Promise<ExitStatus> {
  requireSite(options);
  const input = withAlerts(withAssignments({ yaml: await readSpec(file) }, options.set ?? []), options.alert ?? []);
  const workbench = await context.workbench();
  sendAlerts(context, workbench, options);
  if (options.dryRun === true) return showSubmission(context, workbench, [input], options, file);
  tellSpecWarnings(context, [input], file);
  const run = await workbench.runs.launch(input, { file, site: options.site });
  return options.detach === true ? leave(context, workbench, [run]) : follow(context, workbench, run);
}

export async function resumeCommand(context: CommandContext, name: string): Promise<ExitStatus> {
  const workbench = await context.workbench();
  const run = await workbench.runs.find(name);
  return follow(context, workbench, await workbench.runs.resume(run.id));
}

export async function relaunchCommand(context: CommandContext, name: string, options: TrainFlags): Promise<ExitStatus> {
  if (options.detach === true) requireSite(options);
  const workbench = await context.workbench();
  const parent = await workbench.runs.find(name);
  const input = withAlerts(
    withAssignments({ spec: { ...withoutUsual(parent.spec) } }, options.set ?? []),
    options.alert ?? [],
  );
  sendAlerts(context, workbench, options);
  const check = await workbench.runs.check(input, parent.id);
  const difference = describeDifference(check.difference ?? []);
  if (options.dryRun !== true) {
    context.terminal.note(difference);
    tellSpecWarnings(context, [input]);
    const run = await workbench.runs.launch(input, { parentRunId: parent.id, site: options.site });
    return options.detach === true ? leave(context, workbench, [run]) : follow(context, workbench, run);
  }
  if (!check.ok)
    throw new WorkbenchError('bad-input', check.issues.map(({ path: at, message }) => `${at}: ${message}`).join('\n'));
  const { warnings } = check;
  context.terminal.document({ parent: parent.id, difference: check.difference, warnings });
  context.terminal.print(difference);
  if (options.site === undefined) tellSpecWarnings(context, [input]);
  return options.site === undefined ? exitStatus.ok : showSubmission(context, workbench, [input], options);
}

export async function stopCommand({ workbench, terminal }: CommandContext, name: string): Promise<void> {
  const { runs } = await workbench();
  const run = await runs.find(name);
  await runs.ask(run.id, 'stop');
  terminal.document({ runId: run.id, asked: 'stop' });
  terminal.print(`Run “${run.name}” stops after the step at hand.`);
}

export async function readSpec(file: string): Promise<string> {
  try {
    return await readFile(path.resolve(file), 'utf8');
  } catch (cause) {
    throw new WorkbenchError('not-found', `There is no spec at ${file}.`, { cause, place: { file } });
  }
}

/** An assignment takes precedence over the file; without any, the text stays as it is, for line numbers in messages. */
export function withAssignments(input: SpecInput, assignments: readonly string[]): SpecInput {
  if (assignments.length === 0) return input;
  const changes = assignments.map(parseAssignment);
  return { spec: changes.reduce((spec, { path: at, value }) => withValue(spec, at, value), specObject(input)) };
}

/** Rules of the command line besides those of the spec. */
function withAlerts(input: SpecInput, rules: readonly string[]): SpecInput {
  if (rules.length === 0) return input;
  const spec = specObject(input);
  const limits = typeof spec['limits'] === 'object' && spec['limits'] !== null ? spec['limits'] : {};
  const known: unknown[] = 'alerts' in limits && Array.isArray(limits.alerts) ? limits.alerts : [];
  return {
    spec: { ...spec, limits: { ...limits, alerts: [...known, ...rules.map((rule) => ruleText(parseAlert(rule)))] } },
  };
}

function sendAlerts({ terminal }: CommandContext, { alerts }: Workbench, { webhook }: TrainFlags): void {
  if (webhook !== undefined) endpointOrigin(webhook);
  alerts.sendTo(webhook ?? null, (sentence) => terminal.note(plain(sentence)));
}

export function describeDifference(difference: SpecDifference): string {
  if (difference.length === 0) return 'No difference to the parent.';
  return difference.map(({ path: at, from, to }) => `${at}: ${flow(from)} → ${flow(to)}`).join('\n');
}

function flow(value: unknown): string {
  return stringify(value ?? null, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}

async function follow(context: CommandContext, workbench: Workbench, run: RunRecord): Promise<ExitStatus> {
  const { status, ended } = await followRun(context, workbench, run);
  const evaluations = await request(workbench.handle, 'evaluations.list', { runId: ended.id });
  const sources = await sourcesSeen(context, workbench, ended);
  context.terminal.document({ run: ended, evaluations, ...(sources.length === 0 ? {} : { sources }) });
  return status;
}

/** What a mixture came to: the share of each dataset among the samples that were trained on. */
async function sourcesSeen({ terminal }: CommandContext, { core }: Workbench, run: RunRecord) {
  const sources = await core.store.runSources(run.id, 10);
  for (const { name, weight, samplesSeen, share } of sources) {
    terminal.print(`  ${plain(name)} (weight ${weight}): ${samplesSeen} samples seen, ${formatPercent(share)} of all`);
  }
  return sources.map(({ series: _series, ...seen }) => seen);
}

/** Shows a run until it ends. Ctrl-C stops it after the step at hand, with a checkpoint. */
export async function followRun(
  context: CommandContext,
  workbench: Workbench,
  run: RunRecord,
): Promise<{ status: ExitStatus; ended: RunRecord }> {
  const { terminal } = context;
  terminal.note(`Run “${plain(run.name)}” (${run.id})`);
  const site = await workbench.sites.siteOf(run);
  const left = Promise.withResolvers<RunRecord>();
  const ask = () =>
    workbench.runs.ask(run.id, 'stop').catch((error: unknown) => terminal.note(plain(reportOf(error).message)));
  // A run at a site needs nobody here: Ctrl-C leaves it to itself.
  const interrupt = site === null ? ask : () => left.resolve(run);
  context.onInterrupt(interrupt);
  if (context.task.signal.aborted) interrupt();
  const stopTelling = site === null ? () => {} : tellJob(context, workbench, run.id);
  let total = run.totalSteps;
  const unsubscribe = workbench.subscribe((event) => {
    if (event.topic === 'alert' && event.alert.runId === run.id) terminal.note(plain(event.alert.message));
    if (event.topic !== 'run-events' || event.runId !== run.id) return;
    for (const one of event.events) {
      if (one.type === 'started') total = one.totalSteps;
      showEvent(context, one, total);
    }
  });
  const ended = await Promise.race([workbench.runs.ended(run.id), left.promise]);
  await workbench.alerts.settled().finally(unsubscribe);
  stopTelling();
  terminal.settle();
  if (site !== null && !hasEnded(ended.status)) {
    terminal.note(plain(`The run continues at “${site}”. flipguard stop “${run.name}” ends it with a checkpoint.`));
    return { status: exitStatus.ok, ended };
  }
  return { status: conclude(context, workbench, ended), ended };
}

function showEvent({ terminal }: CommandContext, event: ShownEvent, total: number | null): void {
  switch (event.type) {
    case 'started':
      terminal.note(
        plain(`${event.backend.name} on ${event.backend.device}, ${formatCount(event.trainable)} trainable parameters`),
      );
      if (event.backend.warning !== undefined) terminal.note(plain(event.backend.warning));
      break;
    case 'progress':
      terminal.progress(progressText(event), event.done / Math.max(1, event.total), event.etaMs);
      break;
    case 'step':
      terminal.progress(`step ${event.step}${stepNumbers(event.metrics)}`, total === null ? null : event.step / total);
      break;
    case 'evaluation-done':
      terminal.note(
        plain(`evaluated ${event.mark.suiteName} at step ${event.mark.step}: ${formatCount(event.samples)} samples`),
      );
      break;
    case 'checkpoint':
      terminal.note(plain(`checkpoint ${event.checkpoint.path}`));
      break;
    case 'log':
      terminal.note(plain(event.message));
      break;
    default:
      break;
  }
}

function stepNumbers(metrics: Readonly<StepMetrics>): string {
  const shown = ['loss', 'rewards/margins', 'guard/firing_rate'] as const;
  const parts = shown.flatMap((name) =>
    metrics[name] === undefined ? [] : [`${name} ${formatNumber(metrics[name])}`],
  );
  return parts.length === 0 ? '' : ` · ${parts.join(' · ')}`;
}

function conclude({ terminal }: CommandContext, workbench: Workbench, run: RunRecord): ExitStatus {
  terminal.print(
    `Run “${plain(run.name)}” ${run.status} at step ${run.step}. Folder: ${path.resolve(workbench.core.layout.root, run.folder)}`,
  );
  if (run.error !== null) {
    terminal.note(plain(run.error.message));
    if (run.error.remedy !== undefined) terminal.note(plain(run.error.remedy));
    return exitStatus.failure;
  }
  if (run.status === 'finished') return exitStatus.ok;
  terminal.note(plain(`flipguard resume “${run.name}” continues from there.`));
  return exitStatus.failure;
}
