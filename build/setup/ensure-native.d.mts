export type NativeState =
  | {
      readonly ok: true;
      readonly flavour: 'cpu' | 'cuda';
      readonly tensorflow: string;
      readonly gpu: boolean;
      readonly origin: string;
      readonly libDir: string;
      /** The folder in which the library was found. */
      readonly root: string;
    }
  | { readonly ok: false; readonly tried: readonly string[] };

export function ensureNative(options?: { env?: NodeJS.ProcessEnv; force?: boolean }): Promise<NativeState>;
export function readMarker(): Extract<NativeState, { ok: true }> | undefined;
