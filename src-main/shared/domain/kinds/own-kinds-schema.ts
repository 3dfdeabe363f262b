import { z } from 'zod';
import { programSchema } from '../program-schema.ts';
import { changeKinds, mostOwnKinds } from './change-kinds.ts';
import { compiled, defaultKindSettings, wrong } from './own-kinds.ts';

const pattern = z.string().min(1).max(1000);
const ownName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/);
/** A kind of which a program says, answer by answer, whether it holds: the protocol of a command scorer. */
const ownProgramSchema = programSchema.omit({ kind: true }).extend({ name: ownName }).strict();
/** What a workspace sets about kinds, kept as JSON under the setting `kinds`. */
export const kindSettingsSchema = z.strictObject({
  /** Regular expressions by which a refusal is known where a sentence begins; null = those of the program. */
  refusals: z.array(pattern).max(500).nullable().default(null),
  own: z
    .array(z.union([z.strictObject({ name: ownName, pattern }), ownProgramSchema]))
    .max(mostOwnKinds)
    .default([]),
  /** Grows when programs are to be asked again, since nobody sees that they changed. */
  again: z.number().int().min(0).optional(),
});
export type KindSettings = z.output<typeof kindSettingsSchema>;
export type OwnProgram = z.output<typeof ownProgramSchema>;

/** Reads the setting; throws `bad-input` where it is not one. */
export function parseKindSettings(text: string | null): KindSettings {
  if (text === null || text.trim() === '') return defaultKindSettings;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('it is not JSON');
  }
  const parsed = kindSettingsSchema.safeParse(value);
  if (!parsed.success)
    throw wrong(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  const names = parsed.data.own.map(({ name }) => name);
  const taken = names.find((name, i) => names.indexOf(name) !== i || (changeKinds as readonly string[]).includes(name));
  if (taken !== undefined) throw wrong(`the name “${taken}” is taken`);
  const patterns = parsed.data.own.flatMap((own) => ('pattern' in own ? [own.pattern] : []));
  for (const one of [...(parsed.data.refusals ?? []), ...patterns]) compiled(one);
  return parsed.data;
}
