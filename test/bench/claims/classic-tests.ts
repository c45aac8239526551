// Two textbook tests of paired differences, for comparison with the randomisation test. Two-sided p-values.

/** Differences of 0 count for neither side. */
export function signTest(differences: readonly number[]): number {
  const signs = differences.filter((value) => value !== 0);
  const few = Math.min(
    signs.filter((value) => value > 0).length,
    signs.filter((value) => value < 0).length,
  );
  let tail = 0;
  for (let k = 0, ways = 1; k <= few; k++) {
    tail += ways;
    ways = (ways * (signs.length - k)) / (k + 1);
  }
  return Math.min(1, (2 * tail) / 2 ** signs.length);
}

/** Student's paired t. */
export function studentTest(differences: readonly number[]): number {
  const n = differences.length;
  const mean = differences.reduce((a, b) => a + b, 0) / n;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  if (variance === 0) return mean === 0 ? 1 : 0;
  return studentTail(Math.abs(mean) / Math.sqrt(variance / n), n - 1);
}

/** P(|T| ≥ t): the density integrated by Simpson's rule in the angle atan(t / √df). */
function studentTail(t: number, degrees: number): number {
  const from = Math.atan(t / Math.sqrt(degrees));
  const density = (angle: number): number => Math.cos(angle) ** (degrees - 1);
  return integral(density, from, Math.PI / 2) / integral(density, 0, Math.PI / 2);
}

function integral(of: (x: number) => number, from: number, to: number): number {
  const steps = 2000;
  const width = (to - from) / steps;
  let sum = of(from) + of(to);
  for (let i = 1; i < steps; i++) sum += of(from + i * width) * (i % 2 === 1 ? 4 : 2);
  return (sum * width) / 3;
}
