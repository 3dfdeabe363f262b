import type { Command } from '../context.ts';

/** Runs a command with the program's own options. */
export type Go = <Args extends unknown[]>(command: Command<Args>, ...args: Args) => Promise<void>;

/** A command whose code is loaded when it is asked for: help and usage errors answer at once. */
export function lazily<Args extends unknown[]>(load: () => Promise<Command<Args>>): Command<Args> {
  return async (context, ...args) => (await load())(context, ...args);
}
