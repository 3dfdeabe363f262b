import { beforeAll, expect, test } from 'vitest';
import { nativeOps } from '../../../src-main/backends/index.ts';
import { generate } from '../../../src-main/engine/decode/generate.ts';
import { roomFor } from '../../../src-main/engine/decode/step-arrays.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { makeTinyLlama } from '../../helpers/tiny-model.ts';

beforeAll(async () => {
  await openTestBackend();
});

test('a room holds what is asked for, and is not much larger where it is fine', () => {
  const lengths = Array.from({ length: 3000 }, (_, i) => i + 1);
  const wrong = lengths.filter((length) => {
    const [fine, coarse] = [roomFor(length, true), roomFor(length, false)];
    const isTight = fine >= length && fine - length < Math.max(32, length / 4);
    return !isTight || coarse < fine || Math.log2(coarse) % 1 !== 0;
  });
  expect(wrong).toEqual([]);
  expect([1, 32, 33, 65, 129, 300].map((length) => roomFor(length, true))).toEqual([32, 32, 64, 96, 160, 320]);
  expect(roomFor(1, false)).toBe(128);
});

test.for([
  // A cache that is written into begins with room for 128; one of stretches has rooms for 20 positions, then 36 and 52.
  { how: 'one operation', start: 120, more: 12, rooms: [128, 160] },
  { how: 'TensorFlow’s operations', start: 20, more: 36, rooms: [32, 64] },
])(
  'attention by $how decodes in rooms that grow with a text of $start tokens, and writes what uncompiled steps write',
  async ({ how, start, more, rooms: expected }, ctx) => {
    const { fused, ...others } = nativeOps();
    const { compile } = others;
    if (how === 'one operation' && fused === undefined) return ctx.skip('this backend has no operations of its own');
    if (compile === undefined) return ctx.skip('this backend compiles nothing');
    const model = makeTinyLlama({ vocab: 16_400, dim: 256, layers: 1, heads: 4, kvHeads: 2, seed: 3 });
    const rooms: number[] = [];
    const noted: typeof compile = (build, specs, options) => {
      // Keys of a layer: [rows, heads, width, room].
      rooms.push(specs.find(({ shape }) => shape.length === 4)!.shape[3]!);
      return compile(build, specs, options);
    };
    const prompts = [Array.from({ length: start }, (_, i) => 3 + 7 * i), [5, 9, 11]];
    const settings = { temperature: 0, maxNewTokens: more, seed: 0 };
    const decoder = { decode: (ids: readonly number[]) => ids.join(' ') };
    const plain = await generate(model, decoder, prompts, settings);
    const found = await generate(model, decoder, prompts, settings, {
      ops: { ...others, ...(how === 'one operation' ? { fused } : {}), compile: noted },
      compileFrom: 1,
    });
    expect(found.map(({ ids }) => ids)).toEqual(plain.map(({ ids }) => ids));
    found.forEach(({ logProbs }, row) =>
      logProbs.forEach((nats, i) => expect(nats).toBeCloseTo(plain[row]!.logProbs[i]!, 4)),
    );
    expect(rooms).toEqual(expected);
    model.dispose();
  },
);
