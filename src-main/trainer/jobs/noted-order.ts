import { DataOrder } from '../../engine/data/order.ts';
import type { BatchNoteFile } from '../batch-note.ts';

/** An order that notes each step's samples before they are trained on. */
export class NotedOrder extends DataOrder {
  readonly #note: (indices: readonly number[]) => void;

  /** `madeSteps`: by the run so far. */
  constructor(
    options: ConstructorParameters<typeof DataOrder>,
    { file, sampleIds, madeSteps }: { file: BatchNoteFile; sampleIds: readonly string[]; madeSteps: number },
  ) {
    super(...options);
    let step = madeSteps;
    this.#note = (indices) => {
      step += 1;
      file.write({ step, sampleIds: indices.map((index) => sampleIds[index] ?? String(index)) });
    };
  }

  override next(): number[] {
    const indices = super.next();
    this.#note(indices);
    return indices;
  }
}
