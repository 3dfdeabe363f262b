import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { softwareGpu } from './software-gpu.ts';

interface Answer {
  name: string;
  device: string;
  dpo: { loss: number; gradients: Record<string, number[]> };
  crossEntropy: number[];
  gather: number[];
}

const gpu = softwareGpu();
const title = 'missing' in gpu ? `WebGPU (skipped: ${gpu.missing})` : 'WebGPU';

describe.skipIf('missing' in gpu)(title, () => {
  let cpu: Answer;
  let webgpu: Answer;
  beforeAll(() => {
    const env = 'env' in gpu ? gpu.env : process.env;
    const answer = execFileSync(process.execPath, ['test/backends/webgpu-child.ts'], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    ({ cpu, webgpu } = JSON.parse(answer) as { cpu: Answer; webgpu: Answer });
  });

  it('is what computed', () => {
    expect(cpu.name).toBe('cpu');
    expect(webgpu.name).toBe('webgpu');
    expect(webgpu.device).toMatch(/SwiftShader/);
  });

  it('trains a small Llama with the losses and gradients of the JavaScript backend', () => {
    expect(cpu.dpo.loss).toBeGreaterThan(0);
    expect(Math.abs(webgpu.dpo.loss - cpu.dpo.loss)).toBeLessThan(1e-3);
    expect(Object.keys(webgpu.dpo.gradients).sort()).toEqual(Object.keys(cpu.dpo.gradients).sort());
    expect(Object.keys(cpu.dpo.gradients).length).toBeGreaterThan(15);
    for (const [name, gradient] of Object.entries(cpu.dpo.gradients))
      expect(largestDifference(webgpu.dpo.gradients[name] ?? [], gradient), name).toBeLessThan(1e-3);
  });

  it('adds up what gather took from the same row, hundreds of times over', () => {
    expect(largestDifference(webgpu.gather, cpu.gather)).toBeLessThan(1e-3);
  });

  it('composes the same cross-entropy', () => {
    expect(largestDifference(webgpu.crossEntropy, cpu.crossEntropy)).toBeLessThan(1e-5);
  });
});

function largestDifference(left: number[], right: number[]): number {
  if (left.length !== right.length) return Infinity;
  return Math.max(...left.map((value, i) => Math.abs(value - (right[i] ?? NaN))));
}
