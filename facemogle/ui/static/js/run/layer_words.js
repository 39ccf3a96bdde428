// What a prompt says of one region: "long red" of "a woman with long red hair", found and replaced.

const BEFORE = new Set(
  "with and or has have having wears wearing in of a an the this is are her his their she he they".split(" "));

/** The words before the first noun; "" if there are none, null if the prompt has no such noun. */
export function wordsOf(prompt, nouns) {
  const place = placeOf(prompt, nouns);
  return place && prompt.slice(place.start, place.nounStart).trim();
}

/**
 * The prompt with other words before the noun; the first one is added if it has none. Without words the
 * noun stays.
 */
export function withWords(prompt, nouns, words) {
  const said = words.split(/[\s,]+/).filter(Boolean).join(" ");
  const place = placeOf(prompt, nouns);
  if (place) {
    const noun = prompt.slice(place.nounStart);
    return prompt.slice(0, place.start) + (said ? `${said} ${noun}` : noun);
  }
  const rest = prompt.replace(/[\s,;.]+$/, "");
  return said ? `${rest}${rest && ", "}${said} ${nouns[0]}` : prompt;
}

function placeOf(prompt, nouns) {
  if (!nouns.length) return null;
  const found = new RegExp(`(?<![\\p{L}\\d-])(?:${nouns.join("|")})(?![\\p{L}\\d-])`, "iu").exec(prompt);
  if (!found) return null;
  let start = found.index;
  for (;;) {
    const word = /([\p{L}\d'’-]+) +$/u.exec(prompt.slice(0, start));
    if (!word || BEFORE.has(word[1].toLowerCase())) return { start, nounStart: found.index };
    start = word.index;
  }
}
