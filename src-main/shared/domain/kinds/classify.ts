import { isFlip } from '../flips.ts';
import type { FlipKind } from '../flips.ts';
import type { Answer, AnswerPair, ChangeKind, Evidence, Span } from './change-kinds.ts';
import { bitOfKind, firstOwnBit } from './change-kinds.ts';
import { findCut } from './cut.ts';
import { echoable, findEcho } from './echo.ts';
import { finalAnswer } from './final-answer.ts';
import type { FinalAnswer } from './final-answer.ts';
import { formChanges, formsOf } from './format.ts';
import { switched, writingName, writingOf } from './language.ts';
import type { OwnKind } from './own-kinds.ts';
import type { RefusalTest } from './refusal.ts';
import { findRepetition } from './repetition.ts';
import { differsOnSurface } from './surface.ts';
import { findTarget, wantedOf } from './target.ts';
import type { Wanted } from './target.ts';
import { findTemplateLeak } from './template-leak.ts';

/** What may be set: how refusals read, and own kinds. */
export interface KindRules {
  readonly refusal: RefusalTest;
  readonly own: readonly OwnKind[];
}

/** Longer texts are read to here; what goes wrong shows earlier. */
const readCharacters = 50_000;
const visible = /[^\s\p{Cc}\p{Cf}]/u;

/**
 * Every rule that holds for a pair, with its evidence. Of what a single answer can have (a refusal, a loop), only the change counts:
 * `appeared` where the new answer alone has it, `gone` where the old one alone had it. Empty where a side has no text.
 */
export function explainChange(pair: AnswerPair, outcome: FlipKind, rules: KindRules): Evidence[] {
  const { left, right } = readable(pair);
  if (left.text === right.text) return ofEqualTexts(pair, outcome);
  const found: Evidence[] = [];
  const add = (one: Evidence): void => void found.push(one);
  const isEmpty = { left: !visible.test(left.text), right: !visible.test(right.text) };
  const onBoth = (kind: Evidence['kind'], rule: string, find: (answer: Answer) => Span | null): void => {
    const [old, now] = [isEmpty.left ? null : find(left), isEmpty.right ? null : find(right)];
    if (now !== null && old === null) add({ kind, side: 'right', span: now, rule, change: 'appeared' });
    if (old !== null && now === null) add({ kind, side: 'left', span: old, rule: `no longer ${rule}`, change: 'gone' });
  };
  if (isEmpty.right && !isEmpty.left)
    add({ kind: 'empty', side: 'right', span: null, rule: 'is empty', change: 'appeared' });
  if (isEmpty.left && !isEmpty.right)
    add({ kind: 'empty', side: 'left', span: null, rule: 'is no longer empty', change: 'gone' });
  cutEvidence(left, right, add);
  onBoth('refusal', 'refuses', ({ text }) => rules.refusal(text));
  onBoth('repetition', 'loops', ({ text }) => findRepetition(text));
  onBoth('template-leak', 'leaks the chat template', ({ text }) => findTemplateLeak(text));
  const prompt = echoable(pair.prompt);
  if (prompt !== null) onBoth('echo', 'repeats the prompt', ({ text }) => findEcho(text, prompt));
  targetEvidence(pair, left, right, add);
  for (const own of rules.own) onBoth(`own:${own.name}`, `matches “${own.name}”`, ({ text }) => own.find(text));
  if (!isEmpty.left && !isEmpty.right) betweenTexts(pair, left, right, add);
  return found;
}

function readable({ left, right }: AnswerPair): { left: Answer; right: Answer } {
  const short = (answer: Answer): Answer =>
    answer.text.length <= readCharacters ? answer : { ...answer, text: answer.text.slice(0, readCharacters) };
  return { left: short(left), right: short(right) };
}

function ofEqualTexts(pair: AnswerPair, outcome: FlipKind): Evidence[] {
  const { left, right } = pair;
  const found: Evidence[] = [];
  cutEvidence(left, right, (one) => found.push(one));
  const isJudgedOtherwise = isFlip(outcome) || left.right !== right.right || left.wrong !== right.wrong;
  if (isJudgedOtherwise) {
    found.push({
      kind: 'same-text',
      side: 'right',
      span: null,
      rule: 'the same text, judged otherwise',
      change: 'appeared',
    });
  }
  return found;
}

function cutEvidence(left: Answer, right: Answer, add: (one: Evidence) => void): void {
  const [old, now] = [findCut(left), findCut(right)];
  if (now !== null && old === null) add({ kind: 'cut', side: 'right', ...now, change: 'appeared' });
  if (old !== null && now === null) {
    add({ kind: 'cut', side: 'left', span: old.span, rule: 'is no longer cut off', change: 'gone' });
  }
}

