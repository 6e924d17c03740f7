// A uPlot that follows its box, its data and the theme.
import uPlot from '../vendor/uplot.js';
import { html, useEffect, useRef } from '../view.js';
import { shade } from '../theme.js';
import { clock, span } from '../words.js';

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Times at the marks of an axis, as finely as the marks differ. Pure. */
export function marks(splits, seconds) {
  return splits.map((at) => (at === null ? '' : seconds < 60 ? clock(at * 1000, seconds < 1) : clock(at * 1000).slice(0, 5)));
}

function settings(series, width, height) {
  const axis = { stroke: ink('--ink-3'), font: '11px Inter, system-ui, sans-serif', grid: { stroke: ink('--line'), width: 1 }, ticks: { show: false } };
  const scored = series.some((one) => one.scale === 'score');
  return {
    width, height,
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    legend: { live: true },
    scales: { x: { time: true }, score: { range: [0, 100] }, ms: { range: (_plot, _low, high) => [0, Math.max(1, (high ?? 1) * 1.15)] } },
    axes: [
      { ...axis, grid: { show: false }, values: (_plot, splits, _axis, _space, seconds) => marks(splits, seconds), space: 90 },
      ...(scored ? [{ ...axis, scale: 'score', side: 3, size: 40 }] : []),
      { ...axis, scale: 'ms', side: scored ? 1 : 3, size: 62, grid: { show: !scored, stroke: ink('--line'), width: 1 }, values: (_plot, splits) => splits.map((one) => (one === null ? '' : span(one))) },
    ],
    series: [
      { label: 'Time', value: (_plot, at) => (at ? clock(at * 1000) : '–') },
      ...series.map(({ label, scale, colour, dash, fill, points }) => ({
        label, scale, dash, stroke: ink(colour), width: 1.75, spanGaps: scale === 'ms',
        fill: fill ? ink(fill) : undefined, points: { show: points ?? false, size: 5, fill: ink(colour) },
        value: (_plot, value) => (value === null || value === undefined ? '–' : scale === 'ms' ? span(value) : String(value)),
      })),
    ],
  };
}

/** `series` describes the columns of `data` after the first, which is seconds. */
export function Plot({ series, data, height = 240, label }) {
  const box = useRef(null);
  const plot = useRef(null);
  const colours = shade.value;
  const shape = JSON.stringify(series) + colours;
  useEffect(() => {
    const own = box.current;
    plot.current = new uPlot(settings(series, own.clientWidth, height), data, own);
    const watch = new ResizeObserver(() => { if (own.isConnected) plot.current?.setSize({ width: own.clientWidth, height }); });
    watch.observe(own);
    return () => { watch.disconnect(); plot.current.destroy(); plot.current = null; };
  }, [shape]);
  useEffect(() => { plot.current?.setData(data); }, [data]);
  return html`<div class="plot" ref=${box} role="img" aria-label=${label}></div>`;
}
