// Files that come by themselves: dropped anywhere on the page, as files or as an image's address, or
// pasted.

/**
 * root: an element of the page. target: shows that a file may be dropped. open(files): takes one or
 * several.
 * refuse(text): says what cannot be taken.
 */
export function takeArrivals(root, { target, open, refuse }) {
  const listen = (type, handle) => {
    const guarded = (event) => {
      if (root.isConnected) handle(event);
      else document.removeEventListener(type, guarded);
    };
    document.addEventListener(type, guarded);
  };
  // Everywhere: a browser leaves the page for a file that is dropped where nobody takes it.
  listen("dragover", (event) => {
    if (isText(event)) return;
    event.preventDefault();
    target.classList.add("dropping");
  });
  listen("dragleave", (event) => event.relatedTarget || target.classList.remove("dropping"));
  listen("drop", async (event) => {
    target.classList.remove("dropping");
    if (isText(event)) return;
    event.preventDefault();
    const files = [...event.dataTransfer.files];
    const url = event.dataTransfer.getData("text/uri-list").split("\n")[0].trim();
    if (files.length) open(files);
    else if (url) await fetchImage(url).then((file) => open([file]), () => refuse(
      "That image's site does not hand it out. Save the image, then drop the file here."));
  });
  listen("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length || root.querySelector("dialog[open]")) return;
    event.preventDefault();
    open(files);
  });
}

/** Words that are dragged, such as into the prompt. */
const isText = ({ dataTransfer: { types } }) => !types.includes("Files") && !types.includes("text/uri-list");

async function fetchImage(url) {
  const answer = await fetch(url);
  const content = await answer.blob();
  if (!answer.ok || !content.type.startsWith("image/")) throw new Error(url);
  return new File([content], new URL(url).pathname.split("/").at(-1) || "image", { type: content.type });
}
