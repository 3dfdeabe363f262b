/** The report's one style sheet. Negative is vermillion and ▼, positive teal and ▲: never colour alone. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --page: #fbfbf9; --panel: #ffffff; --sunken: #f3f3f0; --line: #e3e2dd; --line-strong: #cbc9c2;
  --text: #1d1d1f; --text-2: #55544f; --text-3: #68675f; --accent: #3450b8;
  --negative: #b83a0b; --negative-tint: #fcebe3; --negative-strong: #f6cdb9;
  --positive: #0b6f71; --positive-tint: #e1f2f0; --positive-strong: #b4dfda;
  --s1: #0067a8; --s2: #c2500b; --s3: #00795c; --s4: #a8578a; --s5: #8a6a00; --s6: #4a4a4a; --s7: #2b7fbd; --s8: #6b4fbb;
  --sans: 'Inter Variable', Inter, system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif;
  --mono: ui-monospace, 'SF Mono', 'JetBrains Mono', Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #141518; --panel: #1a1b1f; --sunken: #202226; --line: #2e3036; --line-strong: #44474f;
    --text: #e7e7e4; --text-2: #b0b1b4; --text-3: #94969b; --accent: #94abff;
    --negative: #ff8357; --negative-tint: #3d2218; --negative-strong: #6a3018;
    --positive: #45c4b8; --positive-tint: #14312f; --positive-strong: #1a5550;
    --s1: #5cb3ec; --s2: #f08a3c; --s3: #35c498; --s4: #dd93c0; --s5: #d8b933; --s6: #b9b9b9; --s7: #8cd0ff; --s8: #b4a0f2;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text); font: 14px/1.5 var(--sans);
  font-variant-numeric: tabular-nums lining-nums; text-rendering: optimizeLegibility;
}
main, body > header, body > footer { max-width: 68rem; margin: 0 auto; padding: 0 2rem; }
body > header { padding-top: 2.2rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; letter-spacing: -0.015em; font-weight: 650; text-wrap: balance; }
h2 { font-size: 1.15rem; margin: 3.2rem 0 0.9rem; padding-top: 0.7rem; border-top: 1px solid var(--line-strong); font-weight: 650; }
h3 { font-size: 1rem; margin: 1.8rem 0 0.5rem; font-weight: 600; }
p { margin: 0.4rem 0 0.9rem; max-width: 46rem; }
p.lead { max-width: none; }
.answer { max-width: 104ch; margin: 1rem 0 0; padding: 0.2rem 0 0.2rem 1rem; border-left: 3px solid var(--accent, currentColor); }
.answer p { margin: 0.35rem 0; font-size: 1.02rem; }
.question { max-width: none; font-size: 1.08rem; color: var(--text-2); margin: 0.8rem 0 0; white-space: pre-line; }
.meta, .basis, .note { color: var(--text-3); font-size: 12.5px; }
.meta { margin: 0.8rem 0 0; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; padding: 0; margin: 0.5rem 0 0; font-size: 13px; }
main > section:first-child > h2 { margin-top: 1.4rem; }
section > h2 + p + h3 { margin-top: 1.1rem; }
a { color: var(--accent); text-underline-offset: 2px; }
bdi { unicode-bidi: isolate; overflow-wrap: break-word; }
.findings { padding-left: 1.1rem; max-width: 46rem; margin: 0.8rem 0; }
.findings li { margin: 0.25rem 0; }
.negative { color: var(--negative); } .positive { color: var(--positive); }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1px; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; margin: 1rem 0; }
.figure { box-shadow: 0 0 0 1px var(--line); padding: 0.85rem 1rem 0.8rem; }
.figure dt { font-size: 12px; color: var(--text-2); }
.figure dd { margin: 0; }
.figure .value { font-size: 1.65rem; line-height: 1.25; font-weight: 620; letter-spacing: -0.02em; }
.figure .detail { font-size: 12.5px; color: var(--text-2); }
.versus { display: flex; flex-wrap: wrap; gap: 0 0.6rem; font-size: 1rem; font-weight: 600; margin: 1.4rem 0 0.2rem; }
.versus .arrow { color: var(--text-3); font-weight: 400; }
.pair { display: grid; grid-template-columns: minmax(15rem, auto) minmax(20rem, 1fr); gap: 1rem 2.5rem; align-items: center; margin: 1.2rem 0; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; margin: 0.6rem 0 1rem; }
caption { text-align: left; color: var(--text-2); font-size: 12.5px; padding-bottom: 0.35rem; }
th, td { text-align: left; padding: 0.3rem 1.1rem 0.3rem 0; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--text-2); font-weight: 550; font-size: 12px; border-bottom-color: var(--line-strong); white-space: nowrap; vertical-align: bottom; }
tbody th { font-weight: 500; }
td.n, th.n { text-align: right; }
td.n { white-space: nowrap; }
thead th.n { white-space: normal; }
.wide tbody th { min-width: 9rem; }
td.plot { padding-top: 0.15rem; padding-bottom: 0; vertical-align: middle; }
.wide { width: 100%; }
.square td, .square th { padding: 0.35rem 0.9rem; }
.square tbody th, .square thead th { color: var(--text-2); font-weight: 500; }
.square td { text-align: right; font-size: 1rem; border: 1px solid var(--line); background: var(--panel); }
.square td.negative { background: var(--negative-tint); font-weight: 650; }
.square td.positive { background: var(--positive-tint); font-weight: 650; }
th button { all: unset; cursor: pointer; } th button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
th[aria-sort] button::after { content: ' ↕' / ''; color: var(--text-3); }
th[aria-sort='ascending'] button::after { content: ' ↑' / ''; } th[aria-sort='descending'] button::after { content: ' ↓' / ''; }
.facts th { color: var(--text-2); white-space: nowrap; font-weight: 500; } .facts td { overflow-wrap: anywhere; }
.hash { font-family: var(--mono); font-size: 12px; }

.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(27rem, 1fr)); gap: 1.6rem 2rem; }
figure { margin: 0.6rem 0; max-width: 46rem; } figure svg { width: 100%; } figcaption { font-weight: 600; font-size: 13px; margin-bottom: 0.3rem; }
svg { display: block; max-width: 100%; height: auto; font: 11px var(--sans); font-variant-numeric: tabular-nums; overflow: visible; }
svg text { fill: var(--text-2); } svg .axis { stroke: var(--line-strong); } svg .grid { stroke: var(--line); }
svg .label { fill: var(--text); font-weight: 550; } svg .zero { stroke: var(--text-3); stroke-dasharray: 2 3; }
svg .bar-negative { stroke: var(--negative); } svg .bar-positive { stroke: var(--positive); } svg .bar-net { stroke: var(--text-2); }
svg .dot-negative { fill: var(--negative); } svg .dot-positive { fill: var(--positive); } svg .dot-net { fill: var(--text-2); }
${[1, 2, 3, 4, 5, 6, 7, 8].map((i) => `svg .line-${i} { stroke: var(--s${i}); } svg .mark-${i} { fill: var(--s${i}); stroke: var(--s${i}); } svg .text-${i} { fill: var(--s${i}); font-weight: 600; }`).join('\n')}
details > summary { cursor: pointer; color: var(--text-2); font-size: 12.5px; }
details > summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

.filter { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; margin: 0.8rem 0; font-size: 13px; }
.filter input, .filter select { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line-strong); border-radius: 4px; padding: 0.25rem 0.5rem; }
.case { border: 1px solid var(--line); border-radius: 6px; background: var(--panel); margin: 0.9rem 0; padding: 0.8rem 1rem 0.9rem; break-inside: avoid; }
.case header { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; align-items: baseline; font-size: 12.5px; color: var(--text-2); }
.case h3 { margin: 0; font-size: 13px; color: var(--text); font-family: var(--mono); font-weight: 600; overflow-wrap: anywhere; }
.kind { font-weight: 600; white-space: nowrap; }
.case h4 { font-size: 11.5px; color: var(--text-3); font-weight: 550; margin: 0.55rem 0 0.1rem; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; max-width: none; margin: 0; font-size: 13.5px; line-height: 1.55; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.5rem; }
.case details { margin-top: 0.6rem; }
.sides > * { min-width: 0; }
del { background: var(--negative-tint); color: var(--negative); text-decoration: line-through; text-decoration-thickness: 1px; border-radius: 2px; }
ins { background: var(--positive-tint); color: var(--positive); text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 2px; border-radius: 2px; }
.tag { border: 1px solid var(--line-strong); border-radius: 99px; padding: 0 0.5rem; font-size: 11.5px; }
.ledger { display: flex; flex-wrap: wrap; gap: 2px; margin: 0.4rem 0 0; padding: 0; list-style: none; }
.ledger li { border-radius: 3px; padding: 1px 4px; background: var(--sunken); text-align: center; }
.ledger .token { display: block; font: 12px var(--mono); white-space: pre; unicode-bidi: isolate; }
.ledger .change { display: block; font-size: 10px; color: var(--text-2); }
.ledger .worse { background: var(--negative-tint); } .ledger .much-worse { background: var(--negative-strong); }
.ledger .better { background: var(--positive-tint); } .ledger .much-better { background: var(--positive-strong); }
body > footer { margin-top: 4rem; padding-bottom: 3rem; color: var(--text-3); font-size: 12.5px; border-top: 1px solid var(--line-strong); padding-top: 1rem; }
[hidden] { display: none !important; }

@media (max-width: 44rem) {
  main, body > header, body > footer { padding-left: 1rem; padding-right: 1rem; }
  .sides, .pair { grid-template-columns: 1fr; } .charts { grid-template-columns: 1fr; }
}
@media print {
  :root {
    color-scheme: light; --page: #fff; --panel: #fff; --sunken: #f3f3f0; --line: #ddd; --line-strong: #aaa;
    --text: #000; --text-2: #333; --text-3: #555; --accent: #000; --negative: #a33309; --negative-tint: #fcebe3;
    --negative-strong: #f6cdb9; --positive: #0a6264; --positive-tint: #e1f2f0; --positive-strong: #b4dfda;
    --s1: #0067a8; --s2: #c2500b; --s3: #00795c; --s4: #a8578a; --s5: #8a6a00; --s6: #4a4a4a; --s7: #2b7fbd; --s8: #6b4fbb;
  }
  @page { margin: 16mm 14mm; }
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main, body > header, body > footer { max-width: none; padding-left: 0; padding-right: 0; }
  body > header { padding-top: 0; }
  nav, .filter { display: none; }
  h2, h3, figcaption { break-after: avoid; } figure svg, tr, .figures, .pair { break-inside: avoid; }
  .figures { grid-template-columns: repeat(5, 1fr); } .figure { padding: 0.6rem 0.7rem; } .figure .value { font-size: 1.3rem; }
  .charts { grid-template-columns: 1fr 1fr; } #frontier .charts { grid-template-columns: 1fr; } .long { display: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .scroll { overflow: visible; }
}
`;
