/** A model file that is not what it claims to be: cut, edited by hand, hostile, or of a kind that is not supported. */
export class ModelFormatError extends Error {
  override readonly name = 'ModelFormatError';
  /** Where in the file, in the file's own words: `Tree=3 left_child[5]`. */
  readonly place: string;

  constructor(place: string, problem: string) {
    super(`${place}: ${problem}`);
    this.place = place;
  }
}

/** What the file says there, short enough for a log line. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
