/** Longest part of a name that becomes a file’s: most file systems hold 255 bytes. */
const mostBytes = 120;
const devices = /^(?:con|prn|aux|nul|com\d|lpt\d)$/i;

/**
 * Names of things as names of files or folders, on any system: what no file name may hold becomes a dash, and names that then are the
 * same (letter case aside) are numbered.
 */
export function fileNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const base = fileName(name);
    let found = base;
    for (let number = 2; taken.has(found.toLowerCase()); number++) found = `${base}-${number}`;
    taken.add(found.toLowerCase());
    return found;
  });
}

function fileName(name: string): string {
  const plain = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '-')
    .replace(/^[.-]+|[.-]+$/g, '');
  let cut = plain;
  while (Buffer.byteLength(cut) > mostBytes) cut = [...cut].slice(0, -1).join('');
  if (cut === '') return 'unnamed';
  return devices.test(cut.split('.')[0] ?? '') ? `_${cut}` : cut;
}
