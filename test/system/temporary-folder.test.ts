import { rmSync, statSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { makeTemporaryFolder } from '../../src-main/system/temporary-folder.ts';

describe('a temporary folder', () => {
  it('is made, and where it cannot be, names the place and what to set', async () => {
    const made = await makeTemporaryFolder('flipguard-test-');
    expect(statSync(made).isDirectory()).toBe(true);
    rmSync(made, { recursive: true });
    vi.stubEnv('TMPDIR', '/proc/none');
    vi.stubEnv('TEMP', '/proc/none');
    try {
      await expect(makeTemporaryFolder('flipguard-test-')).rejects.toMatchObject({
        code: 'io',
        message: expect.stringContaining('/proc/none: ENOENT') as string,
        remedy: expect.stringContaining('TMPDIR') as string,
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
