// What an expert does, in words.

import { percent } from "../percent.js";
import { meanCurve, winners, winnerShares } from "./statistics.js";

const EQUAL = 0.05; // a ratio so near to 1 is not told

/** Of a step of a run. titles: of the experts; expert titles.length stands for the winners. */
export function sentence(run, step, expert, titles) {
  if (expert === titles.length) {
    const [[first, share]] = winnerShares(winners(run, step));
    return `${titles[first]} weighs most at ${percent(share)} of the image.`;
  }
  const [inside, outside, whole] = ["inside", "outside", "whole"].map((where) => meanCurve(run, expert, where)[step]);
  const title = titles[expert];
  if (run.settings?.muted?.includes(expert - 1)) return `${title} was muted: no expert saw it, the model decided what is there.`;
  if (!inside || !outside) return `${title}: ${percent(whole)} of the weight over the whole image.`;
  const region = title.toLowerCase();
  const shares = `${title}: ${percent(inside)} of the weight in ${region}, ${percent(outside)} elsewhere`;
  const ratio = inside / outside;
  return ratio > 1 + EQUAL ? `${shares}: ${ratio.toFixed(1)} times as much.` : `${shares}.`;
}
