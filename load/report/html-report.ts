/**
 * The result of a run as one HTML file that needs nothing else: no script, no network. Text from the server is escaped,
 * and the page's own policy would not let it load or run anything either.
 */
import type { LoadReport } from '../load-report.js';
import { totalErrors } from './expectation-figures.js';
import { formatCount, formatLatency, formatNumber } from './figure-format.js';
import { HTML_STYLE } from './html-style.js';
import {
  checkTable,
  errorTable,
  operationTable,
  processTable,
  serverFigureTable,
  sessionTable,
  thresholdTable,
  trendTable,
} from './html-tables.js';
import { Markup, markup } from './markup.js';
import {
  clientSentence,
  contaminationText,
  mixPhrases,
  mixReasonPhrases,
  planPhrases,
  runFacts,
  verdict,
} from './plan-text.js';
import { reportCharts } from './report-charts.js';

export function htmlReport(report: LoadReport): string {
  const { plan, metrics, process } = report;
  const title = `Load on ${plan.url}`;
  return `<!doctype html>\n${
    markup`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${title}</title><style>${HTML_STYLE}</style></head><body><main>
<header><h1>${title}</h1><p class="muted">${report.startedAt}, bulkhead ${report.version}</p>
${factList(report)}</header>
${verdictBox(report)}
${report.client.limitedBy === null ? '' : warning(clientSentence(report.client))}
${report.answered === 0 ? warning('No tool call was answered.') : ''}
${report.interrupted ? warning(`The run was stopped by a signal after ${formatLatency(report.holdMs)} of the hold.`) : ''}
${keyFigures(report)}
${report.expectations.length === 0 ? '' : thresholdTable(report)}
<h2>Over time</h2><div class="charts">${reportCharts(report).map(figure)}</div>
<h2>Operations</h2>${operationTable(report)}
${totalErrors(report.errors) === 0 ? '' : markup`<h2>Errors</h2>${errorTable(report)}`}
<h2>Sessions and client</h2><div class="charts">${sessionTable(report)}<div class="card"><ul><li>${clientSentence(report.client)}</li><li>${contaminationText(report)}</li><li>Answers to calls: ${formatCount(report.answerKinds.json)} as JSON, ${formatCount(report.answerKinds.eventStream)} as event streams.</li></ul></div></div>
${metrics === null ? '' : markup`<h2>The server's metrics</h2><p class="muted">${metrics.url}</p><div class="charts">${metrics.checks.length === 0 ? '' : checkTable(metrics)}${metrics.figures.length === 0 ? '' : serverFigureTable(metrics)}</div>`}
${process === null ? '' : markup`<h2>The server's processes</h2><div class="charts">${processTable(process)}${trendTable(process)}</div>`}
<h2>The plan</h2><div class="scroll" tabindex="0" role="region" aria-label="The plan as JSON"><pre>${JSON.stringify(plan, null, 2).split('\n').map(planLine)}</pre></div>
</main></body></html>
`.text
  }`;
}

/** Each separately, because line breaks in a text are escaped. */
function planLine(line: string): Markup {
  return markup`${line}\n`;
}

function factList(report: LoadReport): Markup {
  const { plan } = report;
  const facts: readonly (readonly [string, string])[] = [
    ...runFacts(report),
    ['plan', planPhrases(plan).join(', ')],
    ['tools', [...mixPhrases(plan), ...mixReasonPhrases(report)].join(', ')],
  ];
  return markup`<dl class="facts">${facts.map(
    ([name, value]) => markup`<dt>${name}</dt><dd class="${name}">${value}</dd>`,
  )}</dl>`;
}

function verdictBox(report: LoadReport): Markup {
  const { passed } = report;
  return markup`<div class="verdict ${passed ? 'good' : 'bad'}"><strong>${passed ? '✓' : '✗'}</strong><p><strong>${verdict(report)}</strong></p></div>`;
}

function warning(text: string): Markup {
  return markup`<div class="verdict bad"><strong>!</strong><p>${text}</p></div>`;
}

function keyFigures(report: LoadReport): Markup {
  const { latency, sessionCreation } = report;
  const figures: readonly (readonly [string, string])[] = [
    ['calls/s', formatNumber(report.perSecond)],
    ['median', formatLatency(latency.p50Ms)],
    ['p99', formatLatency(latency.p99Ms)],
    ['max', formatLatency(latency.maxMs)],
    ['creation p99', formatLatency(sessionCreation.p99Ms)],
    ['longest gap', formatLatency(report.longestGapMs)],
    ['errors', formatCount(totalErrors(report.errors))],
    ['lost', formatCount(report.lost)],
    ['contaminated', formatCount(report.contaminated)],
  ];
  return markup`<dl class="figures">${figures.map(
    ([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
}

/** The charts escape their own text. */
function figure(svg: string): Markup {
  return markup`<figure>${new Markup(svg)}</figure>`;
}
