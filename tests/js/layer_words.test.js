// Words given at a layer reach the prompt in their place, and nothing else of it changes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { withWords, wordsOf } from "../../facemogle/ui/static/js/run/layer_words.js";

const HAIR = ["hair"];
const PROMPT = "a young woman with fair skin, long straight blond hair and a red hat";

test("a region's words are those before its noun", () => {
  assert.equal(wordsOf(PROMPT, HAIR), "long straight blond");
  assert.equal(wordsOf(PROMPT, ["skin"]), "fair");
  assert.equal(wordsOf(PROMPT, ["cap", "hat"]), "red");
  assert.equal(wordsOf("hairy, a hairdo, hair", HAIR), "");
  assert.equal(wordsOf(PROMPT, ["nose"]), null);
  assert.equal(wordsOf(PROMPT, []), null); // a model without a word for the region
});

test("other words take their place", () => {
  // Put at the end, the prompt asked for blond and for red hair.
  assert.equal(withWords(PROMPT, HAIR, "red, curly"), "a young woman with fair skin, red curly hair and a red hat");
  assert.equal(withWords(PROMPT, HAIR, ""), "a young woman with fair skin, hair and a red hat");
  assert.equal(withWords("a man with hair", HAIR, "red"), "a man with red hair");
  assert.equal(withWords("((long hair)), old", HAIR, "red"), "((red hair)), old");
});

test("a prompt without the noun gets it", () => {
  assert.equal(withWords("a young woman. ", HAIR, " red,curly "), "a young woman, red curly hair");
  assert.equal(withWords("", HAIR, "red"), "red hair");
  assert.equal(withWords("a man", HAIR, " , "), "a man");
});

test("what is typed letter by letter ends as what is typed at once", () => {
  let prompt = PROMPT;
  for (const typed of ["", "r", "re", "red", "red,", "red, ", "red, c"]) prompt = withWords(prompt, HAIR, typed);
  assert.equal(prompt, withWords(PROMPT, HAIR, "red, c"));
});
