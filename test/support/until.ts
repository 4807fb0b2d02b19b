// Waits for something that only another process can make true and that gives no event.
// Must never wait a fixed time: it ends as soon as the condition holds, or fails.

/** Resolves when the condition holds; looked at each 10 ms. Fails with what was waited for. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  msMax = 30_000,
): Promise<void> {
  const end = performance.now() + msMax
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${msMax} ms: ${what}`)
    await pause(10)
  }
}

/** Lets this much time pass: for faults that must fall into the middle of something. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
