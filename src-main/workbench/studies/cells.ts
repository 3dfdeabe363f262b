import type { ModelRecord } from '../../shared/domain/entities.ts';
import type { FrozenSettings, StudyMerge, StudyPlace } from '../../shared/domain/studies.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { CheckedStudy } from './check-study.ts';
import { specOf } from './methods.ts';

/** One training of a study, or the merge of one. */
export interface Cell {
  place: Omit<StudyPlace, 'phase' | 'fraction'>;
  model: ModelRecord;
  /** Whole, with name and seed; of a merge, that of the run that is merged. */
  spec: Record<string, unknown>;
  fractions: readonly number[];
  merge?: StudyMerge;
}

/** The trainings by which candidates are chosen: of methods that have several, every one. */
export function validationCells({ file, methods, models }: CheckedStudy): Cell[] {
  if (file.validation === undefined) return [];
  const { seeds } = file.validation;
  return models.flatMap((model, modelIndex) =>
    methods
      .filter(({ variants }) => variants.length > 1)
      .flatMap(({ name, variants, at }) =>
        variants.flatMap((settings, candidate) => {
          const outcome = specOf(file, modelIndex, { at, variant: candidate, settings });
          if ('issues' in outcome) throw new WorkbenchError('internal', 'A study was run unchecked.');
          return seeds.map((seed) =>
            cellOf(file.name, { model, method: name, candidate, seed }, outcome.spec, file.fractions, models.length),
          );
        }),
      ),
  );
}

/** The trainings that are measured on the test split: method after method, a seed of all before the next. */
export function cellsOf({ file, models }: CheckedStudy, frozen: FrozenSettings): Cell[] {
  return frozen.seeds.flatMap((seed) =>
    models.flatMap((model, modelIndex) =>
      mergesLast(frozen.methods).map(({ name, specs, merge }) => {
        const place = { model, method: name, candidate: 0, seed };
        const cell = cellOf(file.name, place, specs[modelIndex] ?? {}, frozen.fractions, models.length);
        return merge === undefined ? cell : { ...cell, merge };
      }),
    ),
  );
}

/** What they merge is trained before, under the name of its own method. */
function mergesLast(methods: FrozenSettings['methods']): FrozenSettings['methods'] {
  const isMerge = ({ merge }: FrozenSettings['methods'][number]) => merge !== undefined;
  return [...methods.filter((method) => !isMerge(method)), ...methods.filter(isMerge)];
}

function cellOf(
  study: string,
  { model, method, candidate, seed }: { model: ModelRecord; method: string; candidate: number; seed: number },
  spec: object,
  fractions: readonly number[],
  models: number,
): Cell {
  const parts = [
    study,
    method,
    ...(candidate > 0 ? [`candidate ${candidate + 1}`] : []),
    ...(models > 1 ? [model.name] : []),
    `seed ${seed}`,
  ];
  const name = parts.join(' · ').slice(0, 200);
  return { place: { model: model.name, method, candidate, seed }, model, spec: { ...spec, name, seed }, fractions };
}
