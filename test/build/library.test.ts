import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeLibrary, readRecord, writeRecord } from '../../build/setup/library.mjs';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'flipguard-library-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function put(...files: string[]) {
  for (const file of files) {
    mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
    writeFileSync(path.join(dir, file), `content of ${file}`);
  }
}

describe('finding a TensorFlow library on disk', () => {
  it('knows the official archive, and takes the name that the loader asks for', () => {
    put(
      'lib/libtensorflow.so',
      'lib/libtensorflow.so.2',
      'lib/libtensorflow.so.2.18.0',
      'lib/libtensorflow_framework.so.2',
      'include/tensorflow/c/c_api.h',
    );
    const found = describeLibrary(dir, 'linux');
    expect(found).toEqual({
      root: dir,
      libDir: path.join(dir, 'lib'),
      includeDir: path.join(dir, 'include'),
      main: 'libtensorflow.so.2',
      framework: 'libtensorflow_framework.so.2',
    });
  });

  it('knows the unpacked Python wheel and an installed Python package', () => {
    put(
      'tensorflow/libtensorflow_cc.so.2',
      'tensorflow/libtensorflow_framework.so.2',
      'tensorflow/include/tensorflow/c/c_api.h',
    );
    const includeDir = path.join(dir, 'tensorflow/include');
    expect(describeLibrary(dir, 'linux')).toMatchObject({ main: 'libtensorflow_cc.so.2', includeDir });
    expect(describeLibrary(path.join(dir, 'tensorflow'), 'linux')).toMatchObject({
      main: 'libtensorflow_cc.so.2',
      includeDir,
    });
  });

  it('knows macOS and Windows names', () => {
    put('lib/libtensorflow.2.dylib', 'lib/libtensorflow_framework.2.dylib', 'lib/tensorflow.dll');
    expect(describeLibrary(dir, 'darwin')).toMatchObject({
      main: 'libtensorflow.2.dylib',
      framework: 'libtensorflow_framework.2.dylib',
    });
    expect(describeLibrary(dir, 'win32')).toMatchObject({ main: 'tensorflow.dll' });
  });

  it('sees none where half of it is missing', () => {
    put('lib/libtensorflow.so.2');
    expect(describeLibrary(dir, 'linux')).toBeUndefined();
    expect(describeLibrary(path.join(dir, 'nowhere'), 'linux')).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('does not trust a cached library that was cut short', () => {
    put('lib/libtensorflow.so.2', 'lib/libtensorflow_framework.so.2');
    writeRecord(dir, { flavour: 'cpu', origin: 'test' });
    expect(readRecord(dir)).toMatchObject({ origin: 'test' });
    truncateSync(path.join(dir, 'lib/libtensorflow.so.2'), 3);
    expect(readRecord(dir)).toBeUndefined();
  });
});

const python = spawnSync('python3', ['--version']).status === 0 ? 'python3' : undefined;

describe.skipIf(python === undefined)(
  `unpacking a wheel${python === undefined ? ' (skipped: no python3 here)' : ''}`,
  () => {
    const makeWheel = `
import base64, hashlib, sys, zipfile
files = {
  "tensorflow/libtensorflow_cc.so.2": b"cc", "tensorflow/libtensorflow_framework.so.2": b"fw", "tensorflow/python/big.py": b"x",
  "tensorflow/include/tensorflow/c/c_api.h": b'#include "tensorflow/c/other.h"\\n#include <stddef.h>', "tensorflow/include/tensorflow/c/other.h": b"",
  "tensorflow/include/tensorflow/unused.h": b"",
  "t.dist-info/METADATA": b"Requires-Dist: numpy>=1.26.0\\nRequires-Dist: nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == \\"and-cuda\\"\\nRequires-Dist: (nvidia-x) ; extra == 'other'\\n",
}
record = "".join("%s,sha256=%s,%d\\n" % (n, base64.urlsafe_b64encode(hashlib.sha256(b).digest()).rstrip(b"=").decode(), len(b)) for n, b in files.items())
if len(sys.argv) > 2: record = record.replace("framework.so.2,sha256=", "framework.so.2,sha256=A")
with zipfile.ZipFile(sys.argv[1], "w") as z:
  for n, b in files.items(): z.writestr(n, b)
  z.writestr("t.dist-info/RECORD", record)
`;
    const unpack = (...args: string[]) =>
      spawnSync(python ?? '', ['build/setup/unpack_wheel.py', ...args], {
        encoding: 'utf8',
        env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      });

    it('takes the libraries and the headers that the C interface includes, and nothing else', () => {
      const wheel = path.join(dir, 't.whl');
      execFileSync(python ?? '', ['-c', makeWheel, wheel]);
      expect(unpack('unpack', dir, wheel).status).toBe(0);
      expect(readFileSync(path.join(dir, 'tensorflow/libtensorflow_cc.so.2'), 'utf8')).toBe('cc');
      expect(existsSync(path.join(dir, 'tensorflow/include/tensorflow/c/other.h'))).toBe(true);
      for (const left of ['tensorflow/python/big.py', 'tensorflow/include/tensorflow/unused.h'])
        expect(existsSync(path.join(dir, left))).toBe(false);
      expect(unpack('requirements', wheel).stdout).toBe('nvidia-cudnn-cu12<10.0,>=9.3.0.75\n');
    });

    it('refuses a wheel whose files differ from its RECORD', () => {
      const wheel = path.join(dir, 't.whl');
      execFileSync(python ?? '', ['-c', makeWheel, wheel, 'damaged']);
      const { status, stderr } = unpack('unpack', dir, wheel);
      expect(status).toBe(1);
      expect(stderr).toContain("libtensorflow_framework.so.2 differs from the wheel's RECORD");
    });
  },
);
