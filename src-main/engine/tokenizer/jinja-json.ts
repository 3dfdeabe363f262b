import { floatText } from './python-text.ts';
import { isList, listOf, nameOf } from './jinja-values.ts';
import type { Value } from './jinja-values.ts';
import { comparePoints } from './jinja-operators.ts';

interface JsonStyle {
  indent: number | null;
  ascii: boolean;
  sorted: boolean;
  between: string;
  afterKey: string;
}

export function jsonStyle(keywords: ReadonlyMap<string, Value>): JsonStyle {
  const indent = keywords.get('indent');
  const separators = keywords.get('separators');
  const [between, afterKey] = separators !== undefined && isList(separators) ? listOf(separators) : [];
  const isIndented = indent !== undefined && indent.type === 'IntegerValue';
  return {
    indent: isIndented ? Number(indent.value) : null,
    ascii: keywords.get('ensure_ascii')?.value === true,
    sorted: keywords.get('sort_keys')?.value === true,
    between: between === undefined ? (isIndented ? ',' : ', ') : String(between.value),
    afterKey: afterKey === undefined ? ': ' : String(afterKey.value),
  };
}

/** `json.dumps`. */
export function toJson(value: Value, style: JsonStyle, depth = 0): string {
  switch (value.type) {
    case 'StringValue':
      return jsonText(String(value.value), style);
    case 'BooleanValue':
      return String(value.value);
    case 'IntegerValue':
      return String(value.value);
    case 'FloatValue':
      return floatText(Number(value.value));
    case 'NullValue':
    case 'UndefinedValue':
      return 'null';
    case 'ArrayValue':
    case 'TupleValue':
      return bracketed(
        '[]',
        listOf(value).map((item) => toJson(item, style, depth + 1)),
        style,
        depth,
      );
    case 'ObjectValue': {
      const entries = [...(value.value as Map<string, Value>)];
      if (style.sorted) entries.sort(([a], [b]) => comparePoints(a, b));
      const parts = entries.map(
        ([key, item]) => jsonText(key, style) + style.afterKey + toJson(item, style, depth + 1),
      );
      return bracketed('{}', parts, style, depth);
    }
    default:
      throw new Error(`${nameOf(value)} is not JSON serializable`);
  }
}

function bracketed([open = '', close = '']: string, parts: readonly string[], style: JsonStyle, depth: number): string {
  if (style.indent === null || parts.length === 0) return open + parts.join(style.between) + close;
  const [outer, inner] = [depth, depth + 1].map((level) => `\n${' '.repeat((style.indent ?? 0) * level)}`);
  return open + inner + parts.join(style.between + inner) + outer + close;
}

function jsonText(text: string, { ascii }: JsonStyle): string {
  const json = JSON.stringify(text);
  return ascii
    ? json.replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json;
}
