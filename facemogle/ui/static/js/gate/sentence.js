// What an expert does, in words.

import { percent } from "../percent.js";
import { meanCurve, winners, winnerShares } from "./statistics.js";

const EQUAL = 0.05; // a ratio so near to 1 is told as equal

/** Of a step of a run. titles: of the experts; expert titles.length stands for the winners. */
export function sentence(run, step, expert, titles) {
  if (expert === titles.length) {
    const [[first, share]] = winnerShares(winners(run, step));
    return `${titles[first]} weighs most at ${percent(share)} of the image.`;
  }
  const [inside, outside, whole] = ["inside", "outside", "whole"].map((where) => meanCurve(run, expert, where)[step]);
  const title = titles[expert];
  if (!inside || !outside) return `${title}: ${percent(whole)} of the weight over the whole image.`;
  const region = title.toLowerCase();
  const ratio = inside / outside;
  if (Math.abs(ratio - 1) < EQUAL) return `${title}: as heavy in ${region} as elsewhere.`;
  const [factor, place, other] = ratio > 1
    ? [ratio, region, "elsewhere"] : [1 / ratio, `places without ${region}`, `in ${region}`];
  return `${title}: ${factor.toFixed(1)} times as heavy in ${place} as ${other}.`;
}
