import type { TrainerEvent, TrainerEventBody } from '../shared/domain/trainer-events.ts';
import { Pending } from '../system/pending.ts';
import type { ChildChannel } from './child-channel.ts';
import type { EventFile } from './event-file.ts';
import { initialCredit, stepFlushMs } from './messages.ts';

/** Numbers events, writes a run's events to its folder, and sends them on: steps in company, evaluation batches on credit. */
export class Reporter {
  readonly #channel: ChildChannel;
  readonly #nowMs: () => number;
  #file: EventFile | null = null;
  #seq = 0;
  #waiting: TrainerEvent[] = [];
  #flushedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  // The channel never rejects: a host that is gone is told by `onLost`.
  readonly #late = new Pending((error) => process.stderr.write(`${String(error)}\n`));
  #credit = initialCredit;
  #creditCame: () => void = () => {};

  constructor(channel: ChildChannel, nowMs: () => number = Date.now) {
    this.#channel = channel;
    this.#nowMs = nowMs;
  }

  /** From now on events go to this file first, and continue from its last number. */
  writeTo(file: EventFile): void {
    this.#file = file;
    this.#seq = file.lastSeq;
  }

  async emit(body: TrainerEventBody): Promise<void> {
    if (body.type === 'evaluation-batch') await this.#takeCredit();
    const event: TrainerEvent = { ...body, seq: ++this.#seq, at: this.#nowMs() };
    this.#file?.append(event);
    this.#waiting.push(event);
    const waitedMs = this.#nowMs() - this.#flushedAtMs;
    if (event.type !== 'step' || waitedMs >= stepFlushMs) await this.flush();
    else this.#timer ??= setTimeout(() => this.#late.add(this.flush()), stepFlushMs - waitedMs);
  }

  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#waiting.length === 0) return;
    const events = this.#waiting;
    this.#waiting = [];
    this.#flushedAtMs = this.#nowMs();
    await this.#channel.send({ type: 'events', events });
  }

  addCredit(batches: number): void {
    this.#credit += batches;
    this.#creditCame();
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#late.settled();
    this.#file?.close();
    this.#channel.close();
  }

  async #takeCredit(): Promise<void> {
    while (this.#credit <= 0) await new Promise<void>((resolve) => (this.#creditCame = resolve));
    this.#credit -= 1;
  }
}
