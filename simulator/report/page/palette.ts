/** Colours that are readable on white and on near-black alike, and told apart by most people who see few colours. */
export const COLOURS = {
  blue: '#2f7fd6',
  orange: '#d9821b',
  green: '#2a9d6c',
  red: '#d44a4a',
  purple: '#8d62cf',
  teal: '#1797a8',
  brown: '#9b6b3d',
  pink: '#cc5a9d',
  grey: '#868d97',
  olive: '#8a9a2b',
} as const;

export type Colour = (typeof COLOURS)[keyof typeof COLOURS];

/** For members of a list, in order; after the last one they begin again. */
const CYCLE: readonly Colour[] = Object.values(COLOURS).filter((colour) => colour !== COLOURS.grey);

export function colourAt(index: number): Colour {
  return CYCLE[index % CYCLE.length]!;
}

/** How curves of a list are drawn, so that those that run on top of each other are both seen. */
export function markAt(index: number): 'line' | 'dashed' | 'dotted' {
  return MARKS[index % MARKS.length]!;
}

const MARKS = ['line', 'dashed', 'dotted'] as const;

/** Of text and lines in charts, by what they are in the light. The style sheet turns these very values in the dark. */
export const INK = { text: '#2f3742', muted: '#5d6673', rule: '#e1e5ea' } as const;
export const INK_IN_THE_DARK: Readonly<Record<keyof typeof INK, string>> = {
  text: '#d5dae1',
  muted: '#a3acb8',
  rule: '#343b45',
};
