/**
 * A set of category ids of one taxonomy. In the IAB Content Category Taxonomy 1.0 ids are built as `IABparent-child`
 * (26 parents) and a parent covers its children: `IAB7` covers `IAB7-39`. Ids of the other taxonomies are numbers that
 * do not show their parent, so they match exactly.
 */
const HIERARCHICAL_TAXONOMY = 1;
const PREFIX_LENGTH = 'IAB'.length;
const ZERO = 48;
const DASH = 45;

export class CategorySet {
  readonly #ids: ReadonlySet<string>;
  /** Bit n: parent `IABn` is in the set. Saves a substring per lookup. */
  readonly #parents: number;

  constructor(ids: readonly string[], taxonomy: number) {
    this.#ids = new Set(ids);
    let parents = 0;
    if (taxonomy === HIERARCHICAL_TAXONOMY) {
      for (const id of ids) if (!id.includes('-')) parents |= 1 << parentOf(id);
    }
    // Bit 0 stands for whatever has no parent number.
    this.#parents = parents & ~1;
  }

  /** Whether the category, of the same taxonomy, or its parent is in the set. */
  covers(category: string): boolean {
    return (this.#parents & (1 << parentOf(category))) !== 0 || this.#ids.has(category);
  }
}

/** The number between `IAB` and the dash, 1..31; 0 when there is none. */
function parentOf(category: string): number {
  let parent = 0;
  for (let i = PREFIX_LENGTH; i < category.length; i++) {
    const charCode = category.charCodeAt(i);
    if (charCode === DASH) break;
    parent = parent * 10 + charCode - ZERO;
    if (!(parent > 0 && parent < 32)) return 0;
  }
  return parent;
}
