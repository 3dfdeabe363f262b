export async function nothing(done: Promise<unknown> | void): Promise<null> {
  await done;
  return null;
}

export function started(job: { id: string }): Promise<{ jobId: string }> {
  return Promise.resolve({ jobId: job.id });
}

/** The parts that were given: an optional key of the contract is left out here, never set to undefined. */
export function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const given = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** What a job that makes models leads to: the last of them. */
export function lastModel(made: readonly { id: string }[]): Record<string, string> {
  const model = made.at(-1);
  return model === undefined ? {} : { modelId: model.id };
}
