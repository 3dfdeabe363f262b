/** What a check can find in a row, as bits of one number: a row is often found for several reasons. */
const bits = {
  /** Text for text the same as an earlier row. */
  duplicate: 0,
  /** Not the same, and at least as similar as the threshold to an earlier row that stays. */
  'near-duplicate': 1,
  /** Of these: the same but for case, blanks, punctuation and forms of letters. */
  'normalised-duplicate': 2,
  /** Its preference is contradicted by another row of the same prompt. */
  contradiction: 3,
  /** Another row has the same prompt. */
  'repeated-prompt': 4,
  /** A prompt or response without text, where there should be one. */
  'empty-side': 5,
  /** Chosen and rejected are the same. */
  'identical-sides': 6,
  /** Roles that do not alternate, or a prompt that ends with a reply. */
  'odd-roles': 7,
  /** Has a system prompt where most rows have none, or has none where most have one. */
  'system-prompt': 8,
  /** Plain text among conversations, or the reverse. */
  'mixed-form': 9,
  /** Marks of a chat template in the text itself. */
  'template-marks': 10,
  /** Its prompt or answer is in an evaluation. */
  overlap: 11,
  /** The length limit cuts a side. */
  cut: 12,
  /** The length limit leaves nothing to learn from. */
  'left-out': 13,
  /** The chosen response is longer than the rejected one. */
  'longer-chosen': 14,
} as const;

export type Finding = keyof typeof bits;
export const findings = Object.keys(bits) as Finding[];

export function bitOf(finding: Finding): number {
  return 1 << bits[finding];
}

export function maskOf(found: readonly Finding[]): number {
  return found.reduce((mask, finding) => mask | bitOf(finding), 0);
}

export function findingsOf(flags: number): Finding[] {
  return findings.filter((finding) => (flags & bitOf(finding)) !== 0);
}
