// The photo that is edited: its faces, one of which is cut out, and the edit back in the whole of it.

import { fromBase64, inflate } from "./codec.js";
import { save } from "./save.js";

const POLL = 400; // milliseconds between two questions about a download

export class Photo {
  /**
   * readPhoto(file, parser, face): asks the server; answers { image, labels, notes, whole, faces, chosen,
   * place } or { error }, or nothing if it failed. savePhoto(file, before, after, place): answers { image }
   * or { error }. adopt(): as of Runner. send(file, read): as of Files. edited(photo): the image that has
   * become of the photo's crop, a data URL, or null if what is shown is no edit of it. offer: the button that
   * shows the photo that is open. parserDownload("start" | "cancel" | "tell"): answers { state, done, total,
   * error } of the big parser's download.
   */
  constructor(dialog, { readPhoto, savePhoto, adopt, send, edited, parserDownload, notice, offer }) {
    Object.assign(this, { dialog, readPhoto, savePhoto, adopt, send, edited, parserDownload, notice, offer });
    this.find = (selector) => dialog.querySelector(selector);
    this.boxes = this.find(".boxes");
    this.saving = this.find("[data-command=photo-save]");
    const close = () => dialog.close();
    this.find(".dismiss").addEventListener("click", close);
    this.find("[data-command=photo-done]").addEventListener("click", close);
    this.saving.addEventListener("click", () => this.save());
    dialog.addEventListener("click", (event) => event.target === dialog && close());
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    this.opened = null; // { file, parser } and the server's answer
  }

  /** Read a photo's largest face; without one, the drawing stays. action: of the notice. */
  async open(file, parser, action) {
    if (parser === "hub" && !(await this.fetchParser())) return;
    const answer = await this.send(file, () => this.readPhoto(file, parser, null));
    if (!answer) return;
    await this.take(file, parser, answer, action);
    if (answer.faces.length > 1) this.show();
  }

  /** Wait for the big parser, with its progress; resolves to whether it is there. */
  async fetchParser() {
    const cancel = { title: "Cancel", act: () => this.parserDownload("cancel") };
    let wish = "start";
    for (;;) {
      const progress = await this.parserDownload(wish);
      if (progress.state === "done") return true;
      if (progress.state === "cancelled") this.notice.tell("The download was stopped. The drawing is as it was.");
      else if (progress.state !== "running") this.notice.warn(progress.error);
      if (progress.state !== "running") return false;
      const [done, total] = [progress.done, progress.total].map((bytes) => Math.round(bytes / 1e6));
      this.notice.tell(`Downloading the parser for photographs: ${done} of ${total} MB, once.`, cancel);
      wish = "tell";
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  }

  async choose(face) {
    const { file, parser } = this.opened;
    this.say("");
    this.dialog.dataset.busy = "";
    const answer = await this.readPhoto(file, parser, face);
    delete this.dialog.dataset.busy;
    if (!answer) return this.say("It could not be sent to the server. Try again.");
    if (answer.error) return this.say(answer.error);
    await this.take(file, parser, answer);
    this.show();
  }

  async take(file, parser, answer, action) {
    this.opened = { file, parser, ...answer };
    this.adopt({ image: answer.image, labels: await inflate(fromBase64(answer.labels)), photo: this.opened });
    this.notice.tell([`Opened ${file.name}.`, ...answer.notes].join(" "), action);
    this.offer.hidden = false;
  }

  /** Show the whole photo with its faces, and the crop as it is by now. */
  show() {
    const { file, whole, faces, chosen, image } = this.opened;
    const edited = this.edited(this.opened);
    this.find("h2").textContent = file.name;
    this.find("p").textContent = faces.length > 1
      ? `${faces.length} faces: click another one to edit that.` : "One face. Its edit can be saved into the whole photo.";
    this.find(".whole img").src = whole;
    this.find(".crop img").src = edited ?? image;
    this.boxes.replaceChildren(...faces.map((box, number) => this.box(box, number, chosen)));
    this.saving.disabled = !edited || edited === image;
    this.say("");
    if (!this.dialog.open) this.dialog.showModal();
  }

  box([left, top, right, bottom], number, chosen) {
    const button = document.createElement("button");
    button.type = "button";
    button.ariaLabel = `Face ${number + 1}`;
    button.ariaPressed = String(number === chosen);
    const percent = (share) => `${100 * share}%`;
    Object.assign(button.style, {
      left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top),
    });
    const label = document.createElement("b");
    label.textContent = number + 1;
    button.append(label);
    button.addEventListener("click", () => number !== chosen && this.choose(number));
    return button;
  }

  async save() {
    const { file, image, place } = this.opened;
    this.saving.disabled = true;
    this.say("");
    const files = await Promise.all([image, this.edited(this.opened)].map(blobOf));
    const answer = await this.savePhoto(file, ...files, place);
    this.saving.disabled = false;
    if (!answer) return this.say("It could not be sent to the server. Try again.");
    if (answer.error) return this.say(answer.error);
    save(file.name.replace(/(\.\w+)?$/, "_edited.png"), await blobOf(answer.image));
  }

  say(reason) {
    const place = this.find(".reason");
    place.textContent = reason;
    place.hidden = !reason;
  }
}

/** The file in a data URL. Fetching one is forbidden on some pages. */
function blobOf(url) {
  const [head, content] = url.split(",", 2);
  return new File([fromBase64(content)], "image", { type: head.slice(5, head.indexOf(";")) });
}
