import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import type { SuiteItem } from '../../src-main/shared/domain/evaluations.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { createWorkbench } from '../../src-main/workbench/create-workbench.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { evaluationMap, pairRows, smallModel, tinySpec } from '../helpers/workbench.ts';

export const journeyNames = ['import', 'compare', 'train', 'evaluate', 'report'] as const;
export type JourneyName = (typeof journeyNames)[number];

/** The folder of one round of faults: files to import, and a workspace as it is before each journey. */
export class Material {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'flipguard-faults-'));
  /** Closed, and never opened again. */
  readonly template = path.join(this.folder, 'template');
  #copies = 0;

  static async make(): Promise<Material> {
    const material = new Material();
    await material.#fill();
    return material;
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  /** A workspace of its own, ready for every journey. */
  workspace(into: string = this.folder): string {
    const folder = path.join(into, `workspace-${(this.#copies += 1)}`);
    cpSync(this.template, folder, { recursive: true });
    return folder;
  }

  /** What a person types. */
  args(journey: JourneyName, out: string): string[] {
    switch (journey) {
      case 'import':
        return importArgs(this.file('third.jsonl'), 'third');
      case 'compare':
        return ['compare', 'before', 'after'];
      case 'train':
        return ['train', this.file('run.yaml')];
      case 'evaluate':
        return ['evaluate', 'small', '--suite', 'words'];
      case 'report':
        return ['report', 'before', 'earlier', '--out', path.join(out, 'report.html')];
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #fill(): Promise<void> {
    if (smallModel === null)
      throw new Error('neither resources/quick-model nor ../shared/models/stories-260k is there');
    writeFileSync(this.file('run.yaml'), stringify(spec));
    for (const [seed, name] of ['earlier', 'before', 'after', 'third'].entries()) {
      writeFileSync(this.file(`${name}.jsonl`), lines(answers(name === 'third' ? 3000 : 400, seed)));
    }
    const workbench = await createWorkbench({
      folder: this.template,
      shell: 'web',
      launchTrainer: launchNodeTrainer,
    });
    try {
      await workbench.models.add(smallModel, { name: 'small' }, quietTask());
      await workbench.imports.addDataset('pairs', pairRows);
      await workbench.imports.addSuite('words', { kind: 'words' }, wordItems);
      const ids: Record<string, string> = {};
      for (const name of ['earlier', 'before', 'after']) {
        const source = this.file(`${name}.jsonl`);
        const map = { ...evaluationMap, slice: 'category' };
        ids[name] = (await workbench.imports.evaluation({ source, name, map }, quietTask())).id;
      }
      await workbench.comparisons.ready(ids.before ?? '', ids.earlier ?? '', undefined, quietTask());
    } finally {
      await workbench.close();
    }
    const left = readdirSync(this.template).filter((name) => name.endsWith('-wal'));
    if (left.length > 0) throw new Error('the template was not closed');
  }
}

/** Small enough for hundreds of resumed runs, with checkpoints and evaluations between its steps. */
const spec = tinySpec({
  name: 'tiny',
  batch: { size: 2, maxLength: 40 },
  steps: 6,
  checkpoint: { every: 2 },
  evaluate: { suites: ['words'], every: 3 },
});
export const checkpointSteps: readonly number[] = [2, 4, 6];

const wordItems: SuiteItem[] = ['cat', 'dog', 'ball'].map((thing, i) => ({
  kind: 'words',
  id: thing,
  text: `The ${thing} ${['ran away', 'was happy', 'is red'][i]}. Once upon a time, there was a little girl named Lily who had a ${thing}.`,
}));

function importArgs(file: string, name: string): string[] {
  const map = 'id=id,prompt=prompt,output=output,correct=correct,slice=category';
  return ['import', 'eval', file, '--name', name, '--map', map];
}

function answers(count: number, seed: number): object[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `s${i}`,
    prompt: `Question ${i}?`,
    output: `Answer ${i} of ${seed}`,
    correct: (i * 7 + seed * 3) % 5 < 3,
    category: `slice ${i % 4}`,
  }));
}

function lines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
