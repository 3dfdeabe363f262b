import { InvalidArgumentError } from 'commander';
import { parseStatement } from '../../../shared/domain/kinds/statements.ts';

/** Gathers a repeatable option’s values. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** A path as it was given. An empty one, of a variable that is not set, would be the folder that one is in. */
export function folderPath(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('A folder is needed.');
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

/** Ports that browsers and `fetch` refuse to talk to, as the Fetch standard lists them: a server there could not be reached. */
const refusedPorts: ReadonlySet<number> = new Set([
  ...[
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  ],
  ...[
    111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  ],
  ...[540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061],
  ...[6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080],
]);
const highestPort = 65_535;

/** A port to listen on; 0 is any free one. */
export function portNumber(text: string): number {
  const value = decimalNumber(text);
  if (!Number.isInteger(value) || value < 0 || value > highestPort)
    throw new InvalidArgumentError(`A whole number from 0 to ${highestPort} is needed.`);
  if (refusedPorts.has(value)) throw new InvalidArgumentError('Browsers refuse this port. Choose another one.');
  return value;
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
