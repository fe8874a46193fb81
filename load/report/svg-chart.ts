/** Charts as standalone SVG documents, for the HTML report and for files. All text in them is escaped. */
import { Markup, markup } from './markup.js';
import {
  type ChartFrame,
  DEFAULT_WIDTH,
  fitted,
  px,
  SERIES_STYLES,
  svg,
  textWidth,
  wrapped,
} from './svg-frame.js';
import { placeLabels, type Room } from './svg-labels.js';
import { linearScale, logScale, type Scale, type TickBase } from './svg-scale.js';

export interface Point {
  /** On the chart's x scale, such as seconds. */
  readonly x: number;
  /** `null` if there was no value: the line is interrupted there. */
  readonly y: number | null;
}

interface LineSeries {
  readonly name: string;
  readonly points: readonly Point[];
  /** Which of its points outside of bands have their value written beside them. Where there is no room, it is left out. */
  readonly labels?: 'highest' | 'middle' | 'all';
}

export interface LineChart extends ChartFrame {
  readonly series: readonly LineSeries[];
  readonly x: Scale;
  /** Logarithmic if a linear scale would hide the small values. Linear by default, and then from 0. */
  readonly yScale?: 'linear' | 'log';
  readonly yTicks?: TickBase;
  /** Writes a value of the y axis with its unit. */
  formatY(value: number): string;
  /** Vertical lines with a name. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
  /** Shaded parts of the x axis with a name. */
  readonly bands?: readonly { readonly from: number; readonly to: number; readonly label: string }[];
}

interface Bar {
  readonly label: string;
  /** `null` if nothing was measured: there is no bar then, and the note should say why. */
  readonly value: number | null;
  readonly note?: string;
}

export interface BarChart extends ChartFrame {
  readonly bars: readonly Bar[];
  /** Written after each value, such as `ms` or `calls/s`. */
  readonly unit: string;
  /** Writes a value without its unit; by default with three significant digits. */
  formatValue?(value: number): string;
}

const LINE_CHART_HEIGHT = 270;
const LEGEND_ROW = 20;
const MARK_ROW = 14;
const RIGHT = 26;
const BOTTOM = 34;

/** Lines over time or another scale, with a legend. */
export function lineChart(chart: LineChart): string {
  const width = chart.width ?? DEFAULT_WIDTH;
  const legend = legendOf(chart.series, width);
  const values = chart.series.flatMap(({ points }) => points.flatMap(({ y }) => (y === null ? [] : [y])));
  if (values.length === 0) {
    const nothing = markup`<text class="chart-muted" x="${px(width / 2)}" y="${LINE_CHART_HEIGHT / 2}" text-anchor="middle">nothing was measured</text>`;
    return svg(chart, width, LINE_CHART_HEIGHT, nothing);
  }
  const y =
    chart.yScale === 'log'
      ? logScale(values, chart.formatY)
      : linearScale(values, chart.formatY, chart.yTicks ?? 'decimal');
  const height = LINE_CHART_HEIGHT + (legend.rows - 1) * LEGEND_ROW;
  const left = 20 + Math.max(...y.ticks.map(({ label }) => textWidth(label)));
  const top = 36 + legend.rows * LEGEND_ROW + (chart.marks?.length || chart.bands?.length ? MARK_ROW : 0);
  const toX = (value: number): number => px(left + chart.x.place(value) * (width - left - RIGHT));
  const toY = (value: number): number => px(height - BOTTOM - y.place(value) * (height - BOTTOM - top));
  const bottom = height - BOTTOM;
  const grid = y.ticks.map(
    ({ at, label }) =>
      markup`<line class="chart-grid" x1="${px(left)}" x2="${width - RIGHT}" y1="${toY(at)}" y2="${toY(at)}"/><text class="chart-muted" x="${px(left - 8)}" y="${toY(at) + 4}" text-anchor="end">${label}</text>`,
  );
  const names = chart.x.ticks.map(
    ({ at, label }) =>
      markup`<text class="chart-muted" x="${toX(at)}" y="${height - 12}" text-anchor="middle">${label}</text>`,
  );
  const lines = chart.series.map(({ points }, index) => lineOf(points, index % SERIES_STYLES, toX, toY));
  const marks = (chart.marks ?? []).map(({ x, label }) => {
    const at = toX(x);
    const isLeft = at + textWidth(label) > width;
    return markup`<line class="chart-mark" x1="${at}" x2="${at}" y1="${top}" y2="${bottom}"/><text class="chart-muted" x="${at}" y="${top - 5}" text-anchor="${isLeft ? 'end' : 'start'}">${label}</text>`;
  });
  const bands = (chart.bands ?? []).map(({ from, to, label }) => {
    const [at, end] = [toX(from), toX(to)];
    const isLeft = at + textWidth(label) > width - RIGHT;
    return markup`<rect class="chart-band" x="${at}" y="${top}" width="${px(Math.max(0, end - at))}" height="${px(bottom - top)}"/><text class="chart-muted" x="${isLeft ? end : at}" y="${top - 5}" text-anchor="${isLeft ? 'end' : 'start'}">${label}</text>`;
  });
  const room = { left, top: top - 4, right: width - 4, bottom };
  const labels = valueLabels(chart, { toX, toY }, room);
  return svg(chart, width, height, [legend.drawing, bands, grid, names, lines, marks, labels]);
}

