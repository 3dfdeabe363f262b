import { WorkbenchError } from '../../shared/domain/errors.ts';
import { sizeText } from './download.ts';
import type { HubFile, Repository } from './repository.ts';

/** What of a model's repository the workbench reads; the rest (other formats of the same weights, mostly) stays where it is. */
const read = [
  /^(config|generation_config|adapter_config|special_tokens_map|added_tokens|vocab)\.json$/,
  /^tokenizer[\w.-]*\.(json|model)$/,
  /^(merges\.txt|chat_template\.(jinja|json)|README\.md|LICEN[CS]E[\w.-]*)$/,
  /^(model|adapter_model)[\w.-]*\.safetensors(\.index\.json)?$/,
];
const pickles = /\.(bin|pt|pth|ckpt|pkl|pickle)$/;
const isWeights = ({ path }: HubFile) => path.endsWith('.safetensors');

/** The files to fetch, small ones first, so that what speaks against a model is known before its weights are. */
export function modelFiles({ name, files, here }: Repository): HubFile[] {
  const wanted = files.filter(({ path }) => read.some((pattern) => pattern.test(path)));
  const configured = wanted.some(({ path }) => path === 'config.json' || path === 'adapter_config.json');
  if (configured && wanted.some(isWeights)) {
    return wanted.sort((a, b) => Number(isWeights(a)) - Number(isWeights(b)) || a.path.localeCompare(b.path));
  }
  const refuse = (what: string, remedy: string) =>
    new WorkbenchError('unsupported', `${name.repository} ${what}.`, { remedy });
  if (here === true) {
    throw new WorkbenchError('not-found', `The cache does not hold all of ${name.repository}: only ${said(files)}.`, {
      remedy: 'Fetch the rest: unset HF_HUB_OFFLINE, and see that the Hub can be reached.',
    });
  }
  if (files.some(({ path }) => path.endsWith('.gguf')))
    throw refuse('holds GGUF files alone', 'Name the repository they were made from: its weights are safetensors.');
  if (files.some(({ path }) => pickles.test(path)) && !files.some(isWeights)) {
    throw refuse(
      'holds its weights as pickles, which run code when they are opened',
      'Look for a revision with safetensors (ORG/NAME@refs/pr/N), or convert it with transformers: from_pretrained, then save_pretrained.',
    );
  }
  if (!configured)
    throw refuse('holds no config.json', 'Name the repository of a transformers model, or of a PEFT adapter.');
  throw refuse('holds no model.safetensors', 'Name the repository of a transformers model, or of a PEFT adapter.');
}

const mostSaid = 5;

function said(files: readonly HubFile[]): string {
  const names = files.slice(0, mostSaid).map(({ path }) => path);
  return names.length === 0 ? 'empty folders' : `${names.join(', ')}${files.length > mostSaid ? ', …' : ''}`;
}

/** One line for a person, before anything is fetched. */
export function announcement(
  { name, commit, licence }: Repository,
  files: readonly HubFile[],
  hereBytes: number,
): string {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const here =
    hereBytes === 0
      ? ''
      : hereBytes >= bytes
        ? ', all of it in the cache'
        : `, ${sizeText(hereBytes)} of it in the cache`;
  return `${name.repository}@${commit.slice(0, 12)}: ${files.length} files, ${sizeText(bytes)}${here}; licence: ${licence ?? 'not stated'}`;
}
