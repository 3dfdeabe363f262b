import path from 'node:path';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { exportWeights, type WeightFormat, type WeightsOut } from '../../../workbench/exporting/weights-out.ts';
import type { GgufType } from '../../../workbench/exporting/gguf-file.ts';
import { sizeText } from '../../../workbench/hub/download.ts';
import { exportDataset } from '../../../workbench/workspace/exports.ts';
import { exportWorkspaceFile, refuseExisting } from '../../../workbench/workspace/workspace-file.ts';
import { handOver } from '../own-files.ts';
import type { CommandContext } from '../context.ts';

export interface ExportFlags {
  out: string;
  force?: boolean;
  format: WeightFormat;
  type: GgufType;
}

export async function exportCommand(
  context: CommandContext,
  what: string,
  name: string | undefined,
  options: ExportFlags,
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
  if ('load' in written) printWeights(context, written);

  function write(): Promise<{ path: string } | WeightsOut> {
    switch (what) {
      case 'workspace':
        return exportWorkspaceFile(core, out, task, { overwrite: options.force === true });
      case 'dataset':
        return exportDataset(core, needName(what, name), out);
      case 'adapter':
      case 'checkpoint':
        return exportWeights(
          core,
          {
            name: needName(what, name),
            format: what === 'adapter' ? 'adapter' : options.format,
            type: options.type,
            out,
          },
          task,
        );
      default:
        throw new WorkbenchError('bad-input', `“${what}” cannot be exported.`, {
          remedy: 'Export adapter NAME, checkpoint NAME, dataset NAME or workspace.',
        });
    }
  }
}

/** What was written, its hash, and how other tools load it. */
function printWeights({ terminal }: CommandContext, { files, load }: WeightsOut): void {
  for (const { name, sizeBytes, sha256 } of files)
    terminal.print(`  ${name}  ${sizeText(sizeBytes)}  sha256 ${sha256}`);
  for (const { tool, command } of load) terminal.print(`${tool}: ${command}`);
}

function needName(what: string, name: string | undefined): string {
  if (name !== undefined) return name;
  throw new WorkbenchError('bad-input', `Which ${what}? Give its name.`);
}
