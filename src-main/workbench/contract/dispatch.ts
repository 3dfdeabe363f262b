import type { z } from 'zod';
import { channels } from '../../shared/contract/channels.ts';
import type { ChannelName, Input, Output, ParsedInput } from '../../shared/contract/channels.ts';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import type { Consents } from './consents.ts';
import { asFileError } from '../workspace/file-errors.ts';
import type { Result } from '../../shared/domain/errors.ts';

/** One function a channel: the closed list of what a window, a script or the command line can ask for. */
export type Handlers = { readonly [N in ChannelName]: (input: ParsedInput<N>) => Promise<Output<N>> };

export type Handle = (channel: string, input: unknown) => Promise<Result<unknown>>;

/** Checks the channel and its input on the trusted side; whatever happens, the answer is a `Result`. */
export function createDispatcher(
  handlers: Handlers,
  onDefect: (where: string, error: unknown) => void = console.error,
  consents?: Pick<Consents, 'ask'>,
): Handle {
  return async (name, input) => {
    try {
      if (!isChannel(name))
        throw new WorkbenchError('bad-input', `There is no channel “${String(name).slice(0, 80)}”.`);
      return { ok: true, value: await call(handlers, name, parseInput(name, input)) };
    } catch (error) {
      const report = reportOf(asFileError(error, 'A file', 'read'));
      if (report.code === 'internal') onDefect(`channel ${String(name).slice(0, 80)}`, error);
      if (report.consent !== undefined) consents?.ask(report.consent);
      return { ok: false, error: report };
    }
  };
}

export function isChannel(name: unknown): name is ChannelName {
  return typeof name === 'string' && Object.hasOwn(channels, name);
}

function call<N extends ChannelName>(handlers: Handlers, name: N, input: ParsedInput<N>): Promise<Output<N>> {
  return handlers[name](input);
}

function parseInput<N extends ChannelName>(name: N, input: unknown): ParsedInput<N> {
  const parsed = channels[name].input.safeParse(input ?? {});
  // Sound because the schema looked up by `name` is the one `ParsedInput<N>` is derived from.
  if (parsed.success) return parsed.data as ParsedInput<N>;
  throw inputError(name, parsed.error.issues);
}

function inputError(name: string, issues: readonly z.core.$ZodIssue[]): WorkbenchError {
  const first = issues[0];
  const field = first?.path.map(String).join('.') ?? '';
  const where = field === '' ? name : `${name}: ${field}`;
  return new WorkbenchError('bad-input', `${where}: ${first?.message ?? 'does not fit'}.`, { place: { field } });
}

/** A typed request inside the trusted side; failures are thrown. */
export async function request<N extends ChannelName>(handle: Handle, name: N, input: Input<N>): Promise<Output<N>> {
  const result = await handle(name, input);
  if (!result.ok) throw WorkbenchError.fromReport(result.error);
  // The handler of `name` made this value, and its type is `Output<N>`.
  return result.value as Output<N>;
}
