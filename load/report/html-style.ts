/** The style of the HTML report, for light and dark, wide and narrow, screen and paper. */
import { Markup } from './markup.js';

export const HTML_STYLE = new Markup(`
:root{color-scheme:light dark;--ink:#1f2328;--muted:#59636e;--paper:#fff;--page:#f3f5f7;--line:#d8dee4;
--good:#0b6e4f;--good-paper:#dcf3ea;--bad:#a4330b;--bad-paper:#fde5da}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--muted:#9da7b1;--paper:#161b22;--page:#0d1117;--line:#30363d;
--good:#56d3a5;--good-paper:#12352a;--bad:#ffa173;--bad-paper:#43200f}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1140px;margin:0 auto;padding:24px 16px 48px}
h1{font-size:22px;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:17px;margin:32px 0 10px}
p{margin:6px 0}.muted{color:var(--muted)}
.card,figure,.scroll{background:var(--paper);border:1px solid var(--line);border-radius:8px}
.verdict{display:flex;gap:10px;padding:10px 14px;margin:14px 0;border-radius:8px;border:1px solid;overflow-wrap:anywhere}
.verdict p{margin:0}
.good{color:var(--good)}.bad{color:var(--bad)}
.verdict.good{background:var(--good-paper)}.verdict.bad{background:var(--bad-paper)}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:10px 0}
.facts dt{color:var(--muted)}.facts dd{margin:0;overflow-wrap:anywhere}
.command{font:13px/1.7 ui-monospace,Menlo,Consolas,monospace}
.figures{display:flex;flex-wrap:wrap;gap:10px;margin:16px 0;padding:0}
.figures div{flex:1 1 108px;background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:8px 12px}
.figures dt{color:var(--muted);font-size:13px}.figures dd{margin:0;font-size:19px;font-weight:600}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:12px}
figure{margin:0;padding:4px;overflow:hidden}figure svg{display:block;width:100%;max-width:640px;height:auto;margin:0 auto}
.scroll{overflow-x:auto}.scroll:focus-visible{outline:2px solid var(--muted)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);font-size:13px;padding:8px 12px}
th,td{padding:6px 12px;border-top:1px solid var(--line);text-align:left;vertical-align:top}
thead th{color:var(--muted);font-weight:500;font-size:13px;white-space:nowrap}
tbody th{font-weight:500}
.number{text-align:right;white-space:nowrap}.part{padding-left:28px}
.name{min-width:110px;max-width:340px;overflow-wrap:anywhere}
.threshold{min-width:150px}
.sample{min-width:220px;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}
.met{white-space:nowrap;font-weight:600}
pre{margin:0;padding:10px 14px;font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}
ul{margin:0;padding:10px 14px 10px 32px}
@media(max-width:480px){th,td,caption{padding-left:8px;padding-right:8px}.part{padding-left:20px}}
@media print{body{background:none}main{max-width:none}figure,.scroll{break-inside:avoid}}
`);
