import path from 'node:path';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { exportDataset, exportWeights } from '../../../workbench/workspace/exports.ts';
import { exportWorkspaceFile, refuseExisting } from '../../../workbench/workspace/workspace-file.ts';
import { handOver } from '../own-files.ts';
import type { CommandContext } from '../context.ts';

export async function exportCommand(
  context: CommandContext,
  what: string,
  name: string | undefined,
  options: { out: string; force?: boolean },
): Promise<void> {
  const { terminal, task } = context;
  const { core } = await context.workbench();
  const out = path.resolve(options.out);
  if (options.force !== true) await refuseExisting(out);
  const written = await write();
  // A workspace stays private: it holds everything.
  if (what !== 'workspace') await handOver(written.path);
  terminal.settle();
  terminal.document(written);
  terminal.print(`Written: ${written.path}`);

  function write(): Promise<{ path: string }> {
    switch (what) {
      case 'workspace':
        return exportWorkspaceFile(core, out, task, { overwrite: options.force === true });
      case 'dataset':
        return exportDataset(core, needName(what, name), out);
      case 'adapter':
      case 'checkpoint':
        return exportWeights(core, what, needName(what, name), out, task);
      default:
        throw new WorkbenchError('bad-input', `“${what}” cannot be exported.`, {
          remedy: 'Export adapter NAME, checkpoint NAME, dataset NAME or workspace.',
        });
    }
  }
}

function needName(what: string, name: string | undefined): string {
  if (name !== undefined) return name;
  throw new WorkbenchError('bad-input', `Which ${what}? Give its name.`);
}
