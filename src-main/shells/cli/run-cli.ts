import path from 'node:path';
import { CommanderError } from 'commander';
import { reportOf } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { WorkbenchOptions } from '../../workbench/create-workbench.ts';
import type { Workbench } from '../../workbench/workbench.ts';
import { defaultWorkspaceFolder } from '../../workbench/workspace/workspace-layout.ts';
import type { Command, CommandContext } from './context.ts';
import { exitStatus, statusOf } from './exit-status.ts';
import type { ExitStatus } from './exit-status.ts';
import { createProgram } from './program.ts';
import { asFileError } from '../../workbench/workspace/file-errors.ts';
import { allowPrograms } from '../../system/programs.ts';
import { allowEndpoints } from '../../system/endpoints.ts';
import { installLastResort, noteDefect } from '../defects.ts';
import { watchLauncher } from './launcher-watch.ts';
import { createTerminal, plain } from './terminal.ts';
import type { Streams, Terminal } from './terminal.ts';

/** Runs one command line; answers its exit status. Nothing is thrown. */
export async function runCli(
  args: readonly string[],
  streams: Streams,
  /** How children that train are started; by default as processes of Node. */
  launchTrainer?: WorkbenchOptions['launchTrainer'],
): Promise<ExitStatus> {
  let status: ExitStatus = exitStatus.ok;
  const program = createProgram({
    streams,
    async run(options, command, ...commandArgs) {
      status = await runCommand({ streams, options, launchTrainer }, command, commandArgs);
    },
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitStatus.ok;
    // Commander has printed its own message, for people; whoever reads stdout gets it as any other error.
    const isHelp = error.code === 'commander.help';
    const message = isHelp ? 'A command is missing.' : error.message.replace(/^error: /, '');
    const report: ErrorReport = { code: 'bad-input', message, remedy: 'flipguard --help lists the commands.' };
    createTerminal(streams, args.includes('--json')).document({ error: report });
    return exitStatus.input;
  }
  return status;
}

export interface GlobalOptions {
  workspace?: string;
  json?: boolean;
  allowEndpoint?: string[];
  allowCommand?: string[];
}

interface Invocation {
  streams: Streams;
  options: GlobalOptions;
  launchTrainer: WorkbenchOptions['launchTrainer'] | undefined;
}

async function runCommand<Args extends unknown[]>(
  { streams, options, launchTrainer }: Invocation,
  command: Command<Args>,
  args: Args,
): Promise<ExitStatus> {
  const terminal = createTerminal(streams, options.json === true);
  const interrupts = watchInterrupts(terminal, streams.env);
  let opened: Promise<Workbench> | null = null;
  const folder =
    options.workspace === undefined ? defaultWorkspaceFolder(streams.env) : path.resolve(options.workspace);
  const context: CommandContext = {
    terminal,
    get input() {
      return streams.stdin;
    },
    folder,
    task: { signal: interrupts.signal, progress: terminal.progress },
    workbench: () =>
      (opened ??= openWorkbench(folder, launchTrainer).then((workbench) => {
        const { hindrance } = workbench.core;
        if (hindrance !== null) printHindrance(terminal, hindrance);
        return workbench;
      })),
    launchTrainer: async () => launchTrainer ?? (await import('../../trainer/node-child.ts')).launchNodeTrainer,
    onInterrupt: interrupts.handle,
    interrupted: interrupts.asked,
  };
  // A command whose promise nobody took has not done what it says.
  let defective = false;
  const removeLastResort = installLastResort({
    say(text) {
      defective = true;
      terminal.note(text);
    },
    close: () => (opened === null ? Promise.resolve() : closeQuietly(opened)),
    exit: (status) => process.exit(status),
  });
  try {
    allowEndpoints(options.allowEndpoint ?? []);
    allowPrograms(options.allowCommand ?? []);
    const answered = (await command(context, ...args)) ?? exitStatus.ok;
    // A stream tells of its error in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
    const lost = terminal.lost();
    if (lost !== null) {
      terminal.note(`flipguard: The answer could not be written: ${lost.message}`);
      return exitStatus.failure;
    }
    return defective ? exitStatus.failure : answered;
  } catch (error) {
    const report = reportOf(asFileError(error, folder, 'written'));
    printError(terminal, report.code === 'internal' ? defectReport(report, noteDefect('command', error)) : report);
    return statusOf(report.code);
  } finally {
    terminal.settle();
    if (opened !== null) await closeQuietly(opened);
    // Not before: the launcher's copy of a signal may arrive while the workspace closes.
    interrupts.stop();
    removeLastResort();
  }
}

/** A defect in a sentence: its stack is for the log. */
function defectReport(report: ErrorReport, log: string | null): ErrorReport {
  const where = log === null ? '' : ` What happened is in ${log}.`;
  return { ...report, remedy: `This is a defect of the workbench.${where} SECURITY.md says how to report it.` };
}

async function openWorkbench(
  folder: string,
  launchTrainer: WorkbenchOptions['launchTrainer'] | undefined,
): Promise<Workbench> {
  const [{ createWorkbench }, { launchNodeTrainer }, { findPdfPrinter }] = await Promise.all([
    import('../../workbench/create-workbench.ts'),
    import('../../trainer/node-child.ts'),
    import('../pdf/find-printer.ts'),
  ]);
  const printPdf = findPdfPrinter();
  return createWorkbench({
    folder,
    shell: 'web',
    launchTrainer: launchTrainer ?? launchNodeTrainer,
    onDefect: noteDefect,
    ...(printPdf === undefined ? {} : { printPdf }),
  });
}

async function closeQuietly(opened: Promise<Workbench>): Promise<void> {
  const workbench = await opened.catch(() => null);
  await workbench?.close();
}

function printError(terminal: Terminal, report: ErrorReport): void {
  terminal.document({ error: report });
  const lines = report.message.split('\n').map(plain);
  terminal.note(`flipguard: ${lines.join('\n  ')}`);
  if (report.remedy !== undefined) terminal.note(plain(report.remedy));
}

function printHindrance(terminal: Terminal, { message, remedy }: ErrorReport): void {
  terminal.note(plain(`! ${message}`));
  if (remedy !== undefined) terminal.note(plain(`  ${remedy}`));
}

/** What asks a program to end: Ctrl-C, a supervisor, a terminal or an ssh connection that closes. */
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A signal to a whole group of processes arrives twice: once itself, once passed on by the launcher. */
const sameSignalMs = 1000;

/** The first one asks, the second insists. */
function watchInterrupts(terminal: Terminal, env: NodeJS.ProcessEnv) {
  const abort = new AbortController();
  let handler = () => abort.abort();
  let askedAt: number | null = null;
  const interrupt = () => {
    if (askedAt !== null) {
      if (performance.now() - askedAt < sameSignalMs) return;
      process.exit(exitStatus.failure);
    }
    askedAt = performance.now();
    terminal.note('Stopping; once more ends it at once.');
    handler();
  };
  for (const signal of endingSignals) process.on(signal, interrupt);
  const forgetLauncher = watchLauncher(env, () => {
    if (askedAt === null) interrupt();
  });
  return {
    signal: abort.signal,
    asked: () => askedAt !== null,
    handle: (next: () => void) => (handler = next),
    stop() {
      forgetLauncher();
      // A program that was asked to end is ending: what the launcher passes on later must not kill it on its way.
      if (askedAt !== null) return;
      for (const signal of endingSignals) process.off(signal, interrupt);
    },
  };
}
