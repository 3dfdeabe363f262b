import { hash } from 'node:crypto';
import type { SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SuiteItem } from '../../shared/domain/evaluations.ts';
import type { MergeHalf } from '../../shared/domain/merging.ts';
import { idOf } from '../../shared/domain/ids.ts';
import type { Core } from '../core.ts';
import { existing, freeName } from '../workspace/names.ts';

const batchItems = 500;

export interface Halves {
  validation: SuiteRecord;
  test: SuiteRecord;
}

/**
 * A suite as two suites of half its items each: one to choose by, one to report on. The items with the lowest hash of their id go to
 * the former, so the same suite always splits the same way; a suite of texts is split by text. Found where they were made before.
 */
export async function halvesOf(core: Core, suite: SuiteRecord): Promise<Halves> {
  const items: SuiteItem[] = [];
  for (let offset = 0; offset < suite.items; offset += batchItems) {
    items.push(...(await core.store.suiteItems(suite.id, offset, batchItems)));
  }
  if (items.length < 2) {
    throw new WorkbenchError(
      'bad-input',
      `Suite “${suite.name}” has ${items.length} item: there is nothing to split.`,
      {
        remedy: 'Choose by a suite of more items; half of them are left to report on.',
        place: { field: 'search.suite' },
      },
    );
  }
  const ranked = items.map((item) => ({ item, rank: hash('sha256', `validation half\n${item.id}`, 'hex') }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const picked = new Set(ranked.slice(0, Math.ceil(items.length / 2)).map(({ item }) => item.id));
  return {
    validation: await half(
      core,
      suite,
      'validation half',
      items.filter(({ id }) => picked.has(id)),
    ),
    test: await half(
      core,
      suite,
      'test half',
      items.filter(({ id }) => !picked.has(id)),
    ),
  };
}

export function told({ id, name, sha256, items }: SuiteRecord): MergeHalf {
  return { suiteId: idOf('suite', id), name, sha256, items };
}

async function half(core: Core, suite: SuiteRecord, which: string, items: SuiteItem[]): Promise<SuiteRecord> {
  const { store, bus } = core;
  const name = `${suite.name}, ${which}`;
  const suites = await store.listSuites();
  for (const known of suites.filter((one) => one.name.startsWith(name))) {
    if (await holds(core, known, items)) return known;
  }
  const { id: _id, items: _items, sha256: _sha256, importId: _import, createdAt: _createdAt, ...head } = suite;
  const ingest = await store.beginSuite({ ...head, name: freeName(suites, name), import: null });
  for (let i = 0; i < items.length; i += batchItems) await ingest.push(items.slice(i, i + batchItems));
  const id = await ingest.commit();
  bus.publish({ topic: 'changed', lists: ['suites'] });
  return existing('suite', await store.getSuite(id), id);
}

/** A suite of the same name may have been imported again: the items decide, not the name. */
async function holds({ store }: Core, suite: SuiteRecord, items: readonly SuiteItem[]): Promise<boolean> {
  if (suite.items !== items.length) return false;
  const wanted = new Map(items.map((item) => [item.id, JSON.stringify(item)]));
  for (let offset = 0; offset < suite.items; offset += batchItems) {
    const there = await store.suiteItems(suite.id, offset, batchItems);
    if (!there.every((item) => wanted.get(item.id) === JSON.stringify(item))) return false;
  }
  return true;
}
