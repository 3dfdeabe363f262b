export { deviceMemoryTaken, freeDeviceBytes } from './device-names.ts';
export { diagnoseBackends, tryBackend } from './diagnose.ts';
export type { BackendDiagnosis, BackendReport } from './diagnose.ts';
export { composedOps, nativeOps } from './native-ops.ts';
export type { NativeOps } from './native-ops.ts';
export { openBackend } from './open-backend.ts';
export { backendNames } from './types.ts';
export type { BackendName, OpenedBackend, TriedBackend } from './types.ts';
