import { formatTick } from '@shared/presentation/numbers.ts';
import { extent, niceTicks } from '@shared/presentation/scale.ts';

/** Charts as files. CSV carries every value; SVG is redrawn from the data, so that it stays sharp in a paper. */

export interface ExportedChart {
  title: string;
  xLabel: string;
  x: number[];
  series: { name: string; values: (number | null)[]; colour: string }[];
  log?: boolean;
}
const size = { width: 720, height: 360, left: 64, right: 16, top: 34, bottom: 44 };

export function chartCsv(chart: ExportedChart): string {
  const head = [chart.xLabel, ...chart.series.map(({ name }) => name)].map(csvCell).join(',');
  const lines = chart.x.map((x, index) => [x, ...chart.series.map(({ values }) => values[index] ?? '')].join(','));
  return [head, ...lines].join('\n') + '\n';
}

export function chartSvg(chart: ExportedChart): string {
  const yOf = (value: number) => (chart.log ? Math.log10(value) : value);
  const usable = (value: number | null | undefined): value is number =>
    value !== null && value !== undefined && Number.isFinite(value) && (!chart.log || value > 0);
  const xs = extent(chart.x);
  const ys = extent(chart.series.flatMap(({ values }) => values.filter(usable).map(yOf)));
  const px = (x: number) => size.left + ((x - xs[0]) / (xs[1] - xs[0] || 1)) * (size.width - size.left - size.right);
  const py = (y: number) =>
    size.height - size.bottom - ((y - ys[0]) / (ys[1] - ys[0] || 1)) * (size.height - size.top - size.bottom);

  const lines = chart.series.map(({ values, colour }) => {
    const points = values.flatMap((value, index) =>
      usable(value) ? [`${fixed(px(chart.x[index] ?? 0))},${fixed(py(yOf(value)))}`] : [],
    );
    return `<polyline fill="none" stroke="${xml(colour)}" stroke-width="1.6" points="${points.join(' ')}"/>`;
  });
  const yTicks = niceTicks(ys).map((y) => {
    const label = formatTick(chart.log ? 10 ** y : y);
    return `<line x1="${size.left}" x2="${size.width - size.right}" y1="${fixed(py(y))}" y2="${fixed(py(y))}" stroke="#ddd"/><text x="${size.left - 6}" y="${fixed(py(y) + 4)}" text-anchor="end">${label}</text>`;
  });
  const xTicks = niceTicks(xs).map(
    (x) =>
      `<text x="${fixed(px(x))}" y="${size.height - size.bottom + 18}" text-anchor="middle">${formatTick(x)}</text>`,
  );
  const legend = chart.series.map(({ name, colour }, index) => {
    const x = size.left + index * 150;
    return `<rect x="${x}" y="22" width="10" height="3" fill="${xml(colour)}"/><text x="${x + 15}" y="27">${xml(name)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="11" fill="#333">`,
    `<rect width="100%" height="100%" fill="#fff"/><text x="${size.left}" y="14" font-weight="bold">${xml(chart.title)}</text>`,
    ...legend,
    ...yTicks,
    ...xTicks,
    `<text x="${(size.left + size.width - size.right) / 2}" y="${size.height - 8}" text-anchor="middle">${xml(chart.xLabel)}</text>`,
    ...lines,
    '</svg>',
  ].join('\n');
}

/** Offers text or an image to the person as a file. */
export function download(fileName: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = Object.assign(document.createElement('a'), { href: url, download: fileName });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function csvCell(text: string): string {
  // A cell that begins like a formula would be run by spreadsheets.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function fixed(value: number): string {
  return value.toFixed(2);
}
