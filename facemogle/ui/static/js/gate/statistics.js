// Numbers about the gate's weights: what the view shows, without the view.
// A run is a Run; a map is a Float32Array of one value per token.

/** Smallest, largest and mean value of a map. */
export function summary(map) {
  let low = Infinity;
  let high = -Infinity;
  let sum = 0;
  for (const value of map) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
  }
  return { low, high, mean: sum / map.length };
}

/** Share of every token that each region covers: a map per region, values in [0, 1]. */
export function coverage(labels, [rows, columns], regions) {
  const side = Math.sqrt(labels.length);
  const counts = Array.from({ length: regions }, () => new Float32Array(rows * columns));
  const pixels = new Float32Array(rows * columns);
  const columnOf = Uint16Array.from({ length: side }, (_, x) => Math.floor((x * columns) / side));
  for (let y = 0; y < side; y++) {
    const first = Math.floor((y * rows) / side) * columns;
    for (let x = 0; x < side; x++) {
      const token = first + columnOf[x];
      counts[labels[y * side + x]][token] += 1;
      pixels[token] += 1;
    }
  }
  return counts.map((count) => count.map((covered, token) => covered / pixels[token]));
}

/** Region that covers most of a token. */
export function regionAt(run, token) {
  return indexOfMax(run.shares.length, (region) => run.shares[region][token]);
}

/**
 * Mean weight of an expert in every step so far.
 *
 * where: "whole", "inside" or "outside" the expert's region; a token counts by the share of it that
 *     lies there. Null where there is nothing to average, and for the global expert's region.
 */
export function meanCurve(run, expert, where) {
  const share = where === "whole" ? null : run.share(expert);
  if (where !== "whole" && !share) return run.reports.map(() => null);
  const counts = Float32Array.from({ length: run.tokens }, (_, token) =>
    where === "whole" ? 1 : where === "inside" ? share[token] : 1 - share[token]);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return run.reports.map((_, step) => {
    if (total === 0) return null;
    let sum = 0;
    counts.forEach((count, token) => (sum += count * run.weight(step, expert, token)));
    return sum / total;
  });
}

/** Mean weight of every expert in the newest step. */
export function meanWeights(run) {
  const last = run.done - 1;
  return Array.from({ length: run.experts }, (_, expert) => summary(run.map(last, expert)).mean);
}

/** Weight of an expert at one token in every step so far. */
export function placeCurve(run, expert, token) {
  return run.reports.map((_, step) => run.weight(step, expert, token));
}

/** Expert with the largest weight at every token; the lower number where two are equal. */
export function winners(run, step) {
  return Uint8Array.from({ length: run.tokens }, (_, token) =>
    indexOfMax(run.experts, (expert) => run.weight(step, expert, token)));
}

/** Experts that win anywhere, as [expert, share of the tokens], the largest share first. */
export function winnerShares(won) {
  const counts = new Map();
  for (const expert of won) counts.set(expert, (counts.get(expert) ?? 0) + 1);
  return [...counts].map(([expert, count]) => [expert, count / won.length]).sort((a, b) => b[1] - a[1]);
}

/** Step of a run whose t is nearest to t: runs of different lengths are compared at equal noise. */
export function stepAt(run, t) {
  return indexOfMax(run.done, (step) => -Math.abs(run.reports[step].t - t));
}

/** Map of how much more an expert weighs in one run than in another, in [-1, 1]. */
export function difference(run, step, other, otherStep, expert) {
  const before = other.map(otherStep, expert);
  return run.map(step, expert).map((weight, token) => weight - before[token]);
}

function indexOfMax(length, valueOf) {
  let best = 0;
  for (let i = 1; i < length; i++) if (valueOf(i) > valueOf(best)) best = i;
  return best;
}
