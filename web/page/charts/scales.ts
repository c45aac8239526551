// Ranges and ticks of linear and log scales. Pure arithmetic; uPlot asks it at every draw.

import type { Range } from '../state.ts';

/** A linear value axis starts at zero unless something lies below; the top keeps some air. */
export function linearRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const low = Math.min(0, min);
  const high = Math.max(0, max);
  if (low === high) return [low, low + 1];
  const air = (high - low) * 0.06;
  return [low < 0 ? low - air : 0, high + air];
}

/** From the lowest to the highest value with some air; `floor` is kept as the exact bottom line. */
export function logRange(
  min: number | null,
  max: number | null,
  floor: number | undefined,
): [number, number] {
  if (min === null || max === null || !(min > 0)) return [1, 10];
  const top = max === min && floor !== min ? max * 2 : max * 1.25;
  if (floor !== undefined && min <= floor) return [floor, Math.max(top, floor * 10)];
  return [min === max ? min / 2 : min / 1.25, top];
}

/** Decades; with few of them also 2 and 5, and plain steps where not even those fall inside. */
export function logTicks(min: number, max: number): number[] {
  const decades: number[] = [];
  const fine: number[] = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
    for (const factor of [1, 2, 5]) {
      const tick = Number(`${factor}e${power}`);
      if (tick < min * (1 - 1e-9) || tick > max * (1 + 1e-9)) continue;
      fine.push(tick);
      if (factor === 1) decades.push(tick);
    }
  }
  if (decades.length >= 3) return decades;
  return fine.length >= 2 ? fine : linearTicks(min, max);
}

/** About five round steps. */
export function linearTicks(min: number, max: number): number[] {
  const step = roundStep((max - min) / 5);
  const ticks: number[] = [];
  for (let i = Math.ceil(min / step); i * step <= max; i++) ticks.push(i * step);
  return ticks;
}

/** The smallest of 1, 2, 5 × 10ⁿ not below `step`. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((each) => each * power >= step * (1 - 1e-9));
  return (factor ?? 10) * power;
}

/** `range` made `factor` as wide about `centre`, inside `full`; undefined once it is all of it. */
export function zoomAbout(
  range: Range,
  full: Range,
  centre: number,
  factor: number,
): Range | undefined {
  const low = Math.max(full[0], centre - (centre - range[0]) * factor);
  const high = Math.min(full[1], centre + (range[1] - centre) * factor);
  if (low <= full[0] && high >= full[1]) return undefined;
  return high > low ? [low, high] : range;
}
