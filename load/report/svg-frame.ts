/** What all charts share: a standalone SVG with its title, description, colours and text. */
import { Markup, type MarkupValue, markup } from './markup.js';

export interface ChartFrame {
  /** Letters, digits and hyphens; unique among the charts of a page. */
  readonly id: string;
  readonly title: string;
  /** What the chart shows, for people who cannot see it. */
  readonly description: string;
  /** The width of the drawing, in pixels if it is not scaled. */
  readonly width?: number;
}

export const DEFAULT_WIDTH = 480;
const FONT_SIZE = 13;
/** How many series can be distinguished; further ones start again. */
export const SERIES_STYLES = 6;

/**
 * The colours of Okabe and Ito, darkened or lightened until each has three times the paper's contrast. The series also
 * differ in their dashes. The media query also applies to an SVG file in an `img`.
 */
const LIGHT = ['#0072b2', '#c04f00', '#00805e', '#9c4f86', '#8a6100', '#1f2328'];
const DARK = ['#56b4e9', '#ff9248', '#2fc79a', '#e29bc9', '#f0e442', '#e6edf3'];
const DASHES = ['none', '7 3', '2 3', '9 3 2 3', '14 4', '4 2'];

const series = (colours: readonly string[]): string =>
  colours
    .map(
      (colour, index) =>
        `.chart-s${index}{stroke:${colour}}.chart-b${index},.chart .chart-t${index}{fill:${colour}}`,
    )
    .join('');

const STYLE = new Markup(`
.chart{font:${FONT_SIZE}px system-ui,-apple-system,"Segoe UI",sans-serif}
.chart text{fill:#1f2328}.chart .chart-muted{fill:#59636e}
.chart-paper{fill:#fff}.chart-grid{stroke:#d8dee4}.chart-mark{stroke:#59636e;stroke-dasharray:3 3}
.chart-title{font-weight:600}.chart-value{font-weight:600}.chart-band{fill:#eef1f4}
.chart-line{fill:none;stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}
${DASHES.map((dash, index) => `.chart-s${index}{stroke-dasharray:${dash}}`).join('')}
${series(LIGHT)}
@media(prefers-color-scheme:dark){
.chart text{fill:#e6edf3}.chart .chart-muted{fill:#9da7b1}
.chart-paper{fill:#161b22}.chart-band{fill:#21282f}.chart-grid{stroke:#30363d}.chart-mark{stroke:#9da7b1}
${series(DARK)}
}`);

export function svg(frame: ChartFrame, width: number, height: number, content: MarkupValue): string {
  const { id, title, description } = frame;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-description"><title id="${id}-title">${title}</title><desc id="${id}-description">${description}</desc><style>${STYLE}</style><rect class="chart-paper" width="${width}" height="${height}"/><text class="chart-title" x="12" y="22">${title}</text>${content}</svg>`
    .text;
}

/** The approximate width of a text, good enough to leave room for it: fonts differ. */
export function textWidth(text: string, fontSize = FONT_SIZE): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0x1100) width += 1;
    else width += 'MWmw@%'.includes(character) ? 0.9 : "fijlt.,:;|!'()[] ".includes(character) ? 0.36 : 0.6;
  }
  return width * fontSize;
}

/** The text, cut so that it fits into the width. */
export function fitted(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (textWidth(`${kept}${character}…`) > width) break;
    kept += character;
  }
  return `${kept}…`;
}

/** The text in lines that fit into the width, broken at spaces; a word that does not fit is cut. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer) > width) {
      lines.push(fitted(line, width));
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, fitted(line, width)];
}

/** A coordinate with at most one decimal. */
export function px(value: number): number {
  return Math.round(value * 10) / 10;
}
