import { kindSettingsKey, rulesMark, rulesVersion } from '../../shared/domain/kinds/own-kinds.ts';
import { parseKindSettings } from '../../shared/domain/kinds/own-kinds-schema.ts';
import type { KindSettings } from '../../shared/domain/kinds/own-kinds.ts';
import type { KindRulesView, KindTrial } from '../../shared/domain/kinds/kind-rules-view.ts';
import { refusalPatterns } from '../../shared/domain/kinds/refusal-patterns.ts';
import { boundedKinds } from '../../store/bounded-kinds.ts';
import type { Core } from '../core.ts';

/** A person waits for it. */
const trialMs = 2000;

/** The rules of the workspace, and of how many comparisons kinds were found by them. */
export async function kindRulesView({ store }: Pick<Core, 'store'>): Promise<KindRulesView> {
  const settings = parseKindSettings(await store.getSetting(kindSettingsKey));
  const marks = await store.kindMarks();
  const current = rulesMark(settings);
  const found = marks.filter((mark) => mark === current).length;
  return { settings, builtIn: refusalPatterns, version: rulesVersion, found, older: marks.length - found };
}

/** Keeps other rules; from then on kinds are found again where a comparison is looked at. Throws `bad-input` for rules that are none. */
export async function saveKindRules(
  { store, bus }: Pick<Core, 'store' | 'bus'>,
  settings: KindSettings,
): Promise<void> {
  const text = JSON.stringify(settings);
  parseKindSettings(text);
  await store.setSetting(kindSettingsKey, text);
  bus.publish({ topic: 'changed', lists: ['comparisons'] });
}

/** What the rules find in a text; programs are not asked. Throws `bad-input` for rules that are none or take too long. */
export function tryKindRules(settings: KindSettings, text: string): KindTrial {
  const { rules, run } = boundedKinds(parseKindSettings(JSON.stringify(settings)));
  return run(trialMs, () => ({
    refusal: rules.refusal(text),
    own: rules.own.flatMap(({ name, find }) => {
      const span = find(text);
      return span === null ? [] : [{ name, span }];
    }),
  }));
}
