// JSON texts that this program wrote into its own store, read back as what they were.
// Must never be given text of anybody else: nothing is checked here.

/** What the text was made of; the caller names the type that it writes into the same column. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a text has no type to infer
export function fromStore<Stored>(text: string): Stored {
  // The border to our own past: our columns hold only what the types of their writers allow.
  return JSON.parse(text) as Stored
}
