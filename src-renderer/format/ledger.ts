import type { TokenLedger } from '@shared/domain/evaluations.ts';

/** One token of a ledger with its running sum. Log-probs in nats. */
export interface LedgerToken {
  token: string;
  left: number;
  right: number;
  /** right − left: below 0, the new model finds the token less likely. */
  difference: number;
  /** Sum of differences up to and including this token. */
  running: number;
}

export function ledgerTokens({ tokens, leftLogProbs, rightLogProbs }: TokenLedger): LedgerToken[] {
  let running = 0;
  return tokens.map((token, index) => {
    const left = leftLogProbs[index] ?? Number.NaN;
    const right = rightLogProbs[index] ?? Number.NaN;
    const difference = right - left;
    running += Number.isFinite(difference) ? difference : 0;
    return { token, left, right, difference, running };
  });
}

/**
 * The token from which on the running sum has the sign it ends with: where the preference between the two models changed
 * for good. Null when it has one sign all along.
 */
export function turningPoint(tokens: LedgerToken[]): number | null {
  const final = Math.sign(tokens.at(-1)?.running ?? 0);
  if (final === 0) return null;
  const lastOther = tokens.findLastIndex(({ running }) => Math.sign(running) === -final);
  return lastOther < 0 ? null : lastOther + 1;
}

/** Blanks made visible, so that a token of nothing but them can be seen. */
export function visibleToken(token: string): string {
  if (token === '') return '∅';
  return /^\s+$/.test(token) ? token.replaceAll('\n', '↵').replaceAll('\t', '⇥').replaceAll(' ', '␣') : token;
}
