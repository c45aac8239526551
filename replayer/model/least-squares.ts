// Ordinary least squares with a handful of columns: normal equations, streaming, with intervals that hold
// where the spread grows with the size (HC1). A column that the others already say is left out, not guessed.

/** Below this share of its own size, what is left of a column is rounding. */
const PIVOT_SHARE = 1e-9;
/** Half width of a 95 % interval in standard errors; samples are thousands. */
const Z_95 = 1.96;

export interface Coefficient {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** False where the samples cannot tell it from the others; its value is 0 then. */
  readonly separable: boolean;
}

export interface Fit {
  readonly coefficients: readonly Coefficient[];
  readonly samples: number;
  /** Share of the variance that the fit explains. */
  readonly r2: number;
  /** y - fit, per sample. */
  readonly residuals: Float64Array;
}

/** Fits y = Σ coefficient × column. All columns are as long as `y`. */
export function leastSquares(y: Float64Array, columns: readonly Float64Array[]): Fit {
  const kept = independentColumns(columns, y.length);
  const used = kept.map((index) => columns[index]);
  const inverse = inverted(gram(used, used, y.length));
  const beta = multiply(inverse, gram(used, [y], y.length)).map((row) => row[0]);
  const residuals = y.slice();
  used.forEach((column, k) => {
    for (let i = 0; i < y.length; i++) residuals[i] -= beta[k] * column[i];
  });
  const errors = standardErrors(used, residuals, inverse);
  const coefficients = columns.map((_, index): Coefficient => {
    const k = kept.indexOf(index);
    if (k < 0) return { value: 0, low: 0, high: 0, separable: false };
    const half = Z_95 * errors[k];
    return { value: beta[k], low: beta[k] - half, high: beta[k] + half, separable: true };
  });
  return { coefficients, samples: y.length, r2: explained(y, residuals), residuals };
}

/** Indices of columns that are not sums of the ones before them, by elimination on the Gram matrix. */
function independentColumns(columns: readonly Float64Array[], count: number): readonly number[] {
  const left = gram(columns, columns, count);
  const size = left.map((row, i) => row[i]);
  const kept: number[] = [];
  for (let k = 0; k < columns.length; k++) {
    const pivot = left[k][k];
    if (!(pivot > PIVOT_SHARE * size[k])) continue;
    kept.push(k);
    for (let i = k + 1; i < columns.length; i++) {
      const factor = left[i][k] / pivot;
      for (let j = k; j < columns.length; j++) left[i][j] -= factor * left[k][j];
    }
  }
  return kept;
}

/** Products of every column of `a` with every column of `b`. */
function gram(a: readonly Float64Array[], b: readonly Float64Array[], count: number): number[][] {
  return a.map((one) =>
    b.map((other) => {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += one[i] * other[i];
      return sum;
    }),
  );
}

/** Gauss-Jordan with row pivots; the matrix is small and known to be regular. */
function inverted(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const work = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(work[i][k]) > Math.abs(work[best][k])) best = i;
    [work[k], work[best]] = [work[best], work[k]];
    const pivot = work[k][k];
    work[k] = work[k].map((value) => value / pivot);
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = work[i][k];
      work[i] = work[i].map((value, j) => value - factor * work[k][j]);
    }
  }
  return work.map((row) => row.slice(n));
}

function multiply(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
): number[][] {
  return a.map((row) =>
    b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)),
  );
}

/** Square roots of the diagonal of (X'X)⁻¹ X' diag(e²) X (X'X)⁻¹, with the small-sample factor n / (n - k). */
function standardErrors(
  columns: readonly Float64Array[],
  residuals: Float64Array,
  inverse: readonly (readonly number[])[],
): readonly number[] {
  const count = residuals.length;
  const weighted = columns.map((column) =>
    column.map((value, i) => value * residuals[i] * residuals[i]),
  );
  const middle = gram(weighted, columns, count);
  const factor = count / Math.max(1, count - columns.length);
  const spread = multiply(multiply(inverse, middle), inverse);
  return spread.map((row, i) => Math.sqrt(Math.max(0, row[i] * factor)));
}

function explained(y: Float64Array, residuals: Float64Array): number {
  const mean = y.reduce((sum, value) => sum + value, 0) / Math.max(1, y.length);
  const total = y.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const left = residuals.reduce((sum, value) => sum + value * value, 0);
  return total === 0 ? (left === 0 ? 1 : 0) : 1 - left / total;
}
