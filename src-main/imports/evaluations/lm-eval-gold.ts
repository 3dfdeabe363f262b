import { own } from '../field-path.ts';
import { asOptionalText } from '../values.ts';
import { readChoiceOptions } from './lm-eval-sample.ts';

/** How the targets of a multiple-choice task name the gold option. */
export type GoldReading = 'index' | 'text';

/**
 * Whether a task's targets are indices or the options' texts: “2” is both where the options are numbers. Records in which only
 * one reading is possible decide; where there are none, the reading under which the harness's own accuracy comes out.
 */
export class GoldTally {
  #onlyIndex = 0;
  #onlyText = 0;
  #agreesIndex = 0;
  #agreesText = 0;
  #documentSaysIndex = 0;

  /** Counts a record in which only one reading is possible, or none. */
  count(reading: GoldReading | 'unknown'): void {
    if (reading === 'text') this.#onlyText += 1;
    else if (reading === 'index') this.#onlyIndex += 1;
  }

  add(record: unknown): void {
    const target = asOptionalText(own(record, 'target'));
    if (target === null) return;
    const isIndexLike = /^\d{1,3}$/.test(target);
    // Most tasks: a target that is no number is a text, and needs no second look.
    if (!isIndexLike) return void (this.#onlyText += 1);
    const choice = readChoiceOptions(record);
    if (choice === null) return;
    const { options, best } = choice;
    const asIndex = Number(target) < options.length ? Number(target) : -1;
    const asText = options.findIndex((option) => option.trim() === target.trim());
    if (asIndex === -1 && asText === -1) return;
    if (asText === -1) this.#onlyIndex += 1;
    else if (asIndex === -1) this.#onlyText += 1;
    else if (asIndex !== asText) this.#addAmbiguous(record, { asIndex, asText, best });
  }

  reading(): GoldReading {
    if (this.#onlyIndex !== this.#onlyText) return this.#onlyIndex > this.#onlyText ? 'index' : 'text';
    if (this.#agreesIndex !== this.#agreesText) return this.#agreesIndex > this.#agreesText ? 'index' : 'text';
    return this.#documentSaysIndex > 0 ? 'index' : 'text';
  }

  #addAmbiguous(record: unknown, { asIndex, asText, best }: { asIndex: number; asText: number; best: number }): void {
    const acc = own(record, 'acc');
    if (acc === 1 || acc === true || acc === 0 || acc === false) {
      const isRight = acc === 1 || acc === true;
      if ((best === asIndex) === isRight) this.#agreesIndex += 1;
      if ((best === asText) === isRight) this.#agreesText += 1;
    }
    const doc = own(record, 'doc');
    const isNumber = ['answer', 'label', 'gold', 'gold_index'].some((name) => own(doc, name) === asIndex);
    if (isNumber) this.#documentSaysIndex += 1;
  }
}
