/** What repeats a run: printed first and last. */
export interface RunIdentity {
  readonly seed: number;
  /** Name of the scenario, or how it was drawn. */
  readonly scenario: string;
  /** SHA-256 of the scenario as it was run, hexadecimal, first 16 digits. */
  readonly scenarioHash: string;
  /** Of the product: git commit, `+` when the tree differed from it; else its version. */
  readonly commit: string;
  /** Repeats it, from the root of the project. */
  readonly command: string;
}
