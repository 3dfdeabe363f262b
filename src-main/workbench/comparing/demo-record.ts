import { z } from 'zod';
import type { Core } from '../core.ts';

/** What the last demo made, so that its findings can be told apart from those of other work. */
const demoRecord = z.object({
  title: z.string(),
  reportId: z.string(),
  /** With the run that was relaunched with a guard set. */
  runIds: z.array(z.string()),
  endedAt: z.number(),
});
export type DemoRecord = z.output<typeof demoRecord>;

const key = 'demo.last';

export async function keepDemo(store: Core['store'], record: DemoRecord): Promise<void> {
  await store.setSetting(key, JSON.stringify(record));
}

/** Null where no demo has ended, or what is kept of it cannot be read. */
export async function lastDemo(store: Core['store']): Promise<DemoRecord | null> {
  const text = await store.getSetting(key);
  if (text === null) return null;
  try {
    return demoRecord.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
