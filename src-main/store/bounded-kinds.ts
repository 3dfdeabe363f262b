import { WorkbenchError } from '../shared/domain/errors.ts';
import type { KindRules } from '../shared/domain/kinds/classify.ts';
import { kindRules } from '../shared/domain/kinds/own-kinds.ts';
import type { KindSettings } from '../shared/domain/kinds/own-kinds.ts';
import { OutOfTime, within } from '../system/deadline.ts';

/** The rules from a workspace's settings, and how they are run: a pattern set by a user may backtrack forever. */
interface BoundedKinds {
  readonly rules: KindRules;
  /** Runs work with the rules; throws `bad-input`, naming the pattern, when the time is up. */
  run<T>(ms: number, work: () => T): T;
}

export function boundedKinds(settings: KindSettings): BoundedKinds {
  const rules = kindRules(settings);
  if (settings.refusals === null && settings.own.length === 0) return { rules, run: (_ms, work) => work() };
  let tried = 'the refusals';
  const noted: KindRules = {
    refusal(text) {
      tried = 'the refusals';
      return rules.refusal(text);
    },
    own: rules.own.map((own) => ({
      name: own.name,
      find(text) {
        tried = `“${own.name}”`;
        return own.find(text);
      },
    })),
  };
  return {
    rules: noted,
    run(ms, work) {
      try {
        return within(ms, work);
      } catch (error) {
        if (!(error instanceof OutOfTime)) throw error;
        throw new WorkbenchError(
          'bad-input',
          `A pattern of ${tried} in the setting “kinds” takes too long on some text.`,
          {
            remedy:
              'Rewrite it without nested or adjacent repeats, such as (a|a)* or .*.*, or remove it from the setting.',
            place: { field: 'kinds' },
          },
        );
      }
    },
  };
}
