/** A strip of a report on ECG paper: 1 mm and 5 mm lines, calibration pulse, 25 mm/s, 10 mm/mV. */

import type { ReportStrip } from "../report";
import { extentOf, PULSE_MV, PULSE_S, tracePath } from "../strip/geometry";
import { clockTime, fromNs, words } from "../words";

const MM_PER_S = 25;
const MM_PER_MV = 10;
const PULSE_MM = 10;
const ROW_S = 5;
const MARGIN_MM = 5;

function gridPath(widthMm: number, heightMm: number, stepMm: number): string {
  let path = "";
  for (let x = 0; x <= widthMm; x += stepMm) path += `M${x} 0V${heightMm}`;
  for (let y = 0; y <= heightMm; y += stepMm) path += `M0 ${y}H${widthMm}`;
  return path;
}

function PaperRow({ mv, fsHz, label }: { mv: number[]; fsHz: number; label: string }) {
  const { middleMv, rangeMv } = extentOf(Float64Array.from(mv));
  const widthMm = PULSE_MM + ROW_S * MM_PER_S;
  const heightMm = Math.ceil((rangeMv * MM_PER_MV + 2 * MARGIN_MM) / 5) * 5;
  const up = PULSE_MV * MM_PER_MV;
  const pulse = `M1 ${up / 2}h1.5v${-up}h${PULSE_S * MM_PER_S}v${up}h1.5`;
  return (
    <svg class="paper" viewBox={`0 0 ${widthMm} ${heightMm}`} role="img" aria-label={label}>
      <path class="paper-fine" d={gridPath(widthMm, heightMm, 1)} />
      <path class="paper-bold" d={gridPath(widthMm, heightMm, 5)} />
      <g transform={`translate(0 ${heightMm / 2})`}>
        <path class="paper-trace" d={pulse} />
        <g transform={`translate(${PULSE_MM} 0)`}>
          <path class="paper-trace" d={tracePath(mv, fsHz, MM_PER_S, MM_PER_MV, middleMv)} />
        </g>
      </g>
    </svg>
  );
}

/** The strip in rows of five seconds, each with its own pulse. */
export function PaperStrip({ strip }: { strip: ReportStrip }) {
  const perRow = Math.round(ROW_S * strip.fs_hz);
  const mv = strip.samples.map((adc) => adc * strip.lsb_pv * 1e-9);
  const from = clockTime(fromNs(strip.start_ns));
  const rows = Array.from({ length: Math.ceil(mv.length / perRow) }, (_, row) =>
    mv.slice(row * perRow, (row + 1) * perRow + 1),
  );
  return (
    <figure class="strip-figure">
      {rows.map((row, index) => (
        <PaperRow
          key={index * perRow}
          mv={row}
          fsHz={strip.fs_hz}
          label={`${strip.lead} ${from}`}
        />
      ))}
      <figcaption class="quiet">
        {strip.lead} · {from} · {words.value.paper}
      </figcaption>
    </figure>
  );
}
