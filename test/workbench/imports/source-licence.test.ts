import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { licenceOf } from '../../../src-main/workbench/imports/source-licence.ts';
import { makeVersion } from '../../../src-main/workbench/data/versions.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench } from '../../helpers/workbench.ts';

/** A folder with these files; returns the path of the one that is read. */
function folderWith(files: Record<string, string>, read = 'rows.jsonl'): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-licence-'));
  for (const [name, text] of Object.entries({ [read]: '{"prompt": "a", "completion": "b"}\n', ...files })) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return path.join(folder, read);
}

const mit = 'MIT License\n\nCopyright (c) someone\n\nPermission is hereby granted, free of charge, to any person';

test.each<[string, string, { licence: string; file: string } | null]>([
  [
    'a card',
    folderWith({ 'README.md': '---\nlicense: cc-by-4.0\ntags: [x]\n---\n# Data' }),
    { licence: 'cc-by-4.0', file: 'README.md' },
  ],
  [
    'a card with several, begun by a mark',
    folderWith({ 'readme.md': '\ufeff---\r\nlicense:\r\n- mit\r\n- apache-2.0\r\n---\r\n' }),
    { licence: 'mit, apache-2.0', file: 'readme.md' },
  ],
  [
    'one by a name of its own',
    folderWith({ 'README.md': '---\nlicense: other\nlicense_name: lab-1\n---\n' }),
    { licence: 'lab-1', file: 'README.md' },
  ],
  [
    'a card before a licence file',
    folderWith({ 'README.md': '---\nlicense: odc-by\n---\n', LICENSE: mit }),
    { licence: 'odc-by', file: 'README.md' },
  ],
  [
    'a card without one, and a file',
    folderWith({ 'README.md': '# Data\nlicense: gpl', LICENSE: mit }),
    { licence: 'mit', file: 'LICENSE' },
  ],
  [
    'a card that is no YAML',
    folderWith({ 'README.md': '---\nlicense: [\n---\n', 'LICENSE.txt': mit }),
    { licence: 'mit', file: 'LICENSE.txt' },
  ],
  [
    'Apache’s text',
    folderWith({ 'LICENCE.md': '   Apache License\n   Version 2.0, January 2004' }),
    { licence: 'apache-2.0', file: 'LICENCE.md' },
  ],
  [
    'Creative Commons’ text',
    folderWith({ LICENSE: 'Creative Commons\nAttribution-ShareAlike 4.0 International\n' }),
    { licence: 'cc-by-sa-4.0', file: 'LICENSE' },
  ],
  [
    'a text of one’s own',
    folderWith({ LICENSE: '\n# For research only #\nAsk first.' }),
    { licence: 'For research only', file: 'LICENSE' },
  ],
  [
    'a saved dataset',
    folderWith({ 'dataset_info.json': '{"license": "mit", "features": {}}' }),
    { licence: 'mit', file: 'dataset_info.json' },
  ],
  [
    'several configurations',
    folderWith({ 'dataset_infos.json': '{"en": {"license": "mit"}, "de": {"license": "mit"}}' }),
    { licence: 'mit', file: 'dataset_infos.json' },
  ],
  [
    'a data package',
    folderWith({ 'datapackage.json': '{"licenses": [{"name": "CC0-1.0"}, {"title": "Mine"}]}' }),
    { licence: 'CC0-1.0, Mine', file: 'datapackage.json' },
  ],
  [
    'a folder laid out as on the Hub',
    folderWith({ 'README.md': '---\nlicense: mit\n---\n' }, 'data/train.jsonl'),
    { licence: 'mit', file: 'README.md' },
  ],
  ['the folder above another one', folderWith({ 'README.md': '---\nlicense: mit\n---\n' }, 'mine/train.jsonl'), null],
  [
    'a licence that is a number',
    folderWith({ 'README.md': '---\nlicense: 4\n---\n', 'dataset_info.json': 'broken' }),
    null,
  ],
  ['nothing', folderWith({}), null],
  ['a source that is not there', '/nowhere/at/all.jsonl', null],
])('%s names the licence of the files next to it', async (_, source, found) => {
  expect(await licenceOf(source)).toEqual(found);
});

test('the licence of a local file, its fields and its ids are kept with the dataset, and a version has them too', async () => {
  const { core, imports } = await openTestWorkbench();
  const source = folderWith({
    'README.md': '---\nlicense: mit\n---\n',
    'rows.jsonl': '{"question": "a", "completion": "b"}\n{"question": "c", "completion": "d"}\n{"question": "e"}\n',
  });
  const dataset = await imports.dataset(
    { source, name: 'rows', map: { prompt: 'question', completion: 'completion' } },
    quietTask(),
  );
  const version = await makeVersion(
    core,
    dataset,
    { name: 'one', step: { do: 'sample', rows: 1, seed: 0 } },
    quietTask(),
  );
  const made = dataset.importId === null ? null : await core.store.getImport(dataset.importId);
  expect([dataset.licence, version.licence, made?.decisions]).toEqual([
    'mit',
    'mit',
    [
      'Read as jsonl: prompt from “question”, completion.',
      'Ids are made of the rows’ content.',
      'The licence, mit, is named in README.md next to the source.',
    ],
  ]);
});
