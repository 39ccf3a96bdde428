// The image that the server has ready for who comes for the first time.

import { Accepted } from "./accepted.js";
import { fromBase64, inflate } from "../files/codec.js";
import { Run } from "./run.js";

const NUMBER = 0; // as which the server knows it
const ASKS = 30; // of a few seconds each: a model may still be loaded
const QUICK = 0.8; // seconds: a model that takes less is live from the beginning

/**
 * ask(): answers { packets, seconds, isComing } of facemogle.ui.start. template: whose face it is.
 * experts: how many. Returns { accepted, isQuick }, or null if there is none.
 */
export async function firstFace({ ask, template, experts }) {
  let answer = await ask();
  for (let more = ASKS; answer.isComing && more > 0; more--) answer = await ask();
  const { packets, seconds } = answer;
  if (!packets.length) return null;
  const labels = await inflate(fromBase64(template.labels));
  const { steps, grid } = packets[0];
  const settings = {
    prompt: template.prompt, seed: String(template.seed), steps: String(steps), strength: "1",
    muted: [], expert_strengths: new Array(experts).fill(1),
  };
  const run = new Run({ steps, grid, experts, labels, settings });
  for (const packet of packets.slice(1, -1)) run.add(packet);
  const { image } = run.reports.at(-1);
  const accepted = new Accepted({ image, labels, settings, isForeign: false, run, number: NUMBER });
  return { accepted, isQuick: seconds < QUICK };
}
