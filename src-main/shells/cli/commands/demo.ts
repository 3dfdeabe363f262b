import { runDemo } from '../../../workbench/demo/index.ts';
import type { CommandContext } from '../context.ts';

export async function demoCommand(
  { terminal, workbench, task }: CommandContext,
  options: { quick?: boolean },
): Promise<void> {
  const result = await runDemo(await workbench(), { quick: options.quick === true, task });
  terminal.settle();
  terminal.document(result);
  for (const [name, value] of Object.entries(result)) terminal.print(`${name}: ${value}`);
}
