// Live mode decides what to make and when; each test names the waste or the loss that it prevents.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { DRAFT_STEPS, Live } from "../../facemogle/ui/static/js/run/live.js";
import { Requests } from "../../facemogle/ui/static/js/run/requests.js";

function desk({ steps = 8 } = {}) {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  const state = { key: "a", mayRun: true, runs: [], stops: 0 };
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
    mayRun: () => state.mayRun,
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
  state.mayRun = false; // it begins before the pause is over, and ends after it
  mock.timers.tick(2_000);
  assert.deepEqual(state.runs, ["a draft"]);
  state.mayRun = true;
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
  state.mayRun = false;
  live.sight();
  change("b");
  mock.timers.tick(10_000);
  assert.deepEqual(state.runs, ["a draft"]);
  assert.equal(state.stops, 1);
  state.mayRun = true;
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

test("few steps need no draft", () => {
  const { state, live } = desk({ steps: DRAFT_STEPS });
  live.turn(true);
  assert.deepEqual(state.runs, ["a full"]);
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
