import type { Architecture } from './architecture.ts';
import type { ModelConfig } from './causal-lm.ts';

/** Weight of a sequence classifier's head, in every family. */
export const scoreHead = 'score.weight';

/** A linear's place in the model: its module name and its sizes. */
export interface LinearShape {
  name: string;
  inputs: number;
  outputs: number;
}

/** Every tensor a checkpoint of this configuration must hold, by Hugging Face name, with its shape. */
export function expectedShapes(config: ModelConfig): Map<string, number[]> {
  const { architecture } = config;
  const { names } = architecture;
  const shapes = new Map<string, number[]>();
  const norm = (name: string, size: number) => {
    shapes.set(`${name}.weight`, [size]);
    if (architecture.norm.kind === 'layer') shapes.set(`${name}.bias`, [size]);
  };
  shapes.set(`${names.embedding}.weight`, [config.vocabSize, config.dim]);
  if (names.positionEmbedding !== undefined) {
    shapes.set(`${names.positionEmbedding}.weight`, [
      (architecture.firstPosition ?? 0) + config.maxPositions,
      config.dim,
    ]);
  }
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `${names.block}.${layer}.`;
    for (const { name, size } of blockNorms(config)) norm(prefix + name, size);
    for (const linear of blockLinears(config, layer)) {
      const { name, inputs, outputs } = linear;
      shapes.set(`${name}.weight`, architecture.linearLayout === 'out-in' ? [outputs, inputs] : [inputs, outputs]);
      if (hasBias(architecture, name.slice(prefix.length))) shapes.set(`${name}.bias`, [outputs]);
    }
  }
  norm(names.finalNorm, config.dim);
  const { head } = architecture;
  if (head.kind === 'classifier') shapes.set(scoreHead, [head.labels, config.dim]);
  else if (!config.tiedHead) shapes.set(`${names.head}.weight`, [config.vocabSize, config.dim]);
  return shapes;
}

/** The norms of one block: their names in it, and their sizes. */
function blockNorms({ dim, heads, kvHeads, headDim, architecture }: ModelConfig): { name: string; size: number }[] {
  const { names, attention } = architecture;
  const headsNormed = (count: number) => (attention.qkNorm === 'all-heads' ? count * headDim : headDim);
  const norms: [string | undefined, number][] = [
    [names.attentionNorm, dim],
    [names.queryNorm, headsNormed(heads)],
    [names.keyNorm, headsNormed(kvHeads)],
    [names.attentionOutNorm, dim],
    [names.feedForwardNorm, dim],
    [names.feedForwardOutNorm, dim],
  ];
  return norms.flatMap(([name, size]) => (name === undefined ? [] : [{ name, size }]));
}

/** The linears of one block: what LoRA can be put on. */
export function blockLinears(config: ModelConfig, layer: number): LinearShape[] {
  const { dim, ffnDim, architecture } = config;
  const { names } = architecture;
  const queries = config.heads * config.headDim;
  const keys = config.kvHeads * config.headDim;
  const linears: [string | undefined, number, number][] = [
    [names.query, dim, queries],
    [names.key, dim, keys],
    [names.value, dim, keys],
    [names.queryKeyValue, dim, queries + 2 * keys],
    [names.attentionOut, queries, dim],
    [names.gate, dim, ffnDim],
    [names.up, dim, ffnDim],
    [names.gateUp, dim, 2 * ffnDim],
    [names.down, ffnDim, dim],
  ];
  return linears.flatMap(([name, inputs, outputs]) =>
    name === undefined ? [] : [{ name: `${names.block}.${layer}.${name}`, inputs, outputs }],
  );
}

function hasBias({ names, bias }: Architecture, module: string): boolean {
  switch (module) {
    case names.query:
    case names.key:
    case names.value:
    case names.queryKeyValue:
      return bias.qkv;
    case names.attentionOut:
      return bias.attentionOut;
    default:
      return bias.feedForward;
  }
}
