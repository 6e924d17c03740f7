// Waiting for what must come to be, with an end.
const PATIENCE = 20_000;

/** Polls until `holds` gives something true; gives that. */
export async function until(what, holds, patience = PATIENCE) {
  const deadline = Date.now() + patience;
  for (;;) {
    const held = await holds();
    if (held) return held;
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}
