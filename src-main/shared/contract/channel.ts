import { z } from 'zod';

/**
 * One request of the renderer, the CLI or a script: a name, the schema its input is checked against on the trusted side, and
 * the type of its answer. Answers come from the trusted side and carry a type, not a schema: checking a window of 200 rows
 * again would cost more than reading it.
 */
export interface Channel<Input extends z.ZodType, Output> {
  readonly input: Input;
  /** Type only; never read. */
  readonly output?: Output;
}

export function channel<Output>() {
  return <Input extends z.ZodType>(input: Input): Channel<Input, Output> => ({ input });
}

export type InputOf<C> = C extends Channel<infer I, unknown> ? z.input<I> : never;
export type ParsedInputOf<C> = C extends Channel<infer I, unknown> ? z.output<I> : never;
export type OutputOf<C> = C extends Channel<z.ZodType, infer O> ? O : never;

export const none = z.strictObject({});
export const id = z.string().min(1).max(100);
export const name = z.string().min(1).max(200);
/** A handle stands for a file or a folder that the main side offered; the renderer never sends paths. */
export const handle = z.string().min(1).max(200);
