import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { openServing } from '../../../workbench/serving/serving.ts';
import { serveApi } from '../../api/server.ts';
import type { CommandContext } from '../context.ts';
import { loadingShown } from './loading-shown.ts';
import { plain } from '../terminal.ts';

export interface EndpointFlags {
  port?: number;
  keyEnv?: string;
  idle?: number;
}

const usualIdleSeconds = 60;

/** `flipguard endpoint TARGET…`: until Ctrl-C. */
export async function endpointCommand(
  context: CommandContext,
  targets: readonly string[],
  { port = 0, keyEnv, idle = usualIdleSeconds }: EndpointFlags,
): Promise<void> {
  const { terminal } = context;
  const key = keyOf(keyEnv);
  const workbench = await context.workbench();
  const say = (sentence: string) => terminal.note(plain(sentence));
  const options = { idleMs: idle * 1000, say, onProgress: loadingShown(context) };
  const serving = await openServing(workbench.core, targets, options, context.task);
  terminal.settle();
  const stopped = new Promise<void>((resolve) => context.onInterrupt(resolve));
  try {
    const shell = await serveApi(serving, { port, key });
    terminal.document({ address: shell.address, port: shell.port, models: serving.models });
    terminal.print(`${shell.address} answers for ${plain(targets.join(', '))}.`);
    terminal.note(
      `It speaks OpenAI’s interface, on this machine only${key === null ? ', to everybody on it' : `, to who has the key of ${keyEnv ?? ''}`}. Ctrl-C ends it.`,
    );
    await stopped;
    await shell.close();
  } finally {
    await serving.close();
  }
}

function keyOf(variable: string | undefined): string | null {
  if (variable === undefined) return null;
  const key = process.env[variable];
  if (key !== undefined && key !== '') return key;
  throw new WorkbenchError('bad-input', `The environment variable ${variable} holds no key.`, {
    remedy: `Set it first: ${variable}=… flipguard endpoint …`,
  });
}
