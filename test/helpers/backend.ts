import { openBackend, type BackendName, type OpenedBackend } from '../../src-main/backends/index.ts';

/** The best backend this machine has; `cpu` asks for the deterministic JavaScript one. Files share a process: each opens its own. */
export function openTestBackend(prefer?: BackendName): Promise<OpenedBackend> {
  return openBackend(prefer === undefined ? {} : { prefer });
}
