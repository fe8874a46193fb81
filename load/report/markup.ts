/** Markup in which every interpolated text is escaped: text from a server can never become an element. */
import { printable } from '../../src/telemetry/log/log-text.js';

/** Text that already is markup: made by `markup`, or a constant of the program. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type MarkupValue = Markup | string | number | readonly MarkupValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A template tag for HTML and SVG. Values may be in text and in quoted attributes, nowhere else. */
export function markup(template: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  return new Markup(
    template.reduce((text, literal, index) => `${text}${written(values[index - 1] ?? '')}${literal}`),
  );
}

function written(value: MarkupValue): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value));
  return value.map(written).join('');
}

/** XML does not allow control characters, U+FFFE, U+FFFF or halves of surrogate pairs, not even as entities. */
function escaped(text: string): string {
  return printable(text)
    .replace(/[\ufffe\uffff]|\p{Cs}/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
