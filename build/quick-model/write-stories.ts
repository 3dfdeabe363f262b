/**
 * stories15M writes stories: sampled from nothing but the beginning-of-text token at temperature 1, batch after batch, each batch with its own
 * seed. Stops at `count`; run again, it continues where it was.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { openBackend } from '../../src-main/backends/index.ts';
import { loadModel } from '../../src-main/engine/checkpoint/load-model.ts';
import { generate } from '../../src-main/engine/decode/generate.ts';
import { loadTokenizer } from '../../src-main/engine/tokenizer/tokenizer.ts';
import { openFolder } from '../../src-main/trainer/node-folders.ts';

const batchSize = 64;

export async function writeStories(modelPath: string, outPath: string, count: number): Promise<void> {
  const backend = await openBackend();
  const reader = openFolder(modelPath);
  const [model, tokenizer] = [await loadModel(reader, { trainable: false }), await loadTokenizer(reader)];
  const bos = model.config.bosTokenId;
  if (bos === null) throw new Error('the model has no beginning-of-text token to start from');
  const written = existsSync(outPath) ? readFileSync(outPath, 'utf8').trim().split('\n').length : 0;
  for (let batch = Math.floor(written / batchSize); batch * batchSize < count; batch++) {
    const startedAt = performance.now();
    const prompts = Array.from({ length: batchSize }, () => [bos]);
    const settings = { temperature: 1, maxNewTokens: 254, seed: batch };
    const stories = await generate(model, tokenizer, prompts, settings, { batchSize });
    appendFileSync(
      outPath,
      stories.map((story) => `${JSON.stringify({ text: wholeSentences(story.text) })}\n`).join(''),
    );
    const tokens = stories.reduce((sum, story) => sum + story.ids.length, 0);
    const rate = Math.round((tokens / (performance.now() - startedAt)) * 1000);
    process.stderr.write(`${(batch + 1) * batchSize} of ${count} stories, ${rate} tokens/s on ${backend.name}\n`);
  }
  model.dispose();
}

/** The story up to its last finished sentence: the token limit cuts long ones in the middle of one. */
function wholeSentences(text: string): string {
  const end = Math.max(text.lastIndexOf('.'), text.lastIndexOf('!'), text.lastIndexOf('?'), text.lastIndexOf('."') + 1);
  return (end < 0 ? text : text.slice(0, end + 1)).trim();
}
