import { existsSync, readFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { exportGguf, ggufTypes } from '../../../src-main/workbench/exporting/gguf-export.ts';
import { toHalf, type GgufType } from '../../../src-main/workbench/exporting/gguf-file.ts';
import { fusedApart, ggufFamily, interleaved, transposed } from '../../../src-main/workbench/exporting/gguf-model.ts';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { readModelConfig } from '../../../src-main/engine/models/families.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { logitsAt, modelAsset, readRecorded, type RecordedLogits } from '../../helpers/golden-models.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { temporaryFolder } from '../../helpers/workbench.ts';

/** A tiny model of 48 tokens with a byte-level tokenizer of as many. */
async function folderOf(family: string): Promise<string> {
  const folder = path.join(temporaryFolder(), family);
  await cp(modelAsset(family === 'olmo3-usual' ? 'olmo3' : family), folder, { recursive: true });
  if (family === 'olmo3-usual') {
    // The amplitude that follows from the factor, as published models have it.
    const file = path.join(folder, 'config.json');
    await writeFile(
      file,
      readFileSync(file, 'utf8').replace(/("attention_factor": )[\d.]+/g, `$1${0.1 * Math.log(4) + 1}`),
    );
  }
  const letters = [
    '<unk>',
    '<s>',
    '</s>',
    ...Array.from({ length: 42 }, (_, i) => String.fromCharCode(65 + i)),
    'AB',
    'CD',
  ];
  const vocab = Object.fromEntries(letters.map((letter, id) => [letter, id]));
  const special = [0, 1, 2].map((id) => ({ id, content: letters[id], special: true }));
  const tokenizer = {
    model: { type: 'BPE', vocab, merges: ['A B', ['C', 'D']] },
    added_tokens: special,
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    post_processor: null,
  };
  await writeFile(path.join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  const config = { bos_token: '<s>', eos_token: { content: '</s>' }, chat_template: '{{ messages }}' };
  await writeFile(path.join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  return folder;
}

async function written(family: string, type: GgufType): Promise<string> {
  const folder = await folderOf(family);
  const file = path.join(folder, `${type}.gguf`);
  await exportGguf(folder, file, { name: 'tiny', type }, quietTask());
  return file;
}

describe('numbers of a GGUF file', () => {
  it('in half precision are rounded to the nearest, to even where two are as near', () => {
    const cases: [number, number][] = [
      [0, 0x0000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65520, 0x7c00],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [2 ** -24, 0x0001],
      [2 ** -25, 0x0000],
      [2 ** -14, 0x0400],
      [2047.5, 0x6800],
    ];
    expect(cases.map(([value]) => toHalf(value))).toEqual(cases.map(([, bits]) => bits));
  });

  it('of queries and keys are interleaved head by head', () => {
    // Two heads of four rows of one number: halves [a₀ a₁ | b₀ b₁] become [a₀ b₀ a₁ b₁].
    expect([...interleaved(Float32Array.of(0, 1, 2, 3, 10, 11, 12, 13), 2, 1)]).toEqual([0, 2, 1, 3, 10, 12, 11, 13]);
  });

  it('of fused and turned weights are put apart and turned', () => {
    // Two heads of one row each: [q₀ k₀ v₀ | q₁ k₁ v₁].
    expect([...fusedApart(Float32Array.of(0, 10, 20, 1, 11, 21), 2, 1)]).toEqual([0, 1, 10, 11, 20, 21]);
    expect([...transposed(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3)]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it('take the space their type says', async () => {
    const sizes = await Promise.all(ggufTypes.map(async (type) => readFileSync(await written('qwen2', type)).length));
    const [f32 = 0, f16 = 0, bf16 = 0, q8 = 0] = sizes;
    expect(bf16).toBe(f16);
    expect(f16).toBeLessThan(f32);
    expect(q8).toBeLessThan(f16);
  });
});

describe('a GGUF file', () => {
  it('names its family, its tokens and its template', async () => {
    const bytes = readFileSync(await written('qwen2', 'f32'));
    expect(bytes.subarray(0, 4).toString()).toBe('GGUF');
    expect([bytes.readUInt32LE(4), Number(bytes.readBigUInt64LE(8))]).toEqual([3, 26]);
    const text = bytes.toString('latin1');
    for (const name of [
      'qwen2.block_count',
      'tokenizer.ggml.merges',
      'tokenizer.chat_template',
      'blk.1.attn_q.bias',
      '[PAD47]',
    ])
      expect(text).toContain(name);
  });

  it.each([
    [
      'gpt2',
      ['gpt2.attention.layer_norm_epsilon', 'position_embd.weight', 'blk.1.attn_qkv.bias', 'blk.0.ffn_down.weight'],
    ],
    ['gpt-neox', ['gptneox.use_parallel_residual', 'blk.1.attn_qkv.weight', 'output_norm.bias', 'output.weight']],
    ['phi3', ['phi3.rope.scaling.original_context_length', 'blk.1.attn_qkv.weight', 'blk.1.ffn_up.weight']],
    ['phi4-mini', ['phi3.rope.scaling.attn_factor', 'rope_factors_long.weight', 'rope_factors_short.weight']],
    ['olmo3-usual', ['olmo2.attention.sliding_window', 'blk.3.post_ffw_norm.weight']],
  ])('of %s has what llama.cpp reads of it', async (family, names) => {
    const text = readFileSync(await written(family, 'f32')).toString('latin1');
    expect(names.filter((name) => !text.includes(name))).toEqual([]);
  });

  it.each(['olmo3', 'gemma3', 'smollm3', 'qwen2-windowed'])(
    'is refused by name for %s, whose tiny model llama.cpp would compute otherwise',
    async (family) => {
      await expect(written(family, 'f32')).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(/^GGUF export: .* are not supported\.$/),
        remedy: expect.stringContaining('safetensors'),
      });
    },
  );
});

describe('what llama.cpp computes alike in every model of a family', () => {
  const llama = readRecordedConfig('llama');
  const yarn = { rope_type: 'yarn', rope_theta: 10_000, factor: 4, original_max_position_embeddings: 16 };
  it.each([
    ['another activation', { hidden_act: 'gelu' }, /with the activation gelu/],
    ['an amplitude of its own', { rope_parameters: { ...yarn, attention_factor: 1.3 } }, /YaRN/],
    ['bounds of its own', { rope_parameters: { ...yarn, beta_fast: 16 } }, /YaRN/],
    ['bounds that are not rounded', { rope_parameters: { ...yarn, truncate: false } }, /YaRN/],
  ])('is held against %s', (_, changes, message) => {
    expect(() => ggufFamily(readModelConfig({ ...llama, ...changes }))).toThrow(message);
  });

  it('and not against YaRN as it is published', () => {
    expect(ggufFamily(readModelConfig({ ...llama, rope_parameters: yarn })).architecture).toBe('llama');
  });
});

function readRecordedConfig(family: string): Record<string, unknown> {
  return JSON.parse(readFileSync(modelAsset(family, 'config.json'), 'utf8')) as Record<string, unknown>;
}

/** The part of node-llama-cpp that the comparison uses. */
interface LlamaCpp {
  getLlama(options: object): Promise<{
    loadModel(options: object): Promise<{
      createContext(options: object): Promise<{ getSequence(): LlamaSequence; dispose(): Promise<void> }>;
      dispose(): Promise<void>;
    }>;
    dispose(): Promise<void>;
  }>;
}
interface LlamaSequence {
  controlledEvaluate(input: unknown[]): Promise<({ next?: { probabilities?: Map<number, number> } } | undefined)[]>;
  clearHistory(): Promise<void>;
}

/** Folder with node-llama-cpp in its node_modules, which carries a binary of llama.cpp. */
const place = process.env['FLIPGUARD_LLAMA_CPP'] ?? '';
const llamaCpp = existsSync(place) ? '' : ' (skipped: FLIPGUARD_LLAMA_CPP names no folder with node-llama-cpp)';

describe.skipIf(llamaCpp !== '')(`llama.cpp${llamaCpp}`, () => {
  it.each([
    ...['llama', 'llama-biased', 'mistral', 'qwen2', 'qwen3', 'olmo2', 'granite'],
    ...['phi3', 'phi4-mini', 'gpt2', 'gpt-neox', 'gpt-neox-sequential', 'olmo3-usual'],
  ])('computes of %s the log-probs that transformers does', async (family) => {
    const entry = createRequire(path.join(place, 'package.json')).resolve('node-llama-cpp');
    const { getLlama } = (await import(pathToFileURL(entry).href)) as LlamaCpp;
    const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' });
    const model = await llama.loadModel({ modelPath: await written(family, 'f32') });
    const context = await model.createContext({ contextSize: 64, batchSize: 64, threads: 1 });
    const sequence = context.getSequence();
    const { ids, logits } = await wantedOf(family);
    // Within a window of 6.
    const prompt = ids[0]!.slice(0, 6);
    const wanted = logSoftmax(logits[0]![5]!);
    const last = { generateNext: { probabilities: true, token: true, options: { temperature: 0 } } };
    const found = await sequence.controlledEvaluate(prompt.map((id, i) => (i === 5 ? [id, last] : id)));
    const probabilities = found.at(-1)?.next?.probabilities ?? new Map<number, number>();
    await context.dispose();
    await model.dispose();
    await llama.dispose();
    const best = [...wanted.keys()].sort((a, b) => wanted[b]! - wanted[a]!).slice(0, 5);
    const differences = best.map((id) => Math.abs(Math.log(probabilities.get(id) ?? 0) - wanted[id]!));
    expect([...probabilities].sort((a, b) => b[1] - a[1])[0]?.[0]).toBe(best[0]);
    // It keeps keys and values in half precision.
    expect(Math.max(...differences)).toBeLessThan(0.05);
  });
});

/** What transformers recorded; of a variant that it did not, what our engine, which is held to its records, computes. */
async function wantedOf(family: string): Promise<RecordedLogits> {
  if (family !== 'olmo3-usual') return readRecorded(family, 'golden.json');
  await openTestBackend('cpu');
  const recorded = readRecorded('olmo3', 'golden.json');
  const model = await loadModel(openFolder(await folderOf(family)), { trainable: false });
  return { ...recorded, logits: logitsAt(model, recorded) };
}

function logSoftmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const total = Math.log(logits.reduce((sum, x) => sum + Math.exp(x - largest), 0)) + largest;
  return logits.map((x) => x - total);
}
