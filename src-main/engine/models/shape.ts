import type { ModelShape } from '../../shared/domain/memory-estimate.ts';
import type { ModelConfig } from './causal-lm.ts';
import { fusesAttention } from './architecture.ts';
import { blockLinears, expectedShapes } from './parameters.ts';

/** The parts of a configuration that memory depends on. */
export function shapeOf(config: ModelConfig): ModelShape {
  const { vocabSize, dim, layers, heads, kvHeads, headDim, ffnDim } = config;
  const linears = Array.from({ length: layers }, (_, layer) => blockLinears(config, layer)).flat();
  const sizes = [...expectedShapes(config).values()].map((shape) => shape.reduce((product, size) => product * size, 1));
  const { activation, kind } = config.architecture.feedForward;
  return {
    parameters: sizes.reduce((total, size) => total + size, 0),
    largest: Math.max(...sizes),
    matrices: linears.reduce((total, { inputs, outputs }) => total + inputs * outputs, 0),
    ...{ vocabSize, dim, layers, heads, kvHeads, headDim, ffnDim, linears },
    // Three are kept; the fourth is made again on the backward pass, which a compiled step does early.
    swiGlu: kind === 'gated' && activation === 'silu',
    cappedScores: !fusesAttention(config.architecture),
  };
}
