import * as fs from 'node:fs/promises';
import path from 'node:path';
import { readModelConfig } from '../../engine/models/families.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { BenchmarkOptions } from './run-benchmark.ts';

/**
 * A model folder to measure, looked at before anything is started.
 * @throws WorkbenchError where the folder is no model that the workbench loads
 */
export async function findBenchmarkModel(folder: string): Promise<NonNullable<BenchmarkOptions['model']>> {
  const file = path.join(folder, 'config.json');
  const text = await fs.readFile(file, 'utf8').catch(() => {
    throw new WorkbenchError('not-found', `${folder} holds no config.json.`, {
      remedy: 'Give the folder that holds config.json and model.safetensors.',
      place: { file },
    });
  });
  return { name: path.basename(folder), path: folder, vocabSize: readModelConfig(parsed(text, file), file).vocabSize };
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new WorkbenchError('bad-input', `${file} is not JSON.`, {
      remedy: 'Copy it again from where the model came from.',
      place: { file },
    });
  }
}
