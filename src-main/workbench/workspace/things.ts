import { randomUUID } from 'node:crypto';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Dependants, Thing, ThingKind, ThingMarks } from '../../shared/domain/things.ts';
import type { Core } from '../core.ts';
import type { Models } from '../models/models.ts';
import { removeInside } from './inside.ts';
import { checkNewName } from './names.ts';

/** Naming, marking and deleting whatever the workspace holds. */
export interface Things {
  /** What a person means by a name or an id; with `kind` among things of that kind alone. */
  find(text: string, kind?: ThingKind): Promise<Thing>;
  marks(): Promise<ThingMarks[]>;
  mark(kind: ThingKind, id: string, changes: Partial<Pick<ThingMarks, 'note' | 'tags' | 'archived'>>): Promise<void>;
  rename(kind: ThingKind, id: string, name: string): Promise<void>;
  dependants(kind: ThingKind, id: string): Promise<Dependants>;
  /** At once, with everything that `dependants` counts. */
  delete(kind: ThingKind, id: string): Promise<void>;
  /** After a while in which `keep` takes it back; at the latest when the workbench closes. */
  deleteLater(kind: ThingKind, id: string): Promise<{ token: string }>;
  keep(token: string): Promise<void>;
  close(): Promise<void>;
}

const undoMs = 10_000;

export function createThings(core: Core, models: Models): Things {
  const { store, bus, layout } = core;
  const pending = new Map<string, { timer: NodeJS.Timeout; remove: () => Promise<void> }>();

  async function find(text: string, kind?: ThingKind): Promise<Thing> {
    const all = (await store.listThings()).filter((thing) => kind === undefined || thing.kind === kind);
    const exact = all.filter(({ id }) => id === text);
    const named = exact.length > 0 ? exact : all.filter(({ name }) => name === text);
    const found = named.length > 0 ? named : text.length >= 8 ? all.filter(({ id }) => id.startsWith(text)) : [];
    if (found.length === 1 && found[0] !== undefined) return found[0];
    const what = kind ?? 'thing';
    if (found.length === 0) {
      throw new WorkbenchError(
        'not-found',
        `Nothing here is named “${text}”${kind === undefined ? '' : ` (${kind})`}.`,
        {
          remedy: 'flipguard list runs, list models, list evaluations and so on print the names.',
        },
      );
    }
    const kinds = [...new Set(found.map((thing) => thing.kind))];
    throw new WorkbenchError(
      'bad-input',
      `“${text}” names ${found.length} ${what}s: ${found.map((one) => `${one.kind} ${one.id}`).join(', ')}.`,
      {
        remedy:
          kinds.length > 1 ? `Say which with --kind ${kinds.join(' or --kind ')}.` : 'Give the id instead of the name.',
      },
    );
  }

  async function remove(kind: ThingKind, id: string): Promise<void> {
    if (kind === 'model') {
      // The store deletes what hangs on it; the model's own folder is the models' business.
      const model = (await store.listModels()).find((one) => one.id === id);
      await store.deleteThing(kind, id);
      if (model !== undefined) await models.dropFolder(model);
    } else await store.deleteThing(kind, id);
    if (kind === 'run') await removeInside(layout.runs, id);
    if (kind === 'report') await removeInside(layout.reports, id);
    bus.publish({
      topic: 'changed',
      lists: ['models', 'datasets', 'suites', 'runs', 'evaluations', 'comparisons', 'guard-sets', 'reports'],
    });
  }

  return {
    find,
    marks: () => store.listMarks(),
    mark: (kind, id, changes) => store.markThing(kind, id, changes),
    async rename(kind, id, name) {
      checkNewName(name);
      await store.renameThing(kind, id, name);
    },
    dependants: (kind, id) => store.dependantsOf(kind, id),
    delete: remove,
    async deleteLater(kind, id) {
      await store.dependantsOf(kind, id);
      const token = `deletion-${randomUUID()}`;
      const work = () => {
        pending.delete(token);
        return remove(kind, id);
      };
      const timer = setTimeout(() => {
        // What cannot be deleted stays in the lists, where it is seen.
        work().catch((error: unknown) => console.error('deleting failed:', error));
      }, undoMs);
      timer.unref();
      pending.set(token, { timer, remove: work });
      return { token };
    },
    async keep(token) {
      const entry = pending.get(token);
      if (entry === undefined) {
        throw new WorkbenchError('not-found', 'This has been deleted already.');
      }
      clearTimeout(entry.timer);
      pending.delete(token);
    },
    async close() {
      for (const { timer, remove: work } of [...pending.values()]) {
        clearTimeout(timer);
        await work().catch((error: unknown) => console.error('deleting failed:', error));
      }
    },
  };
}
