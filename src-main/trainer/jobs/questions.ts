import type { Question } from '../../shared/domain/serving.ts';
import type { JobControl } from '../control.ts';

export interface Asked {
  readonly id: number;
  readonly question: Question;
}

/** Questions that wait, in the order they came. */
export class Questions {
  readonly #control: JobControl;
  #waiting: Asked[] = [];
  /** Those that are waited for: waiting here, or being answered. */
  readonly #wanted = new Set<number>();
  #wake: () => void = () => {};

  constructor(control: JobControl) {
    this.#control = control;
    control.signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  ask(id: number, question: Question): void {
    this.#wanted.add(id);
    this.#waiting.push({ id, question });
    this.#wake();
  }

  forget(id: number): void {
    this.#wanted.delete(id);
    this.#waiting = this.#waiting.filter((asked) => asked.id !== id);
  }

  isWanted(id: number): boolean {
    return this.#wanted.has(id) && !this.#control.stopping();
  }

  /** The next ones about one model, at most `most`; null once the job is stopped. */
  async take(most: number): Promise<Asked[] | null> {
    for (;;) {
      if (this.#control.stopping()) return null;
      const [first] = this.#waiting;
      if (first !== undefined) {
        const taken = this.#waiting.filter(({ question }) => question.model === first.question.model).slice(0, most);
        this.#waiting = this.#waiting.filter((asked) => !taken.includes(asked));
        return taken;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
