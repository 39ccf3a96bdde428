// All tests in one process: one for each file would take longer to start than to run.

import { readdirSync } from "node:fs";

for (const name of readdirSync(import.meta.dirname).sort()) {
  if (name.endsWith(".test.js")) await import(`./${name}`);
}
