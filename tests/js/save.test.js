// A file that was saved has all of its content.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { save } from "../../facemogle/ui/static/js/files/save.js";

test("the content stays for as long as a browser may take to read it", () => {
  // Safari reads it some time after the click: files were saved empty.
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  const link = { clicks: 0, click: () => (link.clicks += 1) };
  globalThis.document = { createElement: () => link };
  const revoke = mock.method(URL, "revokeObjectURL");
  save("face.png", new Blob(["content"]));
  assert.deepEqual([link.clicks, link.download], [1, "face.png"]);
  mock.timers.tick(30_000);
  assert.equal(revoke.mock.callCount(), 0);
  mock.timers.tick(300_000);
  assert.equal(revoke.mock.callCount(), 1); // nor is it kept for ever
  delete globalThis.document;
});
