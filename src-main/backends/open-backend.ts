import { openCpu, openWasm } from './javascript.ts';
import { openTensorflow } from './tensorflow.ts';
import { backendNames } from './types.ts';
import type { BackendName, Opened, OpenedBackend, TriedBackend } from './types.ts';

/** How each backend is opened. A test hands its own to see what happens when one is missing. */
export type BackendOpeners = Readonly<Record<BackendName, () => Promise<Opened>>>;

export const openers: BackendOpeners = {
  'tensorflow-cuda': () => openTensorflow('cuda'),
  'tensorflow-cpu': () => openTensorflow('cpu'),
  webgpu: async () => (await import('./webgpu.ts')).openWebgpu(),
  wasm: openWasm,
  cpu: openCpu,
};

/**
 * Chooses and activates the tensor backend of this process: the preferred one if it can be had, else the fastest that can.
 * `FLIPGUARD_BACKEND` names a preference where the caller has none.
 * @throws Error when none opens, naming each with its reason
 */
export async function openBackend(
  options: { prefer?: BackendName; openers?: BackendOpeners } = {},
): Promise<OpenedBackend> {
  const prefer = options.prefer ?? preferenceOf(process.env['FLIPGUARD_BACKEND']);
  const table = options.openers ?? openers;
  const order = prefer === undefined ? backendNames : [prefer, ...backendNames.filter((name) => name !== prefer)];
  const tried: TriedBackend[] = [];
  for (const name of order) {
    try {
      const opened = await table[name]();
      const missed =
        prefer !== undefined && name !== prefer
          ? [`${prefer} was asked for and could not be had: ${tried[0]?.reason ?? ''}.`]
          : [];
      const isLastResort = tried.length > 0 && (name === 'wasm' || name === 'cpu');
      const why = isLastResort ? ['`npx flipguard doctor` says why no faster one is used.'] : [];
      return { ...opened, name, tried, notes: [...missed, ...opened.notes, ...why] };
    } catch (error) {
      tried.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  throw new Error(`No tensor backend opens: ${tried.map(({ name, reason }) => `${name} (${reason})`).join('; ')}`);
}

function preferenceOf(text: string | undefined): BackendName | undefined {
  return backendNames.find((name) => name === text);
}
