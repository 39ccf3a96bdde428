// The photo that is edited: its faces, one of which is cut out, and the edit back in the whole of it.

import { fromBase64, inflate } from "./codec.js";
import { save } from "./save.js";

const POLL = 400; // milliseconds between two questions about a download

export class Photo {
  /**
   * readPhoto(file, parser, face): asks the server; answers { image, labels, notes, whole, faces, chosen,
   * place } or { error }, or nothing if it failed. savePhoto(file, before, after, place): answers { image }
   * or { error }. adopt(): as of Runner. send(file, read): as of Files. offer: the button that shows the photo
   * that is open. saves: the buttons that save the image that is shown in the photo that it is of.
   * parserDownload("start" | "cancel" | "tell"): answers { state, done, total, error } of the big parser's
   * download.
   */
  constructor(dialog, { readPhoto, savePhoto, adopt, send, parserDownload, notice, offer, saves }) {
    Object.assign(this, { dialog, readPhoto, savePhoto, adopt, send, parserDownload, notice, offer, saves });
    this.find = (selector) => dialog.querySelector(selector);
    this.boxes = this.find(".boxes");
    this.saving = this.find("[data-command=photo-save]");
    const close = () => dialog.close();
    this.find(".dismiss").addEventListener("click", close);
    this.find("[data-command=photo-done]").addEventListener("click", close);
    this.saving.addEventListener("click", () => this.saveFromDialog());
    for (const button of saves) button.addEventListener("click", () => this.saveShown());
    dialog.addEventListener("click", (event) => event.target === dialog && close());
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    this.opened = null; // { file, parser } and the server's answer
    this.shown = null; // Accepted
  }

  /** accepted: the image that is shown from now on. */
  follow(accepted) {
    this.shown = accepted;
    const { photo, image } = accepted;
    for (const button of this.saves) {
      button.hidden = !photo;
      button.disabled = photo?.image === image;
    }
  }

  /** Read a photo's largest face; without one, the drawing stays. action: of the notice. */
  async open(file, parser, action) {
    if (parser === "hub" && !(await this.hasParser(file))) return;
    const answer = await this.send(file, () => this.readPhoto(file, parser, null));
    if (!answer) return;
    await this.take(file, parser, answer, action);
    if (answer.faces.length > 1) this.show();
  }

  /** Whether the big parser is there; if not, its size is told first, and a click on that brings it. */
  async hasParser(file) {
    const { state, total } = await this.parserDownload("tell");
    if (state === "done") return true;
    if (state === "running") return this.fetchParser();
    const act = async () => (await this.fetchParser()) && this.open(file, "hub");
    this.notice.tell("The parser for photographs is a larger model, and is downloaded once for this server.",
      { title: `Download ${megabytes(total)} MB`, act });
    return false;
  }

  /** Download the big parser, with its progress; resolves to whether it is there. */
  async fetchParser() {
    const cancel = { title: "Cancel", act: () => this.parserDownload("cancel") };
    let wish = "start"; // one that is under way goes on
    for (;;) {
      const progress = await this.parserDownload(wish);
      if (progress.state === "done") return true;
      if (progress.state === "cancelled") this.notice.tell("The download was stopped. The drawing is as it was.");
      else if (progress.state !== "running") this.notice.warn(progress.error);
      if (progress.state !== "running") return false;
      const [done, total] = [progress.done, progress.total].map(megabytes);
      this.notice.tell(`Downloading the parser for photographs: ${done} of ${total} MB.`, cancel);
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
    const edited = this.shown?.photo === this.opened ? this.shown.image : null;
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

  async saveFromDialog() {
    this.saving.disabled = true;
    this.say("");
    this.say(await this.save(this.shown));
    this.saving.disabled = false;
  }

  async saveShown() {
    const { name } = this.shown.photo.file;
    this.notice.tell(`Putting your edit into ${name}`);
    const reason = await this.save(this.shown);
    if (reason) this.notice.warn(reason);
    else this.notice.tell(`Saved the whole of ${name} with your edit in it.`);
  }

  /** Hand out the whole photo of an image with the image in it; resolves to why that failed, or "". */
  async save({ image, photo }) {
    const files = await Promise.all([photo.image, image].map(blobOf));
    const answer = await this.savePhoto(photo.file, ...files, photo.place);
    if (!answer) return "It could not be sent to the server. Try again.";
    if (answer.error) return answer.error;
    save(photo.file.name.replace(/(\.\w+)?$/, "_edited.png"), await blobOf(answer.image));
    return "";
  }

  say(reason) {
    const place = this.find(".reason");
    place.textContent = reason;
    place.hidden = !reason;
  }
}

const megabytes = (bytes) => Math.round(bytes / 1e6);

/** The file in a data URL. Fetching one is forbidden on some pages. */
function blobOf(url) {
  const [head, content] = url.split(",", 2);
  return new File([fromBase64(content)], "image", { type: head.slice(5, head.indexOf(";")) });
}
