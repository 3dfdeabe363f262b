import { openBackend, type BackendName, type OpenedBackend } from '../../src-main/backends/index.ts';

let opened: Promise<OpenedBackend> | undefined;

/** The best backend this machine has, once per test file; `cpu` asks for the deterministic JavaScript one. */
export function openTestBackend(prefer?: BackendName): Promise<OpenedBackend> {
  opened ??= openBackend(prefer === undefined ? {} : { prefer });
  return opened;
}
