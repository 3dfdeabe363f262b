/** What a file is that holds no records, told by how it begins: a sentence's end, and what can be done with it. */
export interface Foreign {
  what: string;
  remedy: string | null;
}

type Sign = readonly [bytes: string | readonly number[], what: string, remedy?: string, offset?: number];

const unpack = 'Unpack it, then import what is in it.';
const asSafetensors = 'Save the weights as safetensors and import the folder that holds them with config.json.';

const signs: readonly Sign[] = [
  [[0x89, 0x50, 0x4e, 0x47], 'a picture (PNG)'],
  [[0xff, 0xd8, 0xff], 'a picture (JPEG)'],
  ['GIF8', 'a picture (GIF)'],
  ['BM', 'a picture (BMP)'],
  [[0x49, 0x49, 0x2a, 0], 'a picture (TIFF)'],
  [[0x4d, 0x4d, 0, 0x2a], 'a picture (TIFF)'],
  ['WEBP', 'a picture (WebP)', undefined, 8],
  ['WAVE', 'a sound (WAV)', undefined, 8],
  ['AVI ', 'a video (AVI)', undefined, 8],
  ['ftypheic', 'a picture (HEIC)', undefined, 4],
  ['ftypavif', 'a picture (AVIF)', undefined, 4],
  ['ftyp', 'a video (MP4)', undefined, 4],
  [[0x1a, 0x45, 0xdf, 0xa3], 'a video (Matroska or WebM)'],
  ['OggS', 'a sound or video (Ogg)'],
  ['fLaC', 'a sound (FLAC)'],
  ['ID3', 'a sound (MP3)'],
  ['%PDF', 'a PDF document', 'Import the file of results that it was made from.'],
  ['%!PS', 'a PostScript document'],
  ['{\\rtf', 'a text document (RTF)'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'an old Office document', 'Save the sheet as CSV.'],
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip archive', unpack],
  ['Rar!', 'a RAR archive', unpack],
  ['BZh', 'a bzip2 file', 'Unpack it, or compress it with gzip or zstd.'],
  ['\xfd7zXZ', 'an xz file', 'Unpack it, or compress it with gzip or zstd.'],
  ['ustar', 'a tar archive', unpack, 257],
  ['SQLite format 3\0', 'a SQLite database', 'Export the table of results as CSV or JSONL.'],
  ['ARROW1', 'an Arrow file', 'Write it as Parquet.'],
  ['ORC', 'an ORC file', 'Write it as Parquet.'],
  ['Obj\x01', 'an Avro file', 'Write it as Parquet or JSONL.'],
  [
    'GGUF',
    'a model’s weights in GGUF',
    'Import the folder in Hugging Face layout (config.json, safetensors) it was made from.',
  ],
  ['\x93NUMPY', 'a NumPy array', 'Write records as JSONL or CSV.'],
  ['\x89HDF', 'an HDF5 file', 'Write records as JSONL, CSV or Parquet.'],
  ['\x7fELF', 'a program'],
  ['MZ', 'a program'],
  [[0xcf, 0xfa, 0xed, 0xfe], 'a program'],
  [[0x80, 2], 'a Python pickle', 'Write records as JSONL, CSV or Parquet.'],
  [[0x80, 4], 'a Python pickle', 'Write records as JSONL, CSV or Parquet.'],
  [[0x80, 5], 'a Python pickle', 'Write records as JSONL, CSV or Parquet.'],
];

/** How a file of another kind begins; null where nothing known does. */
export function foreignBySign(head: Buffer): Foreign | null {
  const found = signs.find(([bytes, , , offset = 0]) => {
    const wanted = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
    return head.subarray(offset, offset + wanted.length).equals(wanted);
  });
  if (found !== undefined && !isLikelyText(found, head)) return { what: found[1], remedy: found[2] ?? null };
  return safetensors(head);
}

/** Letters that a text may begin with: the sign counts only before bytes that no text has. */
function isLikelyText([bytes]: Sign, head: Buffer): boolean {
  return typeof bytes === 'string' && /^[A-Z]{2,3}$/.test(bytes) && !isBinary(head);
}

/** Eight bytes of length, then a JSON header. */
function safetensors(head: Buffer): Foreign | null {
  if (head.length < 10 || head[8] !== 0x7b || head[9] !== 0x22) return null;
  const length = head.readBigUInt64LE(0);
  if (length === 0n || length > 200_000_000n) return null;
  return {
    what: 'a model’s weights alone',
    remedy: 'Import the whole folder: config.json, safetensors, tokenizer.json.',
  };
}

/** What a zip archive is by the names in it. */
export function foreignArchive(names: readonly string[]): Foreign {
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (has(/^xl\//)) return { what: 'an Excel workbook', remedy: 'Save the sheet as CSV.' };
  if (has(/^word\//)) return { what: 'a Word document', remedy: 'Import the file of results itself.' };
  if (has(/^ppt\//)) return { what: 'a PowerPoint document', remedy: null };
  if (has(/^content\.xml$/) && has(/^mimetype$/))
    return { what: 'an OpenDocument file', remedy: 'Save the sheet as CSV.' };
  if (has(/(^|\/)data\.pkl$/)) return { what: 'PyTorch weights', remedy: asSafetensors };
  if (has(/\.npy$/)) return { what: 'an archive of NumPy arrays', remedy: 'Write records as JSONL or CSV.' };
  if (has(/^META-INF\//)) return { what: 'a Java archive', remedy: null };
  if (names.length === 0) return { what: 'an empty zip archive', remedy: null };
  const files = names.length === 1 ? `“${names[0]}”` : `${names.length} files, such as “${names[0]}”`;
  return { what: `a zip archive of ${files}, and no Inspect log`, remedy: unpack };
}

/** The encoding of a text with wide characters, by its byte order mark: UTF-32's little-endian one begins as UTF-16's does. */
export function wideEncoding(head: Buffer): 'UTF-16' | 'UTF-32' | null {
  const begins = (...bytes: number[]): boolean => bytes.every((byte, at) => head[at] === byte);
  if (begins(0xff, 0xfe, 0, 0) || begins(0, 0, 0xfe, 0xff)) return 'UTF-32';
  return begins(0xff, 0xfe) || begins(0xfe, 0xff) ? 'UTF-16' : null;
}

/** Bytes that no text has. */
export function isBinary(head: Buffer): boolean {
  const sample = head.subarray(0, 4096);
  let odd = 0;
  for (const byte of sample) {
    if (byte === 0) return true;
    if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27)) odd += 1;
  }
  return odd > sample.length / 50;
}