/** The values of the points that the series ask for, each in the colour of its series. */
function valueLabels(
  { series, formatY, bands = [] }: LineChart,
  { toX, toY }: { toX(value: number): number; toY(value: number): number },
  room: Room,
): readonly Markup[] {
  const isInBand = ({ x }: Point): boolean => bands.some(({ from, to }) => x >= from && x < to);
  const wanted = series.flatMap(({ points, labels }, index) =>
    labelledPoints(
      points.filter((point) => !isInBand(point)),
      labels,
    ).map(({ x, y }) => {
      return { x: toX(x), y: toY(y), text: formatY(y), style: index % SERIES_STYLES };
    }),
  );
  return placeLabels(wanted, room).map(
    ({ label: { x, y, text, style }, at }) =>
      markup`<circle class="chart-b${style}" cx="${x}" cy="${y}" r="2.5"/><text class="chart-value chart-t${style}" x="${px(at.x)}" y="${px(at.y)}" text-anchor="middle">${text}</text>`,
  );
}

function labelledPoints(points: readonly Point[], labels: LineSeries['labels']): { x: number; y: number }[] {
  if (labels === undefined) return [];
  const measured = points.flatMap(({ x, y }) => (y === null ? [] : [{ x, y }]));
  if (labels === 'all') return measured;
  const inOrder = measured.toSorted((one, other) => one.y - other.y);
  const at = labels === 'highest' ? inOrder.length - 1 : Math.floor((inOrder.length - 1) / 2);
  return inOrder.slice(Math.max(0, at), at + 1);
}

/** One path, interrupted where there is no value. A point between two gaps makes no line and becomes a dot. */
function lineOf(
  points: readonly Point[],
  style: number,
  toX: (value: number) => number,
  toY: (value: number) => number,
): Markup {
  let path = '';
  const dots: Markup[] = [];
  points.forEach(({ x, y }, index) => {
    if (y === null) return;
    const isFirst = (points[index - 1]?.y ?? null) === null;
    const isLast = (points[index + 1]?.y ?? null) === null;
    if (isFirst && isLast) {
      dots.push(markup`<circle class="chart-b${style}" cx="${toX(x)}" cy="${toY(y)}" r="3.5"/>`);
    } else {
      path += `${isFirst ? 'M' : 'L'}${toX(x)} ${toY(y)}`;
    }
  });
  // Only numbers, but more of them than an escaped text may be long.
  return markup`<path class="chart-line chart-s${style}" d="${new Markup(path)}"/>${dots}`;
}

function legendOf(
  series: readonly LineSeries[],
  width: number,
): { rows: number; drawing: readonly Markup[] } {
  let x = 12;
  let rows = 1;
  const drawing = series.map(({ name }, index) => {
    const text = fitted(name, width - 70);
    const length = 34 + textWidth(text);
    if (x > 12 && x + length > width - 12) {
      x = 12;
      rows += 1;
    }
    const y = 22 + rows * LEGEND_ROW;
    const item = markup`<path class="chart-line chart-s${index % SERIES_STYLES}" d="M${px(x)} ${y - 4}h26"/><text x="${px(x + 32)}" y="${y}">${text}</text>`;
    x += length + 16;
    return item;
  });
  return { rows, drawing };
}

const BAR_HEIGHT = 18;
const LINE_HEIGHT = 17;

/** Horizontal bars from 0, in the order given, each with its value, and a note below it. */
export function barChart(chart: BarChart): string {
  const width = chart.width ?? DEFAULT_WIDTH;
  const write = (value: number): string => {
    const number = chart.formatValue?.(value) ?? Number(value.toPrecision(3)).toLocaleString('en-US');
    return chart.unit === '' ? number : `${number} ${chart.unit}`;
  };
  const texts = chart.bars.map(({ value }) => (value === null ? '–' : write(value)));
  const labelWidth = Math.min(
    0.36 * width,
    chart.bars.reduce((most, { label }) => Math.max(most, textWidth(label)), 0),
  );
  const left = 12 + labelWidth + 10;
  const valueWidth = texts.reduce((most, text) => Math.max(most, 1.08 * textWidth(text)), 0);
  const room = Math.max(20, width - left - valueWidth - 22);
  const most = chart.bars.reduce((high, { value }) => Math.max(high, value ?? 0), 0);
  let y = 38;
  const bars = chart.bars.map(({ label, value, note }, index) => {
    const labels = wrapped(label, labelWidth);
    const notes = note === undefined ? [] : wrapped(note, width - left - 12);
    const length = value === null || value === 0 ? 0 : Math.max(1, (room * value) / most);
    const drawing = markup`${labels.map(
      (line, row) =>
        markup`<text x="${px(left - 10)}" y="${y + 14 + row * LINE_HEIGHT}" text-anchor="end">${line}</text>`,
    )}<rect class="chart-b0" x="${px(left)}" y="${y}" width="${px(length)}" height="${BAR_HEIGHT}" rx="2"/><text class="chart-value" x="${px(left + length + 8)}" y="${y + 14}">${texts[index] ?? ''}</text>${notes.map(
      (line, row) =>
        markup`<text class="chart-muted" x="${px(left)}" y="${y + BAR_HEIGHT + 14 + row * LINE_HEIGHT}">${line}</text>`,
    )}`;
    y += Math.max(labels.length * LINE_HEIGHT, BAR_HEIGHT + notes.length * LINE_HEIGHT) + 12;
    return drawing;
  });
  if (bars.length > 0) return svg(chart, width, y + 2, bars);
  return svg(chart, width, 80, markup`<text class="chart-muted" x="12" y="52">nothing was measured</text>`);
}
