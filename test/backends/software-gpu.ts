import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

/**
 * Environment in which Dawn finds SwiftShader, the software GPU that the test browser's package carries; a reason where it does not.
 * A machine's own GPU would do as well, but the same adapter everywhere makes the same test everywhere.
 */
export function softwareGpu(): { env: NodeJS.ProcessEnv } | { missing: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { missing: 'SwiftShader comes for Linux x64 only' };
  const archive = path.resolve('node_modules/@sparticuz/chromium/bin/swiftshader.tar.br');
  if (!existsSync(archive)) return { missing: '@sparticuz/chromium, which carries SwiftShader, is not installed' };
  const dir = path.join(os.tmpdir(), `flipguard-swiftshader-${process.getuid?.() ?? 0}`);
  const icd = path.join(dir, 'vk_swiftshader_icd.json');
  if (!existsSync(icd)) {
    mkdirSync(dir, { recursive: true });
    const tar = path.join(dir, `${process.pid}.tar`);
    writeFileSync(tar, brotliDecompressSync(readFileSync(archive)));
    execFileSync('tar', ['-xf', tar, '-C', dir]);
  }
  return { env: { ...process.env, VK_ICD_FILENAMES: icd, LD_LIBRARY_PATH: dir, FLIPGUARD_WEBGPU_SOFTWARE: '1' } };
}
