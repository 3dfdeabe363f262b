import type { RandomStream } from '../ports.ts';
import { permutation, randomFromState } from '../random.ts';

/** A run's position in its data; from it a resumed run reads exactly the batches that the uninterrupted one reads. */
export interface DataPosition {
  epoch: number;
  /** Samples of this epoch already used. */
  used: number;
  /** The state of the shuffle stream before this epoch was drawn. */
  random: number[];
}

export interface DataOrderOptions {
  /** Tokens per sample, for grouping. */
  lengths: readonly number[];
  /** Samples per optimiser step. */
  stepSize: number;
  shuffle: boolean;
  groupByLength: boolean;
  /** How often each sample is seen in one pass; once by default. */
  weights?: readonly number[];
}

/** Batches are sorted within stretches of this many, so that neighbours have similar lengths and the order stays random. */
const groupedBatches = 50;

/** Which samples each step uses. Every epoch uses each sample once; its last step may be smaller. */
export class DataOrder {
  readonly #options: DataOrderOptions;
  #random: RandomStream;
  #position: DataPosition;
  #order: number[];

  constructor(options: DataOrderOptions, random: RandomStream, position?: DataPosition) {
    this.#options = options;
    this.#position = position ?? { epoch: 0, used: 0, random: random.state() };
    this.#random = randomFromState(this.#position.random);
    this.#order = this.#drawEpoch();
  }

  get position(): DataPosition {
    return this.#position;
  }

  /** Epochs done, as a fraction. */
  get epochs(): number {
    return this.#position.epoch + this.#position.used / this.#order.length;
  }

  /** Continues from a saved position. */
  seek(position: DataPosition): void {
    this.#position = position;
    this.#random = randomFromState(position.random);
    this.#order = this.#drawEpoch();
  }

  next(): number[] {
    if (this.#position.used >= this.#order.length) {
      this.#position = { epoch: this.#position.epoch + 1, used: 0, random: this.#random.state() };
      this.#order = this.#drawEpoch();
    }
    const { used } = this.#position;
    const batch = this.#order.slice(used, used + this.#options.stepSize);
    this.#position = { ...this.#position, used: used + batch.length };
    return batch;
  }

  #drawOrder(shuffle: boolean): number[] {
    const { lengths, weights } = this.#options;
    if (weights === undefined) return shuffle ? permutation(this.#random, lengths.length) : lengths.map((_, i) => i);
    const samples = samplesOfPass(weights, this.#position.epoch);
    return shuffle ? permutation(this.#random, samples.length).map((place) => samples[place] as number) : samples;
  }

  #drawEpoch(): number[] {
    const { lengths, shuffle, groupByLength, stepSize } = this.#options;
    const order = this.#drawOrder(shuffle);
    if (!groupByLength) return order;
    const stretch = stepSize * groupedBatches;
    const sorted: number[] = [];
    for (let start = 0; start < order.length; start += stretch) {
      const part = order.slice(start, start + stretch);
      sorted.push(...part.sort((a, b) => (lengths[b] as number) - (lengths[a] as number)));
    }
    return sorted;
  }
}

/** Samples of one pass: each as often as the integer part of its weight, and once more in the share of passes that its fraction gives. */
export function samplesOfPass(weights: readonly number[], pass: number): number[] {
  const sofar = new Map<number, number>();
  return weights.flatMap((weight, sample) => {
    const whole = Math.floor(weight);
    const rest = weight - whole;
    // Spread evenly over the samples of one weight, with a different start in each pass, so that all of them get their turn.
    const place = sofar.get(weight) ?? 0;
    sofar.set(weight, place + 1);
    const more = rest > 0 && Math.floor((place + 1) * rest + pass * rest) > Math.floor(place * rest + pass * rest);
    return new Array<number>(whole + (more ? 1 : 0)).fill(sample);
  });
}

/** The number of optimiser steps that `epochs` passes over the data take. */
export function stepsForEpochs(samples: number, stepSize: number, epochs: number): number {
  return Math.max(1, Math.ceil(Math.ceil(samples / stepSize) * epochs));
}
