import type { TimedAnswer } from '../../endpoints/server.ts';
import type { Endpoint } from '../../shared/domain/endpoints.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';

/** What an evaluation took of the server. */
export class UseTally {
  readonly #latencies: number[] = [];
  readonly #fingerprints = new Set<string>();
  readonly #models = new Set<string>();
  #promptTokens = 0;
  #outputTokens = 0;
  #cut = 0;
  #right = 0;
  #judged = 0;

  add({ promptTokens, outputTokens, latencyMs, fingerprint, model, finish }: TimedAnswer): void {
    this.#latencies.push(latencyMs);
    this.#promptTokens += promptTokens ?? 0;
    this.#outputTokens += outputTokens ?? 0;
    if (fingerprint !== null) this.#fingerprints.add(fingerprint);
    if (model !== null) this.#models.add(model);
    if (finish === 'content_filter') this.#cut += 1;
  }

  time(latencyMs: number): void {
    this.#latencies.push(latencyMs);
  }

  judge(results: readonly SampleResult[]): void {
    this.#judged += results.filter(({ verdict }) => verdict === 'right' || verdict === 'wrong').length;
    this.#right += results.filter(({ verdict }) => verdict === 'right').length;
  }

  fingerprint(): string | null {
    return this.#fingerprints.size === 0 ? null : [...this.#fingerprints].join(', ');
  }

  remarks(): string[] {
    return [
      ...(this.#fingerprints.size > 1
        ? [`the server changed while it answered: ${[...this.#fingerprints].join(', ')}`]
        : []),
      ...(this.#models.size > 1 ? [`several models answered: ${[...this.#models].join(', ')}`] : []),
      ...(this.#cut > 0 ? [`${this.#cut} answers were cut by a filter of the server`] : []),
    ];
  }

  summary({ inputPrice, outputPrice }: Endpoint): Record<string, number> {
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    const at = (share: number) => seconds(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
    const cost = ((inputPrice ?? 0) * this.#promptTokens + (outputPrice ?? 0) * this.#outputTokens) / 1e6;
    return {
      ...(this.#judged === 0 ? {} : { acc: this.#right / this.#judged }),
      ...(sorted.length === 0 ? {} : { latency_median: at(0.5), latency_p95: at(0.95) }),
      ...(this.#promptTokens + this.#outputTokens === 0
        ? {}
        : { prompt_tokens: this.#promptTokens, output_tokens: this.#outputTokens }),
      ...(inputPrice === null && outputPrice === null ? {} : { cost }),
    };
  }
}

/** To the millisecond. */
export function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
