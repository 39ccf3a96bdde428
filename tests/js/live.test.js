// Live mode decides what to make and when; each test names the waste or the loss that it prevents.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { draftSteps, Live } from "../../facemogle/ui/static/js/run/live.js";
import { Requests } from "../../facemogle/ui/static/js/run/requests.js";

function desk({ steps = 8 } = {}) {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  const state = { key: "a", isSeen: true, isStroking: false, runs: [], stops: 0, backs: 0 };
  const live = new Live({
    key: () => state.key,
    steps: () => steps,
    run({ isDraft }) {
      state.runs.push(`${state.key} ${isDraft ? "draft" : "full"}`);
      live.sent({ isDraft, isOwn: true });
    },
    stop() {
      state.stops += 1;
      live.ended();
    },
    back: () => (state.backs += 1),
    isSeen: () => state.isSeen,
    isStroking: () => state.isStroking,
  });
  const change = (key) => {
    state.key = key;
    live.changed();
    mock.timers.tick(0);
  };
  return { state, live, change };
}

test("a draft is followed by the full image, and then by nothing", () => {
  const { state, live } = desk();
  live.turn(true);
  live.done();
  mock.timers.tick(10_000);
  live.done();
  live.changed();
  mock.timers.tick(10_000);
  assert.deepEqual(state.runs, ["a draft", "a full"]);
});

test("a stroke that changes nothing does not keep the full image away", () => {
  const { state, live } = desk();
  live.turn(true);
  live.done();
  state.isStroking = true; // it begins before the pause is over, and ends after it
  mock.timers.tick(2_000);
  assert.deepEqual(state.runs, ["a draft"]);
  state.isStroking = false;
  mock.timers.tick(1_000);
  assert.deepEqual(state.runs, ["a draft", "a full"]);
});

test("new input is ordered at once, and unchanged input never twice", () => {
  const { state, live, change } = desk();
  live.turn(true);
  change("b");
  change("b");
  assert.deepEqual(state.runs, ["a draft", "b draft"]);
});

test("input that changed while typing pauses is one order", () => {
  const { state, live } = desk();
  live.turn(true);
  for (const key of ["ab", "abc", "abcd"]) {
    state.key = key;
    live.typed();
    mock.timers.tick(300);
  }
  mock.timers.tick(600);
  assert.deepEqual(state.runs, ["a draft", "abcd draft"]);
});

test("a hidden page makes nothing, and catches up when it is seen again", () => {
  const { state, live, change } = desk();
  live.turn(true);
  state.isSeen = false;
  live.sight();
  change("b");
  mock.timers.tick(10_000);
  assert.deepEqual(state.runs, ["a draft"]);
  assert.equal(state.stops, 1);
  state.isSeen = true;
  live.sight();
  assert.deepEqual(state.runs, ["a draft", "b draft"]);
});

test("what was stopped or has failed is not tried again until something changes", () => {
  const { state, live, change } = desk();
  live.turn(true);
  live.ended();
  live.changed();
  mock.timers.tick(10_000);
  change("b");
  assert.deepEqual(state.runs, ["a draft", "b draft"]);
});

test("switching off stops live mode's own order, not a person's", () => {
  const { state, live } = desk();
  live.turn(true);
  live.turn(false);
  assert.equal(state.stops, 1);
  live.sent({ isDraft: false, isOwn: false });
  live.turn(false);
  assert.equal(state.stops, 1);
});

test("a draft is never more than half of the image", () => {
  // Three of four steps would keep the full image away for as long as that takes itself.
  assert.deepEqual([1, 3, 4, 5, 6, 8, 50].map(draftSteps), [0, 0, 2, 2, 3, 3, 3]);
  const { state, live } = desk({ steps: 3 });
  live.turn(true);
  assert.deepEqual(state.runs, ["a full"]);
});

test("a long stroke has drafts before it ends, each of what is painted by then", () => {
  const { state, live } = desk();
  live.turn(true);
  live.done();
  state.isStroking = true;
  const paint = (key) => {
    state.key = key;
    live.stroked();
    mock.timers.tick(100);
  };
  "bcdef".split("").forEach(paint);
  assert.deepEqual(state.runs, ["a draft", "d draft"]); // and no further one stops it
  live.done();
  "ghi".split("").forEach(paint);
  mock.timers.tick(10_000); // a stroke that rests
  assert.deepEqual(state.runs, ["a draft", "d draft", "i draft"]);
});

test("the last image comes back when the stroke is taken back that a draft was of", () => {
  // The draft of what is not there any more stayed on the page.
  const { state, live, change } = desk({ steps: 8 });
  live.turn(true);
  live.done();
  mock.timers.tick(1_000);
  live.done(); // the full image of a
  change("b");
  live.done();
  change("a");
  assert.equal(state.backs, 1);
  change("c");
  change("a"); // while its draft is on its way
  assert.equal(state.stops, 1);
  mock.timers.tick(10_000);
  assert.deepEqual(state.runs, ["a draft", "a full", "b draft", "c draft"]);
});

function server({ reach }) {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  const sent = [];
  const orders = new Requests({ trigger: (name, data) => sent.push([name, data]), props: {}, reach });
  const told = [];
  for (const kind of ["step", "error", "lost"]) orders.addEventListener(kind, () => told.push(kind));
  return { orders, sent, told };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("a server that is gone is a failure, not a wait without end", async () => {
  const { orders, told } = server({ reach: () => Promise.reject(new Error("gone")) });
  await orders.place(Promise.resolve({}));
  mock.timers.tick(5000);
  await settle();
  assert.deepEqual(told, ["error"]);
  assert.equal(orders.isBusy, false);
});

test("a server that was restarted has lost the order", async () => {
  const { orders, sent, told } = server({ reach: () => Promise.resolve() });
  await orders.place(Promise.resolve({}));
  mock.timers.tick(1500);
  await settle();
  assert.equal(sent.at(-1)[0], "ask");
  orders.receive({ number: orders.number, kind: "place", ahead: 2 });
  assert.equal(orders.isBusy, true);
  orders.receive({ number: orders.number, kind: "place", ahead: null });
  assert.deepEqual(told, []); // its last packets may still be on their way
  orders.receive({ number: orders.number, kind: "place", ahead: null });
  assert.deepEqual(told, ["lost"]); // whoever hears it asks again
  assert.equal(orders.isBusy, false);
});

test("packets of an older order are dropped", async () => {
  const { orders, told } = server({ reach: () => Promise.resolve() });
  await orders.place(Promise.resolve({}));
  await orders.place(Promise.resolve({}));
  orders.receive({ number: 1, kind: "step" });
  orders.receive({ number: 2, kind: "step" });
  assert.deepEqual(told, ["step"]);
  orders.stop();
});
