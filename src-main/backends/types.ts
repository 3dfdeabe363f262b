export const backendNames = ['tensorflow-cuda', 'tensorflow-cpu', 'webgpu', 'wasm', 'cpu'] as const;
/** The backends in the order in which they are tried, fastest first. */
export type BackendName = (typeof backendNames)[number];

/** A backend that was asked for and could not be had, with the reason a person reads. */
export interface TriedBackend {
  readonly name: BackendName;
  readonly reason: string;
}

export interface OpenedBackend {
  readonly name: BackendName;
  /** What computes: the GPU's name, or the processor's with its number of threads. */
  readonly device: string;
  /** Versions of what computes, for a run's record: `{ tfjs: '4.22.0', tensorflow: '2.21.0' }`. */
  readonly versions: Readonly<Record<string, string>>;
  readonly tried: readonly TriedBackend[];
  /** Sentences for the user, such as that this backend is slow. */
  readonly notes: readonly string[];
  /** False where tensors can be read with `await tensor.data()` only, never with `dataSync()`. */
  readonly syncReads: boolean;
}

/** What a backend answers when it opened; the chooser adds what was tried before it. */
export type Opened = Omit<OpenedBackend, 'name' | 'tried'>;
