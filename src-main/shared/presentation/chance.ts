import type { Calibration, ChanceSummary } from '../domain/statistics/chance.ts';
import { calibrationBins } from '../domain/statistics/chance.ts';
import { formatCount, formatFixed, formatPercent } from './numbers.ts';

/** “4 options”, or “2 to 5 options”. */
export function optionsText({ options: { least, most } }: ChanceSummary): string {
  return `${least === most ? formatCount(most) : `${formatCount(least)} to ${formatCount(most)}`} options`;
}

/** What guessing alone would bring, and how sure either side was, in sentences. */
export function chanceSentences(chance: ChanceSummary): string[] {
  const { guessing, guessedRest, calibration } = chance;
  const rest =
    guessedRest === null
      ? ''
      : ` At these accuracies, guessing what the better side does not know would bring ${formatPercent(guessedRest)}.`;
  return [
    `With ${optionsText(chance)}, guessing on both sides would bring ${formatPercent(guessing)} negative flips and as many positive ones.${rest}`,
    ...calibrationSentence(calibration.left, calibration.right),
  ];
}

function calibrationSentence(left: Calibration | null, right: Calibration | null): string[] {
  if (left === null && right === null) return [];
  const side = (own: Calibration | null) =>
    own === null
      ? 'no log-probs of its options'
      : `${formatFixed(own.ece, 3)} (mean probability of the chosen option ${formatPercent(own.confidence)}, right ${formatPercent(own.accuracy)})`;
  return [`Calibration error (ECE, ${calibrationBins} bins of equal width): old ${side(left)}; new ${side(right)}.`];
}
