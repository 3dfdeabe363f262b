import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { surveyTrainerFolder } from '../../../src-main/imports/trainer-folder/trainer-folder.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { flipguard } from '../../helpers/cli.ts';
import { trainingArgsFile } from '../../helpers/training-args.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

/** Both train with the trainer of transformers, whose folder this is; what they write next to it is added as their sources write it. */
const dpo = path.resolve(import.meta.dirname, '../../assets/trainers/dpo');
type Logged = Record<string, number>;
const history = (JSON.parse(readFileSync(path.join(dpo, 'trainer_state.json'), 'utf8')) as { log_history: Logged[] })
  .log_history;

function folderOf(module: string, name: string, settings: Record<string, string | number> = {}): string {
  const folder = path.join(temporaryFolder(), 'out');
  cpSync(dpo, folder, { recursive: true });
  const file = trainingArgsFile(module, name, { learning_rate: 0.01, seed: 3, ...settings });
  for (const place of readdirSync(folder).filter((one) => one.startsWith('checkpoint-')))
    writeFileSync(path.join(folder, place, 'training_args.bin'), file);
  return folder;
}
const put = (folder: string, name: string, value: unknown) =>
  writeFileSync(path.join(folder, name), typeof value === 'string' ? value : JSON.stringify(value, null, 4));

/** `LogCallback._write_log`: what the board shows of each line of the log. */
function liveLog(lines: readonly Logged[]): string {
  return lines
    .filter((line) => 'loss' in line || 'eval_loss' in line)
    .map((line) => {
      const { step, epoch, loss, eval_loss, learning_rate: lr } = line;
      const accuracy = line['rewards/accuracies'];
      const told = { current_steps: step, total_steps: 4, loss, eval_loss, accuracy, lr, epoch };
      return `${JSON.stringify({ ...told, percentage: 25 * (step ?? 0), elapsed_time: '0:00:01', remaining_time: '0:00:00' })}\n`;
    })
    .join('');
}

/** `create_modelcard_and_push` of LLaMA-Factory, shortened. */
const factoryCard = `---\nlibrary_name: transformers\nlicense: other\nbase_model: org/base\ntags:\n- llama-factory\n- full\n- generated_from_trainer\nmodel-index:\n- name: out\n  results: []\n---\n\n# out\n`;

/** `setup_model_card` of axolotl, shortened. */
const axolotlCard = (config: string) =>
  `---\nlibrary_name: transformers\nbase_model: org/base\ntags:\n- axolotl\n- generated_from_trainer\n---\n\n[<img src="…" alt="Built with Axolotl"/>](https://…)\n<details><summary>See axolotl config</summary>\n\naxolotl version: \`0.12.0\`\n\`\`\`yaml\n${config}\n\`\`\`\n\n</details><br>\n\n# out\n`;

const curveOf = (name: string, lines: readonly Logged[] = history) =>
  lines.filter((line) => name in line).map((line) => [line.step, line[name]]);

test('a folder of LLaMA-Factory is named, and has its curves with the evaluation after training', async () => {
  const folder = folderOf('llamafactory.hparams.training_args', 'TrainingArguments');
  const evaluated = { eval_loss: 0.25, 'eval_rewards/margins': 1.5, eval_runtime: 0.5 };
  const trained = { epoch: 1, total_flos: 0, train_loss: 0.5, train_runtime: 1 };
  put(folder, 'trainer_log.jsonl', liveLog(history));
  put(folder, 'train_results.json', trained);
  put(folder, 'eval_results.json', { epoch: 1, ...evaluated });
  put(folder, 'all_results.json', { ...trained, ...evaluated });
  put(folder, 'README.md', factoryCard);
  const workbench = await openTestWorkbench();
  const { run } = await workbench.following.importRun(folder, { name: 'lf' }, quietTask());
  expect([run.origin, run.spec.algorithm.kind, run.status]).toEqual([
    { tool: 'llama-factory', version: '5.18.0', folder, method: 'DPO', base: 'org/base' },
    'dpo',
    'finished',
  ]);
  const curves = await workbench.core.store.runMetrics(run.id, {
    names: ['loss', 'rewards/margins', 'eval_rewards/margins'],
    points: 100,
  });
  const shown = Object.fromEntries(
    curves.map(({ name, steps, values }) => [name, steps.map((step, i) => [step, values[i]])]),
  );
  expect(shown.loss).toEqual(curveOf('loss'));
  expect(shown['rewards/margins']).toEqual(curveOf('rewards/margins'));
  // The state has an evaluation at this step already: what the log says holds.
  expect(shown['eval_rewards/margins']).toEqual(curveOf('eval_rewards/margins'));
});

