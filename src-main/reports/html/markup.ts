import { visible } from '../visible-text.ts';

/** Text that is HTML already. Only `markup` and `raw` make it, so anything else is escaped on its way in. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Markup | string | number | null | false | readonly Content[];

/** A template whose values are escaped unless they are `Markup`; lists are joined, null and false are nothing. */
export function markup(parts: TemplateStringsArray, ...values: Content[]): Markup {
  let text = parts[0] ?? '';
  values.forEach((value, i) => {
    text += contentText(value) + (parts[i + 1] ?? '');
  });
  return new Markup(text);
}

/** Trusted text of the report's own: style, script, escaped JSON. */
export function raw(text: string): Markup {
  return new Markup(text);
}

export function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function contentText(value: Content): string {
  if (value === null || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return value.map(contentText).join('');
}
