// What a run is compared with, in words.

/** mode: as of Scene. other: the Run compared with. */
export function versus(mode, other, isPinned) {
  const seed = other.settings ? `seed ${other.settings.seed}, ` : "";
  const name = `the ${isPinned ? "pinned run" : "run before"} (${seed}${other.steps} steps)`;
  if (mode === "both") return `Left: ${name}. Right: this run.`;
  if (mode === "difference") return `This run minus ${name}, in percentage points. Red: more weight, blue: less.`;
  return "";
}
