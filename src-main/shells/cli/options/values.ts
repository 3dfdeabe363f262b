import { InvalidArgumentError } from 'commander';
import { parseStatement } from '../../../shared/domain/kinds/statements.ts';

/** Gathers a repeatable option’s values. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** A statement on samples, such as `prompt:river`; repeatable. */
export function addStatement(text: string, before: string[] | undefined): string[] {
  if (parseStatement(text) !== null) return [...(before ?? []), text];
  throw new InvalidArgumentError(
    'A statement is needed: prompt:WORDS, prompt-length:FROM..BELOW, target-length:FROM..BELOW, slice:NAME, tag:NAME, change:KIND or judged:STATEMENT.',
  );
}

/** What people write for a number; NaN for anything else that JavaScript takes for one, such as nothing at all or 0x1. */
function decimalNumber(text: string): number {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
}

export function wholeNumber(text: string): number {
  const value = decimalNumber(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('A whole number of 0 or more is needed.');
}

export function realNumber(text: string): number {
  const value = decimalNumber(text);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError('A number is needed.');
}

/** A rate: `0.02`, or `2%`. */
export function rate(text: string): number {
  const [, number = '', percent] = /^(.*?)\s*(%?)\s*$/s.exec(text) ?? [];
  const value = decimalNumber(number);
  if (Number.isFinite(value)) return percent === '%' ? value / 100 : value;
  throw new InvalidArgumentError('A rate is needed, such as 0.02 or 2%.');
}

/** What a million tokens cost that are read, and that are written: `0.15,0.6`. */
export function prices(text: string): readonly [input: number, output: number] {
  const [, input = '', output = ''] = /^\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*$/.exec(text) ?? [];
  if (input !== '') return [Number(input), Number(output)];
  throw new InvalidArgumentError('Two prices are needed, of a million tokens read and written, such as 0.15,0.6.');
}

/** A kind of change and the share it may reach. */
export interface KindLimit {
  kind: string;
  limit: number;
}

/** `refusal=0.5%` or `refusal=0.005`; repeatable. */
export function kindLimits(text: string, before: KindLimit[] | undefined): KindLimit[] {
  const [, kind = '', number = '', percent] = /^\s*([a-z0-9-]+)\s*=\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/i.exec(text) ?? [];
  if (kind === '')
    throw new InvalidArgumentError('A kind and its limit are needed, such as refusal=0.5% or refusal=0.005.');
  return [...(before ?? []), { kind: kind.toLowerCase(), limit: Number(number) / (percent === '%' ? 100 : 1) }];
}

/** How many rows are tolerated: so many, or a share of all. */
export type RowLimit = { rows: number } | { share: number };

/** `10`, or `0.5%`. */
export function rowLimit(text: string): RowLimit {
  const [, number = '', percent] = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(text) ?? [];
  const value = Number(number);
  if (number !== '' && percent === '%' && value <= 100) return { share: value / 100 };
  if (number !== '' && percent === '' && Number.isInteger(value)) return { rows: value };
  throw new InvalidArgumentError('A number of rows or a share of them is needed, such as 10 or 0.5%.');
}

const units: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };

/** A size in bytes: `20GB`, `500 MB`, `1048576`. */
export function byteSize(text: string): number {
  const [, number = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  if (number !== '' && factor !== undefined) return Math.round(Number(number) * factor);
  throw new InvalidArgumentError('A size is needed, such as 20GB or 500MB.');
}