/** The target in an answer that was judged wrong, and its mirror: judged right without it. */
function targetEvidence(pair: AnswerPair, left: Answer, right: Answer, add: (one: Evidence) => void): void {
  const wanted = targetOf(pair.target);
  if (wanted === null) return;
  const [old, now] = [findTarget(left.text, wanted), findTarget(right.text, wanted)];
  const present = { old: left.wrong && old !== null, now: right.wrong && now !== null };
  if (present.now && !present.old) {
    add({
      kind: 'target-present',
      side: 'right',
      span: now,
      rule: 'the target is in an answer judged wrong',
      change: 'appeared',
    });
  }
  if (present.old && !present.now) {
    add({
      kind: 'target-present',
      side: 'left',
      span: old,
      rule: 'the target stood in an answer judged wrong',
      change: 'gone',
    });
  }
  const absent = { old: left.right && old === null, now: right.right && now === null };
  if (absent.now && !absent.old) {
    add({
      kind: 'target-absent',
      side: 'right',
      span: null,
      rule: 'judged right though the target is not in it',
      change: 'appeared',
    });
  }
  if (absent.old && !absent.now) {
    add({
      kind: 'target-absent',
      side: 'left',
      span: null,
      rule: 'was judged right though the target was not in it',
      change: 'gone',
    });
  }
}

let lastTarget: { target: string | null; wanted: Wanted | null } = { target: null, wanted: null };

/** Remembered for the one sample at hand: both the target and the final answers ask for it. */
function targetOf(target: string | null): Wanted | null {
  if (target !== lastTarget.target) lastTarget = { target, wanted: wantedOf(target) };
  return lastTarget.wanted;
}

/** What is between two texts, whichever way. */
function betweenTexts(pair: AnswerPair, left: Answer, right: Answer, add: (one: Evidence) => void): void {
  const change = 'appeared';
  if (differsOnSurface(left.text, right.text)) {
    add({ kind: 'surface', side: 'right', span: null, rule: 'differs in case, blanks or punctuation alone', change });
    return;
  }
  const [old, now] = [writingOf(left.text), writingOf(right.text)];
  if (old !== null && now !== null && switched(old, now)) {
    add({ kind: 'language', side: 'right', span: null, rule: `${writingName(old)} → ${writingName(now)}`, change });
  }
  for (const one of formChanges(formsOf(left.text), formsOf(right.text))) {
    add({ kind: 'format', side: one.side, span: one.span, rule: `${one.form} ${one.change}`, change });
  }
  const answers = otherAnswer(left.text, right.text, targetOf(pair.target), {
    old: findCut(left) === null,
    now: findCut(right) === null,
  });
  if (answers !== null) {
    const rule = `final answer ${answers.from.shown} → ${answers.to.shown}`;
    add({ kind: 'other-answer', side: 'right', span: answers.to.span, rule, change });
  }
  const [before, after] = [length(left.text), length(right.text)];
  const times = (factor: number): string => `${factor.toFixed(1)} times as long`;
  if (after > 2 * before) add({ kind: 'longer', side: 'right', span: null, rule: times(after / before), change });
  if (before > 2 * after) {
    const rule = `${Math.round((after / before) * 100)} % of the old length`;
    add({ kind: 'shorter', side: 'right', span: null, rule, change });
  }
}

/** Characters as people count them, the blanks around aside. */
function length(text: string): number {
  const trimmed = text.trim();
  return /[\ud800-\udfff]/.test(trimmed) ? [...trimmed].length : trimmed.length;
}

/** The final answers of both sides where they are of one form and differ. One that was cut off has the answer that it marked, if any. */
export function otherAnswer(
  old: string,
  now: string,
  wanted: Wanted | null,
  whole: { old: boolean; now: boolean } = { old: true, now: true },
): { from: FinalAnswer; to: FinalAnswer } | null {
  const from = finalAnswer(old, wanted?.form === 'span' ? null : (wanted?.form ?? null), whole.old);
  if (from === null) return null;
  const to = finalAnswer(now, wanted?.form === 'span' ? null : (wanted?.form ?? from.form), whole.now);
  return to === null || from.form !== to.form || from.value === to.value ? null : { from, to };
}

/** The kinds as bits: what appeared, and what is gone. */
export function kindBits(evidence: readonly Evidence[], own: readonly OwnKind[]): { appeared: number; gone: number } {
  let [appeared, gone] = [0, 0];
  for (const { kind, change } of evidence) {
    const bit = kind.startsWith('own:')
      ? 1 << (firstOwnBit + own.findIndex(({ name }) => `own:${name}` === kind))
      : bitOfKind(kind as ChangeKind);
    if (change === 'appeared') appeared |= bit;
    else gone |= bit;
  }
  return { appeared, gone };
}
