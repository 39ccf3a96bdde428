// What is not urgent must neither delay the image nor be drawn where nobody looks, nor get lost.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Redraw } from "../../facemogle/ui/static/js/canvas/redraw.js";

function view() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  const frames = [];
  const state = { drawn: 0 };
  globalThis.requestAnimationFrame = (act) => frames.push(act);
  globalThis.IntersectionObserver = class {
    constructor(tell) {
      state.see = (isIntersecting) => tell([{ isIntersecting }]);
    }

    observe() {}
  };
  state.frame = () => {
    frames.splice(0).forEach((act) => act());
    state.drawnInFrame = state.drawn;
    mock.timers.tick(0);
  };
  state.redraw = new Redraw({}, () => {
    state.drawn += 1;
    state.redraw.settle();
  });
  return state;
}

test("many changes are drawn once, after the frame", () => {
  const state = view();
  state.see(true);
  state.redraw.ask();
  state.redraw.ask();
  state.frame();
  assert.deepEqual([state.drawnInFrame, state.drawn], [0, 1]);
  state.frame();
  assert.equal(state.drawn, 1);
});

test("what is out of sight is drawn when it is seen", () => {
  const state = view();
  state.see(false);
  state.redraw.ask();
  state.frame();
  assert.equal(state.drawn, 0);
  state.see(true);
  state.frame();
  assert.equal(state.drawn, 1);
});

test("what nobody sees is drawn a while later, once", () => {
  // A page that was saved or printed as a whole had empty tiles.
  const state = view();
  state.see(false);
  state.redraw.ask();
  state.redraw.ask();
  mock.timers.tick(1000);
  assert.equal(state.drawn, 1);
});

test("what was drawn meanwhile is not drawn again", () => {
  const state = view();
  state.see(true);
  state.redraw.ask();
  state.redraw.settle();
  state.frame();
  assert.equal(state.drawn, 0);
});
