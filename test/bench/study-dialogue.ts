/**
 * What a study's methods did to dialogue: the share of sampled answers with a quotation mark, mean over seeds, from the answers that its
 * workspaces have.
 *
 *     node build/node24.mjs test/bench/study-dialogue.ts STUDY WORKSPACE…
 */
import { createWorkbench } from '../../src-main/workbench/create-workbench.ts';
import { readPoint } from '../../src-main/workbench/studies/points.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { formatPercent } from '../../src-main/shared/presentation/numbers.ts';

const [name = '', ...folders] = process.argv.slice(2);
const shares = new Map<string, number[]>();

for (const folder of folders) {
  const { core, studies, close } = await createWorkbench({ folder, shell: 'web', launchTrainer: launchNodeTrainer });
  const { id, frozen } = await studies.find(name);
  for (const [point, evaluationId] of Object.entries(await core.store.studyPoints(id))) {
    const read = readPoint(point);
    if (read === null || !('suite' in read.part)) continue;
    if (read.place.phase !== 'test' || read.part.suite !== frozen?.settings.test.sampledReward.name) continue;
    let [spoken, all] = [0, 0];
    await core.store.streamSamples(evaluationId, async (samples) => {
      all += samples.length;
      spoken += samples.filter(({ output }) => /["“”]/.test(output ?? '')).length;
    });
    const key = `${read.place.method || 'before training'} · ${Math.round(read.place.fraction * 100)} %`;
    shares.set(key, [...(shares.get(key) ?? []), spoken / all]);
  }
  await close();
}
for (const [key, own] of shares) {
  console.log(`${key}: ${formatPercent(own.reduce((sum, share) => sum + share, 0) / own.length)} (${own.length} runs)`);
}
