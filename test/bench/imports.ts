/**
 * How fast imports read, and how much memory they take: `node test/bench/imports.ts [megabytes]` (512 by default). Files
 * are generated in the OS's temp folder; each is read in a process of its own, so that peaks do not mix. Speeds are
 * of the uncompressed text, by the clock and by processor time. Prints, asserts nothing.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip, createZstdCompress } from 'node:zlib';
import { openEvaluationImport } from '../../src-main/imports/index.ts';

const [mode = '512', path = ''] = process.argv.slice(2);
if (mode === 'read') await readOnce(path);
else await runAll(Number(mode) * 1e6);

async function readOnce(file: string): Promise<void> {
  const start = performance.now();
  const stream = await openEvaluationImport(file);
  let rows = 0;
  for await (const batch of stream.batches()) rows += batch.length;
  const seconds = (performance.now() - start) / 1000;
  const { problems } = stream.metadata();
  const cpu = process.cpuUsage();
  console.log(
    JSON.stringify({
      rows,
      problems,
      seconds,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      peakBytes: process.resourceUsage().maxRSS * 1024,
    }),
  );
}

async function runAll(bytes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flipguard-bench-'));
  try {
    const at = (name: string): string => join(folder, name);
    const jsonl = at('rows.jsonl');
    await write(jsonl, bytes, (i) => `${JSON.stringify(record(i))}\n`);
    report('JSONL, ids given', jsonl);
    await pipeline(createReadStream(jsonl), createGzip({ level: 1 }), createWriteStream(at('rows.jsonl.gz')));
    report('the same, gzip', at('rows.jsonl.gz'), statSync(jsonl).size);
    await pipeline(createReadStream(jsonl), createZstdCompress(), createWriteStream(at('rows.jsonl.zst')));
    report('the same, zstd', at('rows.jsonl.zst'), statSync(jsonl).size);
    rmSync(jsonl);
    await write(at('anonymous.jsonl'), bytes, (i) => `${JSON.stringify({ ...record(i), id: undefined })}\n`);
    report('JSONL, ids made of content', at('anonymous.jsonl'));
    rmSync(at('anonymous.jsonl'));
    await write(at('rows.json'), bytes, (i) => `${i === 0 ? '[' : ','}\n${JSON.stringify(record(i))}`, '\n]\n');
    report('JSON list', at('rows.json'));
    rmSync(at('rows.json'));
    await write(at('rows.csv'), bytes, (i) => (i === 0 ? 'id,prompt,output,correct,score\n' : csvRow(i)));
    report('CSV', at('rows.csv'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** About 330 bytes as JSON. */
function record(i: number): { id: string; prompt: string; output: string; correct: boolean; score: number } {
  const words = `word${i % 977} in context ${i} of a sentence that continues for a while, as prompts do, `;
  return {
    id: `sample-${i}`,
    prompt: words.repeat(2),
    output: `answer number ${i} “with quotes” and ümlauts`,
    correct: i % 3 === 0,
    score: -i / 1000,
  };
}

function csvRow(i: number): string {
  const { id, prompt, output, correct, score } = record(i);
  return `${id},"${prompt}","${output}",${correct},${score}\n`;
}

async function write(file: string, bytes: number, line: (i: number) => string, end = ''): Promise<void> {
  function* chunks(): Generator<string> {
    let written = 0;
    for (let i = 0; written < bytes;) {
      const lines: string[] = [];
      for (let n = 0; n < 2000; n += 1, i += 1) lines.push(line(i));
      const chunk = lines.join('');
      written += Buffer.byteLength(chunk);
      yield chunk;
    }
    yield end;
  }
  await pipeline(Readable.from(chunks()), createWriteStream(file));
}

type Reading = Record<'rows' | 'problems' | 'seconds' | 'cpuSeconds' | 'peakBytes', number>;

function report(name: string, file: string, textBytes = statSync(file).size): void {
  const script = fileURLToPath(import.meta.url);
  const output = execFileSync(process.execPath, [script, 'read', file], { encoding: 'utf8' });
  const { rows, problems, seconds, cpuSeconds, peakBytes } = JSON.parse(output) as Reading;
  const megabytes = textBytes / 1e6;
  const speed = `${(megabytes / seconds).toFixed(0)} MB/s (${(megabytes / cpuSeconds).toFixed(0)} a CPU second)`;
  const work = `${megabytes.toFixed(0)} MB, ${rows} rows, ${problems} problems in ${seconds.toFixed(1)} s`;
  console.log(`${name}: ${work}, ${speed}, peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB`);
}
