/** Calls a slow function at most once at a time; calls in between become one more at the end. */
export function oneAtATime(act) {
  let isRunning = false;
  let isAskedAgain = false;
  return async function call() {
    isAskedAgain = isRunning;
    if (isRunning) return;
    isRunning = true;
    await act();
    isRunning = false;
    if (isAskedAgain) await call();
  };
}
