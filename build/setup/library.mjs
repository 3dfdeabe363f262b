// What a TensorFlow library looks like on disk, whichever way it came: the official archive (lib/ and include/),
// the Python package (libtensorflow_cc next to include/), or a system-wide installation.
import fs from 'node:fs';
import path from 'node:path';

const names = {
  linux: {
    main: [/^libtensorflow\.so(\.2(\.[\d.]+)?)?$/, /^libtensorflow_cc\.so(\.2)?$/],
    framework: /^libtensorflow_framework\.so(\.2(\.[\d.]+)?)?$/,
  },
  darwin: {
    main: [/^libtensorflow(\.2)?\.dylib$/, /^libtensorflow_cc(\.2)?\.dylib$/],
    framework: /^libtensorflow_framework(\.2)?\.dylib$/,
  },
  win32: { main: [/^tensorflow\.dll$/], framework: undefined },
};

/**
 * Finds library and headers in or under `dir`, or answers undefined.
 * @returns {{ root: string, libDir: string, includeDir: string | undefined, main: string, framework: string | undefined } | undefined}
 */
export function describeLibrary(dir, platform = process.platform) {
  const pattern = names[platform];
  if (pattern === undefined) return undefined;
  for (const libDir of [path.join(dir, 'lib'), path.join(dir, 'tensorflow'), dir]) {
    const files = list(libDir);
    // The shortest versioned name is the soname that the loader asks for ("libtensorflow.so.2").
    const pick = (expression) => files.filter((file) => expression.test(file)).sort(bySoname)[0];
    const main = pattern.main.map(pick).find(Boolean);
    const framework = pattern.framework && pick(pattern.framework);
    if (main === undefined || (pattern.framework && framework === undefined)) continue;
    const includeDir = [
      path.join(dir, 'include'),
      path.join(libDir, 'include'),
      path.join(libDir, '..', 'include'),
    ].find((include) => fs.existsSync(path.join(include, 'tensorflow', 'c', 'c_api.h')));
    return { root: dir, libDir, includeDir, main, framework };
  }
  return undefined;
}

/** Sizes of the library's files: the cheap check, at every start, that a cached library is still whole. */
export function librarySizes(library) {
  const sizes = {};
  for (const file of [library.main, library.framework].filter(Boolean))
    sizes[file] = fs.statSync(path.join(library.libDir, file)).size;
  return sizes;
}

/** The record a cached library folder carries; undefined while it is absent or does not fit what is there. */
export function readRecord(dir) {
  try {
    const record = JSON.parse(fs.readFileSync(path.join(dir, 'flipguard.json'), 'utf8'));
    const library = describeLibrary(dir);
    if (library === undefined) return undefined;
    const sizes = librarySizes(library);
    if (Object.entries(record.sizes).some(([file, size]) => sizes[file] !== size)) return undefined;
    return { ...record, library };
  } catch {
    return undefined;
  }
}

export function writeRecord(dir, record) {
  const library = describeLibrary(dir);
  if (library === undefined) throw new Error(`no TensorFlow library in ${dir}`);
  fs.writeFileSync(
    path.join(dir, 'flipguard.json'),
    JSON.stringify({ ...record, sizes: librarySizes(library) }, null, 1),
  );
  return { ...record, library };
}

function list(dir) {
  try {
    return fs.readdirSync(dir);
  } catch {
    return [];
  }
}

function bySoname(left, right) {
  const rank = (name) => (/\.so\.2$|\.2\.dylib$/.test(name) ? 0 : 1);
  return rank(left) - rank(right) || left.length - right.length;
}
