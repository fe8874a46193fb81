// Draws a recording as an SVG that plays it again and again. Without animation, everything is there from the start.

const WIDTH = 960;
const LINE = 20;
const GLYPH = 7.83;
const MARGIN = 16;
const TITLE = 30;
/** How long the end stays before it begins again. */
const REST_MS = 4_000;

/** Colours for light and dark, as `[light, dark]`. */
const COLOURS = {
  page: ['#ffffff', '#0d1117'],
  pane: ['#f6f8fa', '#161b22'],
  edge: ['#d0d7de', '#30363d'],
  title: ['#57606a', '#8b949e'],
  typed: ['#24292f', '#e6edf3'],
  plain: ['#57606a', '#8b949e'],
  good: ['#116329', '#56d364'],
  bad: ['#a40e26', '#ff7b72'],
};

const PANES = {
  first: { title: 'client 1: its tools hang and crash', x: MARGIN, y: MARGIN, width: 454 },
  second: { title: 'client 2: same server, same process', x: 490, y: MARGIN, width: 454 },
  log: { title: 'bulkhead serve', x: MARGIN, width: 928 },
};

/** @param {{ lines: import('./record.mjs').Line[], durationMs: number }} recording @returns the text of the SVG */
export function draw({ lines, durationMs }) {
  const drawn = lines.flatMap((line) => {
    const columns = Math.floor((PANES[line.pane].width - 2 * MARGIN) / GLYPH);
    return wrapped(line.text, columns).map((text) => ({ ...line, text }));
  });
  const of = (pane) => drawn.filter((line) => line.pane === pane);
  const top = paneHeight(Math.max(of('first').length, of('second').length));
  const logHeight = paneHeight(of('log').length);
  const panes = {
    first: { ...PANES.first, height: top },
    second: { ...PANES.second, height: top },
    log: { ...PANES.log, y: 2 * MARGIN + top, height: logHeight },
  };
  const height = 3 * MARGIN + top + logHeight;
  const times = [...new Set(drawn.map(({ at }) => at))];
  const periodMs = durationMs + REST_MS;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title desc">`,
    '<title id="title">A crash in one session, beside a session that continues</title>',
    `<desc id="desc">A recording of a real run. ${escaped(description(of('first'), of('second')))}</desc>`,
    `<style>${style(times, periodMs)}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>`,
    ...Object.entries(panes).flatMap(([name, pane]) => [
      `<rect class="pane" x="${pane.x}" y="${pane.y}" width="${pane.width}" height="${pane.height}" rx="6"/>`,
      `<text class="title" x="${pane.x + MARGIN}" y="${pane.y + 21}">${pane.title}</text>`,
      ...of(name).map(({ at, kind, text }, index) => {
        const place = `x="${pane.x + MARGIN}" y="${pane.y + TITLE + (index + 1) * LINE}"`;
        return `<text class="${kind} t${times.indexOf(at)}" ${place}>${escaped(text)}</text>`;
      }),
    ]),
    '</svg>',
    '',
  ].join('\n');
}

function paneHeight(lineCount) {
  return TITLE + lineCount * LINE + MARGIN;
}

function description(first, second) {
  const failed = first.filter(({ kind }) => kind === 'bad').map(({ text }) => text.trim());
  return `The first client is told: ${failed.join(' ')} Meanwhile the second one gets ${second.length} answers.`;
}

/** Motion only for those who want it, and colours for either background. */
function style(times, periodMs) {
  const colours = (index) =>
    Object.entries(COLOURS)
      .map(([name, pair]) =>
        name === 'edge' ? `.pane{stroke:${pair[index]}}` : `.${name}{fill:${pair[index]}}`,
      )
      .join('');
  const frames = times.map((at, index) => {
    const percent = ((100 * at) / periodMs).toFixed(2);
    return `@keyframes k${index}{0%{opacity:0}${percent}%{opacity:1}}.t${index}{animation:k${index} ${Math.round(periodMs)}ms step-end infinite}`;
  });
  return [
    'text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}',
    colours(0),
    `@media (prefers-color-scheme:dark){${colours(1)}}`,
    `@media (prefers-reduced-motion:no-preference){${frames.join('')}}`,
  ].join('\n');
}

/** Lines of at most so many columns; those after the first are indented. */
function wrapped(text, columns) {
  if (text.length <= columns) return [text];
  const space = text.lastIndexOf(' ', columns);
  const end = space > columns / 2 ? space : columns;
  return [text.slice(0, end), ...wrapped(`  ${text.slice(end).trimStart()}`, columns)];
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