test('an evaluation after training that the log does not have is taken from the files of results', async () => {
  const folder = folderOf('llamafactory.hparams.training_args', 'TrainingArguments');
  put(folder, 'all_results.json', { epoch: 1, eval_accuracy: 0.75, eval_loss: 99 });
  // Of an earlier training in this folder.
  put(folder, 'eval_results.json', { eval_kept: 1 });
  utimesSync(path.join(folder, 'eval_results.json'), 1, 1);
  const { entries } = await surveyTrainerFolder(folder);
  expect(entries.at(-1)).toEqual({ step: 4, epoch: 1, numbers: { eval_accuracy: 0.75 } });
});

test('while LLaMA-Factory trains, its live log continues beyond the newest checkpoint', async () => {
  const folder = folderOf('llamafactory.hparams.training_args', 'TrainingArguments');
  rmSync(path.join(folder, 'checkpoint-4'), { recursive: true });
  rmSync(path.join(folder, 'trainer_state.json'));
  put(folder, 'trainer_log.jsonl', `${liveLog(history.filter(({ step = 0 }) => step < 4))}{"current_steps": 4, "lo`);
  const { tool, step, entries } = await surveyTrainerFolder(folder);
  expect([tool, step]).toEqual(['llama-factory', 3]);
  expect(entries.filter(({ numbers }) => 'loss' in numbers).map(({ step: at, numbers }) => [at, numbers.loss])).toEqual(
    curveOf('loss').slice(0, 3),
  );
});

test('a folder of axolotl is named by its settings or its card, and its final weights need no state of their own', async () => {
  const folder = folderOf('axolotl.core.trainers.dpo.args', 'AxolotlDPOConfig', { beta: 0.3 });
  rmSync(path.join(folder, 'trainer_state.json'));
  for (const name of ['model.safetensors', 'config.json'])
    cpSync(path.join(folder, 'checkpoint-4', name), path.join(folder, name));
  put(folder, 'debug.log', '[2026-07-24] [INFO] [axolotl.train] Model successfully saved\n');
  put(path.join(folder, 'checkpoint-4'), 'tokens_state.json', { total: 100, trainable: 50 });
  put(folder, 'README.md', axolotlCard('base_model: org/base\nrl: dpo\n'));
  const workbench = await openTestWorkbench();
  const { run } = await workbench.following.importRun(folder, { name: 'ax' }, quietTask());
  const steps = (await workbench.core.store.listCheckpoints(run.id)).map(({ step }) => step).sort();
  expect([run.origin?.tool, run.origin?.method, run.origin?.base, run.spec.algorithm, steps]).toEqual([
    'axolotl',
    'DPO',
    'org/base',
    expect.objectContaining({ kind: 'dpo', beta: 0.3 }),
    [2, 4],
  ]);
  const [loss] = await workbench.core.store.runMetrics(run.id, { names: ['loss'], points: 100 });
  expect(loss?.steps.map((step, i) => [step, loss.values[i]])).toEqual(curveOf('loss'));
});

test('the method is read from what each tool says of it', async () => {
  const methodOf = async (
    module: string,
    name: string,
    files: Record<string, string> = {},
    settings: Record<string, number> = {},
  ) => {
    const folder = folderOf(module, name, settings);
    // Without what only DPO logs.
    for (const place of ['.', 'checkpoint-2', 'checkpoint-4'])
      put(path.join(folder, place), 'trainer_state.json', {
        global_step: 4,
        max_steps: 4,
        log_history: [{ step: 4, loss: 1 }],
      });
    for (const [file, text] of Object.entries(files)) put(folder, file, text);
    const { tool, method } = await surveyTrainerFolder(folder);
    return [tool, method];
  };
  const board = (text: string) => ({ 'training_args.yaml': `model_name_or_path: org/base\n${text}` });
  const factory = ['llamafactory.hparams.training_args', 'TrainingArguments'] as const;
  expect(
    await Promise.all([
      methodOf('axolotl.core.training_args', 'AxolotlTrainingArguments'),
      methodOf('axolotl.core.trainers.grpo.args', 'AxolotlAsyncGRPOConfig'),
      methodOf('axolotl.core.training_args', 'AxolotlRewardConfig'),
      methodOf('gone', 'Unknown', { 'README.md': axolotlCard('rl: simpo') }),
      methodOf(...factory, board('stage: dpo\npref_loss: orpo\n')),
      methodOf(...factory, board('stage: rm\n')),
      methodOf(...factory, board('stage: pt\n')),
      methodOf(...factory, { 'all_results.json': '{"epoch": 1, "eval_loss": 2, "perplexity": 7.4}' }),
      methodOf(...factory, { 'all_results.json': '{"epoch": 1, "eval_rouge-l": 31.5}' }),
      methodOf(...factory, {}, { generation_max_length: 1024 }),
      methodOf(...factory),
      methodOf('transformers.training_args_seq2seq', 'Seq2SeqTrainingArguments', board('stage: [a\n')),
    ]),
  ).toEqual([
    ['axolotl', 'SFT'],
    ['axolotl', 'GRPO'],
    ['axolotl', 'Reward'],
    ['axolotl', 'SimPO'],
    ['llama-factory', 'ORPO'],
    ['llama-factory', 'Reward'],
    ['llama-factory', 'Pre-training'],
    ['llama-factory', 'Pre-training'],
    ['llama-factory', 'SFT'],
    ['llama-factory', 'SFT'],
    ['llama-factory', 'training'],
    ['transformers', 'training'],
  ]);
});

