import type { Span } from './change-kinds.ts';
import type { KindSettings } from './own-kinds.ts';

/** The rules of a workspace that can be set. */
export interface KindRulesView {
  readonly settings: KindSettings;
  /** The program’s own patterns of refusals. */
  readonly builtIn: readonly string[];
  /** Of the program’s rules; grows when one changes. */
  readonly version: number;
  /** Comparisons whose kinds were found by these rules, and by earlier ones: those are found again when they are looked at. */
  readonly found: number;
  readonly older: number;
}

/** What rules find in a text. */
export interface KindTrial {
  readonly refusal: Span | null;
  readonly own: readonly { readonly name: string; readonly span: Span }[];
}
