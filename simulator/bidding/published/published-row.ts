/** A published row beside what comes out here. */
export interface PublishedRow {
  /** Section of the file of results. */
  readonly section: string;
  /** Which row of it: campaign, policy, round. */
  readonly row: string;
  readonly published: Figures;
  readonly reproduced: Figures;
  readonly isEqual: boolean;
}

export type Figures = Readonly<Record<string, number>>;

/** How figures are printed. */
export interface Precision {
  /** Behind the point; 0: they are whole. */
  decimalsOf(figure: string): number;
  /** Printed figures may have been cut off instead of rounded. */
  readonly isTruncated?: boolean;
}

const WHOLE: Precision = { decimalsOf: () => 0 };

/** Equal as printed: whole numbers exactly, others by half a unit of the last decimal, or one where they may be cut off. */
export function publishedRow(
  section: string,
  row: string,
  published: Figures,
  reproduced: Figures,
  precision: Precision = WHOLE,
): PublishedRow {
  const isEqual = Object.entries(published).every(
    ([figure, value]) => Math.abs(reproduced[figure]! - value) <= allowedError(figure, precision),
  );
  return { section, row, published, reproduced, isEqual };
}

function allowedError(figure: string, { decimalsOf, isTruncated = false }: Precision): number {
  const decimals = decimalsOf(figure);
  if (decimals === 0) return 0;
  // A millionth of a unit on top: the printed number and ours are both rounded to doubles.
  return 10 ** -decimals * ((isTruncated ? 1 : 0.5) + 1e-6);
}