test('shards of verl and of OpenRLHF are named with the way out, next to what can be read', async () => {
  const folder = temporaryFolder();
  const write = (...parts: string[]) => {
    const file = path.join(folder, ...parts);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, 'x');
  };
  write('global_step_5', 'actor', 'model_world_size_2_rank_0.pt');
  write('global_step10', 'mp_rank_00_model_states.pt');
  write('notes-7', 'data.pt');
  const { unusable, checkpoints } = await surveyTrainerFolder(folder);
  expect([checkpoints, unusable.map(({ step, half, why }) => [step, half, why.split('.')[0]])]).toEqual([
    [],
    [
      [5, false, 'global_step_5 holds FSDP’s shards only'],
      [10, false, 'global_step10 holds DeepSpeed’s shards only'],
    ],
  ]);
});

test('a checkpoint without a whole state is left out, and which file it lacks and what to do reach the command line', async () => {
  const folder = folderOf('trl.trainer.dpo_config', 'DPOConfig');
  const [lacking, cut] = [path.join(folder, 'checkpoint-2'), path.join(folder, 'checkpoint-4')];
  rmSync(path.join(lacking, 'trainer_state.json'));
  const state = readFileSync(path.join(cut, 'trainer_state.json'), 'utf8');
  writeFileSync(path.join(cut, 'trainer_state.json'), state.slice(0, state.length / 2));
  mkdirSync(path.join(folder, 'checkpoint-6'));
  writeFileSync(path.join(folder, 'checkpoint-6', 'trainer_state.json'), state);
  const answer = await flipguard(path.join(temporaryFolder(), 'workspace'), 'import', 'run', folder);
  expect(answer.status).toBe(0);
  expect(answer.stderr).toContain(
    `checkpoint-2 has no trainer_state.json, which its trainer writes last: the checkpoint is still being written, or the file was lost. It was left out. Import the run again once the file is whole, or the weights as a model: flipguard import model ${lacking}\n`,
  );
  expect(answer.stderr).toContain('The trainer_state.json of checkpoint-4 is cut off, which its trainer writes last: ');
  expect(answer.stderr).toContain('checkpoint-6 holds no weights: neither model.safetensors nor adapter_model');
});

test('checkpoints that no text can be put into come with a sentence that says so, once; adapters have the tokenizer of their base', async () => {
  const folder = folderOf('trl.trainer.dpo_config', 'DPOConfig');
  const workbench = await openTestWorkbench();
  const notesOf = async (name: string) =>
    (await workbench.following.importRun(folder, { name }, quietTask())).said.filter((one) => /tokenizer/.test(one));
  const places = readdirSync(folder).filter((one) => one.startsWith('checkpoint-'));
  for (const place of places) put(path.join(folder, place), 'tokenizer.json', '{}');
  expect(await notesOf('with')).toEqual([]);
  for (const place of places) {
    rmSync(path.join(folder, place, 'tokenizer.json'));
    put(path.join(folder, place), 'tokenizer.model', 'x');
  }
  const said = await notesOf('without');
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^checkpoint-\d+ holds no tokenizer\.json \(tokenizer\.model is not read\): .*evaluated/);
});

test('a checkpoint that has the name of a draft is one that is still being written', async () => {
  const folder = folderOf('trl.trainer.dpo_config', 'DPOConfig');
  const { checkpoints } = await surveyTrainerFolder(folder);
  const newest = checkpoints.at(-1)?.step ?? 0;
  cpSync(path.join(folder, `checkpoint-${newest}`), path.join(folder, `tmp-checkpoint-${newest}`), { recursive: true });
  const both = await surveyTrainerFolder(folder);
  expect(both.checkpoints.map(({ step }) => step)).toEqual(checkpoints.map(({ step }) => step));
  rmSync(path.join(folder, `checkpoint-${newest}`), { recursive: true });
  const draft = await surveyTrainerFolder(folder);
  expect(draft.checkpoints.map(({ folder: place }) => path.basename(place))).not.toContain(`tmp-checkpoint-${newest}`);
  expect(draft.unusable.map(({ step, half }) => [step, half])).toEqual([[newest, true]]);
});
