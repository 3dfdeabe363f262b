import type { Interval } from '../../shared/domain/statistics/intervals.ts';
import {
  formatCount,
  formatNumber,
  formatPercent,
  formatPercentRange,
  formatTick,
  nothing,
} from '../../shared/presentation/numbers.ts';
import type { ReportChart } from '../../shared/domain/reports/report-model.ts';
import { seriesColours } from '../../shared/domain/reports/series-looks.ts';
import type { SeriesLooks } from '../../shared/domain/reports/series-looks.ts';
import { linearScale, niceTicks } from '../../shared/presentation/scale.ts';
import type { Scale } from '../../shared/presentation/scale.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';

const width = 560;
const height = 330;
const margin = { top: 22, right: 118, bottom: 42, left: 54 };

type Series = ReportChart['series'][number];
interface Frame {
  x: Scale;
  y: Scale;
  chart: ReportChart;
  looks: SeriesLooks;
}
/** Lines with marks and intervals, each series told by colour, shape and a name at its end; the numbers are below it. */
export function lineChart(chart: ReportChart, looks: SeriesLooks): Markup {
  const points = chart.series.flatMap((series) => series.points);
  if (points.length === 0) return markup`<p class="note">No points were measured for “${chart.title}”.</p>`;
  const xs = points.map((point) => point.x);
  const ys = points.flatMap((point) => [point.y, point.low ?? point.y, point.high ?? point.y]);
  const frame: Frame = {
    chart,
    looks,
    x: linearScale(xs, [margin.left, width - margin.right]),
    y: linearScale(chart.yIsShare ? [0, ...ys] : ys, [height - margin.bottom, margin.top]),
  };
  return markup`<figure>
    <figcaption><bdi>${chart.title}</bdi></figcaption>
    <svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${chartLabel(chart)}">
      ${axes(frame)} ${chart.series.map((series) => seriesMarks(frame, series))} ${endLabels(frame)}
    </svg>
    ${chartTable(chart)}
  </figure>`;
}

function chartLabel({ title, xLabel, yLabel, series }: ReportChart): string {
  return `${title}: ${yLabel} by ${xLabel}, ${series.map(({ name }) => name).join(', ')}. The numbers follow below.`;
}

function axes({ x, y, chart }: Frame): Markup {
  const bottom = height - margin.bottom;
  const right = width - margin.right;
  const yTick = (value: number) => (chart.yIsShare ? `${formatTick(value * 100)} %` : formatTick(value));
  return markup`${niceTicks(y.domain, 5).map(
    (tick) =>
      markup`<line class="grid" x1="${margin.left}" x2="${right}" y1="${at(y, tick)}" y2="${at(y, tick)}" /><text
          x="${margin.left - 8}"
          y="${at(y, tick, 4)}"
          text-anchor="end"
          >${yTick(tick)}</text
        >`,
  )}
    <line class="axis" x1="${margin.left}" x2="${right}" y1="${bottom}" y2="${bottom}" />
    ${niceTicks(x.domain, 6).map(
      (tick) =>
        markup`<line class="axis" x1="${at(x, tick)}" x2="${at(x, tick)}" y1="${bottom}" y2="${bottom + 4}" /><text
            x="${at(x, tick)}"
            y="${bottom + 17}"
            text-anchor="middle"
            >${formatTick(tick)}</text
          >`,
    )}
    <text x="${(margin.left + right) / 2}" y="${height - 6}" text-anchor="middle">${chart.xLabel}</text>
    ${chart.yLabel !== chart.title && markup`<text x="${margin.left}" y="${margin.top - 10}" text-anchor="start">${chart.yLabel}</text>`}`;
}

function seriesMarks({ x, y, looks }: Frame, series: Series): Markup {
  const index = looks.get(series.name) ?? 0;
  const colour = (index % seriesColours) + 1;
  const dash = ['', '5 3', '2 3', '8 3 2 3'][Math.floor(index / 2) % 4] ?? '';
  const path = series.points.map((point) => `${at(x, point.x)},${at(y, point.y)}`).join(' ');
  // A long curve is a line; marks and intervals would only thicken it.
  const marked = series.points.length <= 40;
  return markup`<polyline class="line-${colour}" points="${path}" fill="none" stroke-width="1.6" stroke-dasharray="${dash}" />${
    marked &&
    series.points.map(
      (point) =>
        markup`${
          point.low !== null &&
          point.high !== null &&
          markup`<line
          class="line-${colour}"
          x1="${at(x, point.x)}"
          x2="${at(x, point.x)}"
          y1="${at(y, point.low)}"
          y2="${at(y, point.high)}"
          stroke-opacity="0.45"
        />`
        }${mark(index, at(x, point.x), at(y, point.y), `${series.name}, ${point.label}`)}`,
    )
  }`;
}

