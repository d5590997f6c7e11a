/**
 * Resolves in a later turn of the event loop, behind what waits for this one. By the global function, as nact's own turns
 * are: whoever runs actors in a time of their own replaces both at once.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
