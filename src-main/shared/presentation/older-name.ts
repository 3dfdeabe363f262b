const older = new Set([
  'old',
  'before',
  'base',
  'baseline',
  'ref',
  'reference',
  'pre',
  'pretrained',
  'sft',
  'original',
  'previous',
  'prev',
]);
const newer = new Set(
  'new after dpo ppo kto orpo simpo grpo rloo rlhf rl aligned tuned finetuned ft post latest candidate updated chat instruct'.split(
    ' ',
  ),
);

/**
 * Whether the first of two names is that of the older model, as far as names say: by words (base, sft; dpo, aligned), else by the first number
 * in which they differ (v1 and v2, step 400 and 800). Null where they say nothing.
 */
export function isOlderName(first: string, second: string): boolean | null {
  const difference = age(second) - age(first);
  if (difference !== 0) return difference > 0;
  const [a, b] = [first, second].map((name) => name.split(/(\d+)/));
  if (a === undefined || b === undefined || a.length !== b.length) return null;
  const at = a.findIndex((part, i) => part !== b[i]);
  // Parts alternate: text, number, text.
  if (at < 0 || at % 2 === 0) return null;
  return Number(a[at]) < Number(b[at]);
}

/** Below 0: words of an old model; above: of a new one. */
function age(name: string): number {
  const words = new Set(name.toLowerCase().split(/[^a-z]+/));
  const count = (of: Set<string>) => Math.min(1, [...of].filter((word) => words.has(word)).length);
  return count(newer) - count(older);
}
