import { describe, expect, it } from 'vitest';
import { backendNames, diagnoseBackends } from '../../src-main/backends/index.ts';
import { nativeMissing } from './native-available.ts';

describe('diagnosing backends', () => {
  it('reports every backend, each with a device or with the reason why it is not there', async () => {
    const diagnosis = await diagnoseBackends();
    expect(diagnosis.backends.map(({ name }) => name)).toEqual([...backendNames]);
    for (const backend of diagnosis.backends) expect(backend.available ? backend.device : backend.reason).not.toBe('');
    expect(diagnosis.backends.find(({ name }) => name === 'cpu')?.available).toBe(true);
    const native = diagnosis.backends.find(({ name }) => name === 'tensorflow-cpu');
    expect(native?.available).toBe(nativeMissing === undefined);
    expect(diagnosis.selected).toBe(diagnosis.backends.find(({ available }) => available)?.name);
    expect(diagnosis.memory.totalBytes).toBeGreaterThan(0);
  });
});
