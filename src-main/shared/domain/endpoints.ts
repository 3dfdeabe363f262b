import { z } from 'zod';

/** A server that answers for a model over the OpenAI-compatible protocol. Its key is named, never stored. */
export const endpointSchema = z.strictObject({
  /** Up to and including `/v1`, without a slash at the end. */
  url: z.string().max(2000),
  /** What the server calls the model. */
  model: z.string().min(1).max(500),
  /** Environment variable that holds the key. */
  keyVariable: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,100}$/)
    .nullable()
    .default(null),
  /** Requests at a time. */
  concurrency: z.number().int().min(1).max(256).default(8),
  /** Price of a million tokens, in whatever currency the reader thinks in. */
  inputPrice: z.number().min(0).nullable().default(null),
  outputPrice: z.number().min(0).nullable().default(null),
  /** Plain http to another machine was allowed by a person. */
  plainHttp: z.boolean().default(false),
});
export type Endpoint = z.infer<typeof endpointSchema>;

/** What is in a model's folder in place of weights. */
export const endpointFile = 'endpoint.json';
/** The family of models that are somebody else's server. */
export const endpointFamily = 'endpoint';
