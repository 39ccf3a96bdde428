// What the model makes of the prompt, while it is typed: words that it does not know are underlined, and
// beside the prompt stands what it knows instead, or which layer to paint.

const PAUSE = 250; // milliseconds after the last key
const LISTED = 6;
const LONGEST = 30; // characters of a word that is shown

export class Marks {
  /**
   * composer: Composer. read(prompt): answers as facemogle.ui.prompts. titles: of the regions.
   * isEmpty(region): whether nothing of it is drawn. paint(region): takes its layer.
   */
  constructor(form, { composer, read, titles, isEmpty, paint }) {
    Object.assign(this, { composer, read, titles, isEmpty, paint });
    this.field = form.querySelector("textarea");
    this.sheet = form.querySelector(".marked");
    this.list = form.querySelector(".unread");
    this.reading = null; // of the text that it is for
    composer.addEventListener("prompt", () => this.plan());
    this.field.addEventListener("scroll", () => this.align());
    new ResizeObserver(() => this.align()).observe(this.field);
    this.look();
  }

  /** The prompt is read when the typing pauses; until then, marks stay where the text is as it was. */
  plan() {
    this.underline();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), PAUSE);
  }

  async look() {
    const text = this.field.value;
    if (text === this.reading?.prompt) return;
    const answer = await this.read(text).catch(() => null); // a lost server is told of elsewhere
    if (!answer || answer.error || text !== this.field.value) return;
    this.reading = { prompt: text, ...answer };
    this.show();
  }

  /** Called when the drawing has changed, too: what is painted needs no hint. */
  show() {
    const { reading } = this;
    if (!reading) return;
    this.underline();
    // A button that is replaced between pressing and letting go gets no click.
    const told = JSON.stringify([reading, reading.painted.map(({ region }) => this.isEmpty(region))]);
    if (told === this.told) return;
    this.told = told;
    const unknown = reading.unknown.flatMap((one) => this.unknown(one));
    const items = [...limits(reading), ...this.toPaint(reading), ...unknown];
    this.list.replaceChildren(...items.slice(0, LISTED));
    if (items.length > LISTED) this.list.append(note(`and ${items.length - LISTED} more`));
    this.list.hidden = items.length === 0;
  }

  underline() {
    const { value } = this.field;
    const { prompt, unknown, omitted } = this.reading ?? { prompt: "", unknown: [], omitted: [] };
    const spans = [...unknown, ...omitted].sort((a, b) => a.start - b.start);
    const parts = [];
    let done = 0;
    for (const { start, end } of spans) {
      if (start < done || !value.startsWith(prompt.slice(0, end))) continue;
      const mark = document.createElement("u");
      mark.textContent = value.slice(start, end);
      parts.push(value.slice(done, start), mark);
      done = end;
    }
    this.sheet.replaceChildren(...parts, `${value.slice(done)}\n`);
    this.align();
  }

  /** The marks lie under the text, line by line. */
  align() {
    this.sheet.style.width = `${this.field.clientWidth}px`;
    this.sheet.style.height = `${this.field.clientHeight}px`;
    this.sheet.scrollTop = this.field.scrollTop;
  }

  unknown(span) {
    const painted = this.reading.painted.some(({ isKnown, start }) =>
      !isKnown && start >= span.start && start < span.end);
    if (!span.suggestions.length) {
      return painted ? [] : [note(`${quoted(span)} unknown`, "It means nothing to this model, which is not shown it")];
    }
    return span.suggestions.map((words) =>
      button(`${quoted(span)} → ${words}`, `This model does not know "${span.text}"; it knows "${words}"`, () =>
        this.composer.replace(span, words)));
  }

  /** Words that belong into the mask: unknown ones, and those of a layer that is empty. */
  toPaint({ painted }) {
    return painted.filter(({ isKnown, region }) => !isKnown || this.isEmpty(region)).map((span) => {
      const title = this.titles[span.region];
      return button(`${quoted(span)} → paint it: ${title}`, `The mask decides this: take the layer ${title}`, () =>
        this.paint(span.region));
    });
  }
}

/** What of the prompt is read otherwise than it was written. */
function limits({ prompt, text, omitted, limit, weights }) {
  const notes = weights.filter(({ asked, weight }) => asked !== weight)
    .map((span) => note(`${quoted(span)} weighs ${span.weight}`, `Weights are limited; ${span.asked} was asked for`));
  if (omitted.length) {
    notes.push(note(`From ${quoted(omitted[0])} on omitted`, `This model reads ${limit} tokens. Shorten the prompt`));
  }
  if (prompt.trim() && !text) notes.push(note("Nothing is left: the mask alone decides"));
  return notes;
}

function button(text, title, act) {
  const element = document.createElement("button");
  element.type = "button";
  Object.assign(element, { textContent: text, title });
  element.addEventListener("click", act);
  return element;
}

function note(text, title = "") {
  const element = document.createElement("span");
  Object.assign(element, { textContent: text, title });
  return element;
}

const quoted = ({ text }) => `“${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}”`;