/** Circle, square, triangle, diamond in turn, so that series differ without colour. */
function mark(index: number, cx: number, cy: number, title: string): Markup {
  const corners =
    [[], [-3.2, -3.2, 3.2, -3.2, 3.2, 3.2, -3.2, 3.2], [0, -4.3, 4, 3.2, -4, 3.2], [0, -4.6, 4.6, 0, 0, 4.6, -4.6, 0]][
      index % 4
    ] ?? [];
  const name = markup`<title>${title}</title>`;
  const colour = (index % seriesColours) + 1;
  if (corners.length === 0)
    return markup`<circle class="mark-${colour}" cx="${cx}" cy="${cy}" r="3.4">${name}</circle>`;
  const moved = corners.map((offset, i) => rounded(offset + (i % 2 === 0 ? cx : cy))).join(' ');
  return markup`<polygon class="mark-${colour}" points="${moved}">${name}</polygon>`;
}

/** Names next to the last points, moved apart where they would overlap. */
function endLabels({ x, y, chart, looks }: Frame): Markup {
  const gap = 14;
  let previous = -Infinity;
  const labels = chart.series
    .flatMap((series) => {
      const last = series.points.reduce<Series['points'][number] | null>(
        (far, one) => (far === null || one.x >= far.x ? one : far),
        null,
      );
      return last === null
        ? []
        : [{ name: series.name, index: looks.get(series.name) ?? 0, x: at(x, last.x), y: at(y, last.y) }];
    })
    .sort((a, b) => a.y - b.y)
    .map((label) => {
      previous = Math.max(label.y, previous + gap);
      return { ...label, y: previous };
    });
  return markup`${labels.map(
    (label) =>
      markup`<text class="text-${(label.index % seriesColours) + 1}" x="${label.x + 9}" y="${rounded(label.y + 4)}">${shortened(label.name)}</text>`,
  )}`;
}

function shortened(name: string): string {
  return name.length > 24 ? `${name.slice(0, 23)}…` : name;
}

function chartTable({ series, xLabel, yLabel, yIsShare }: ReportChart): Markup | false {
  const points = series.reduce((sum, one) => sum + one.points.length, 0);
  if (points > 400) return markup`<p class="note">${formatCount(points)} points; the report’s data holds them all.</p>`;
  const y = (value: number | null) =>
    value === null ? nothing : yIsShare ? formatPercent(value) : formatNumber(value);
  // On paper a curve says what its rows would.
  return markup`<details class="${points > 24 ? 'long' : ''}">
    <summary>The numbers</summary>
    <div class="scroll"><table data-sortable>
      <thead><tr><th>series</th><th>point</th><th class="n">${xLabel}</th><th class="n">${yLabel}</th><th class="n">low</th><th class="n">high</th></tr></thead>
      <tbody>${series.flatMap(({ name, points }) =>
        points.map(
          (point) => markup`<tr>
            <th><bdi>${name}</bdi></th><td><bdi>${point.label}</bdi></td>
            <td class="n" data-value="${point.x}">${formatNumber(point.x)}</td><td class="n" data-value="${point.y}">${y(point.y)}</td>
            <td class="n">${y(point.low)}</td><td class="n">${y(point.high)}</td>
          </tr>`,
        ),
      )}</tbody>
    </table></div>
  </details>`;
}

/** An interval as a bar with a dot, on a scale shared by all rows of a table. */
export function intervalBar(
  interval: Interval,
  domain: readonly [number, number],
  kind: 'negative' | 'positive' | 'net',
): Markup {
  const [barWidth, barHeight] = [180, 18];
  const scale = linearScale(domain, [6, barWidth - 6]);
  const [low, high] = [at(scale, Math.max(domain[0], interval.low)), at(scale, Math.min(domain[1], interval.high))];
  const middle = barHeight / 2;
  return markup`<svg viewBox="0 0 ${barWidth} ${barHeight}" width="${barWidth}" height="${barHeight}" role="img" aria-label="${formatPercentRange(interval)}">
    <line class="grid" x1="6" x2="${barWidth - 6}" y1="${middle}" y2="${middle}" />
    ${domain[0] < 0 && markup`<line class="zero" x1="${at(scale, 0)}" x2="${at(scale, 0)}" y1="0" y2="${barHeight}" />`}
    <line class="bar-${kind}" x1="${low}" x2="${high}" y1="${middle}" y2="${middle}" stroke-width="3" stroke-linecap="round" />
    ${interval.value !== null && markup`<circle class="dot-${kind}" cx="${at(scale, interval.value)}" cy="${middle}" r="4" />`}
  </svg>`;
}

function at(scale: Scale, value: number, offset = 0): number {
  return rounded(scale.place(value) + offset);
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
