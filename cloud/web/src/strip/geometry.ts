/**
 * The geometry of an ECG in millimetres of paper; screen, SVG and print all draw from here.
 *
 * A screen's millimetre is CSS's (96 px to the inch) and as a rule not a true one, so nothing on
 * a screen may claim 25 mm/s: the calibration pulse (1 mV high, 0.2 s wide) tells the scale.
 */

export const CSS_PX_PER_MM = 96 / 25.4;
export const PULSE_MV = 1;
export const PULSE_S = 0.2;

const SPEEDS_MM_PER_S = [25, 12.5, 6.25] as const;
const GAINS_MM_PER_MV = [40, 30, 20, 15, 10, 7.5, 5, 2.5, 1.25] as const;
const MIN_SECONDS = 4;
const FILL = 0.9;
const ENLARGE_FILL = 0.7;

/** Give the fastest paper speed at which a strip of this width shows at least four seconds. */
export function speedMmPerS(widthMm: number): number {
  const slowest = SPEEDS_MM_PER_S[SPEEDS_MM_PER_S.length - 1] as number;
  return SPEEDS_MM_PER_S.find((speed) => widthMm / speed >= MIN_SECONDS) ?? slowest;
}

/**
 * Give the largest gain at which `rangeMv` fits into `heightMm`.
 *
 * `current` is kept until the signal outgrows it or fits one step larger with room to spare, so
 * that the scale does not flicker between two steps.
 */
export function gainMmPerMv(heightMm: number, rangeMv: number, current?: number): number {
  const smallest = GAINS_MM_PER_MV[GAINS_MM_PER_MV.length - 1] as number;
  const fits = (fill: number) =>
    GAINS_MM_PER_MV.find((gain) => gain * rangeMv <= heightMm * fill) ?? smallest;
  const best = fits(FILL);
  if (current === undefined || best < current) return best;
  return Math.max(current, fits(ENLARGE_FILL));
}

/** Where a sample stands on a strip that is written over and over from the left. */
export interface SweepPoint {
  /** Which time round. */
  sweep: number;
  /** Distance from the left, 0 <= x < width. */
  x: number;
}

/** Give the place of a counter; only the counter decides, never the time of arrival. */
export function sweepPoint(counter: number, perSample: number, width: number): SweepPoint {
  const along = counter * perSample;
  const sweep = Math.floor(along / width);
  return { sweep, x: along - sweep * width };
}

/** What a strip must show to hold its signal: middle and range in mV. */
export interface Extent {
  middleMv: number;
  rangeMv: number;
}

const OUTLIERS = 0.002;

/** Give the extent of a signal, leaving out the two in a thousand farthest samples each way. */
export function extentOf(mv: Float64Array): Extent {
  if (mv.length === 0) return { middleMv: 0, rangeMv: 2 };
  const sorted = Float64Array.from(mv).sort();
  const cut = Math.floor(sorted.length * OUTLIERS);
  const low = sorted[cut] as number;
  const high = sorted[sorted.length - 1 - cut] as number;
  return { middleMv: (low + high) / 2, rangeMv: high - low };
}

/** Give the SVG path, in mm from the left and downwards from `middleMv`, of evenly spaced mV. */
export function tracePath(
  mv: readonly number[],
  fsHz: number,
  mmPerS: number,
  mmPerMv: number,
  middleMv: number,
): string {
  const points = mv.map((value, i) => {
    const x = (i / fsHz) * mmPerS;
    const y = (middleMv - value) * mmPerMv;
    return `${x.toFixed(2)} ${y.toFixed(2)}`;
  });
  return points.length > 0 ? `M${points.join("L")}` : "";
}
