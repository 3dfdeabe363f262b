import type { WeightPlace } from '../../shared/domain/merging.ts';
import type { ModelConfig } from '../models/causal-lm.ts';

/** Where a weight of `expectedShapes` sits in the model. */
export function weightPlace({ architecture: { names } }: ModelConfig, weight: string): WeightPlace {
  const name = weight.replace(/\.(?:weight|bias)$/, '');
  const block = `${names.block}.`;
  if (!name.startsWith(block)) return { module: name === names.finalNorm ? 'norms' : 'embeddings', layer: null };
  const inBlock = name.slice(block.length);
  const layer = Number(inBlock.slice(0, inBlock.indexOf('.')));
  const part = inBlock.slice(inBlock.indexOf('.') + 1);
  const attention = [names.query, names.key, names.value, names.queryKeyValue, names.attentionOut];
  if (attention.includes(part)) return { module: 'attention', layer };
  const mlp = [names.gate, names.up, names.gateUp, names.down];
  return { module: mlp.includes(part) ? 'mlp' : 'norms', layer };
}
