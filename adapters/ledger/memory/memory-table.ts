/** A table in memory: rows by name, unique in whichever ways it says, and a list of what the transaction under way has changed. */
import type { Row } from '../database.ts';

export interface TableShape<Of extends Row, Index extends string> {
  readonly name: string;
  /** Of a row, by the columns of its key alone. */
  readonly nameOf: (row: Of) => string;
  /** Rows of some kind by a name that no two of them have at a time; null: it is not of that kind. */
  readonly indexes?: Readonly<Record<Index, (row: Of) => string | null>>;
  /** Why no row may be like this, or become so; null: it may. */
  readonly refusal?: (row: Of, before: Of | undefined) => string | null;
  /** Columns of JSON text, read as what it says. */
  readonly json?: readonly string[];
  /** Has a column `id` that rises by one with each row. */
  readonly isNumbered?: boolean;
}

/** Of a transaction, in order. */
export interface RowChange {
  readonly table: string;
  /** Null: it is new. */
  readonly before: Row | null;
  /** Null: it is gone. */
  readonly after: Row | null;
}

/** A change, and how it is undone. */
export interface UndoableChange extends RowChange {
  readonly undo: () => void;
}

/** `code` as PostgreSQL's (appendix A of its manual). */
export class RefusedRowError extends Error {
  override readonly name = 'RefusedRowError';
  readonly code: '23505' | '23514' | '22021';

  constructor(code: RefusedRowError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Rows that are stored never change: a change puts another in their place. */
export class MemoryTable<Of extends Row = Row, Index extends string = never> {
  readonly #shape: TableShape<Of, Index>;
  readonly #changes: UndoableChange[];
  readonly #rows = new Map<string, Of>();
  readonly #indexes: readonly (readonly [(row: Of) => string | null, Map<string, Of>])[];
  readonly #indexesByName: ReadonlyMap<string, Map<string, Of>>;
  #lastId = 0n;

  /** `changes`: of the transaction under way, of all tables. */
  constructor(shape: TableShape<Of, Index>, changes: UndoableChange[]) {
    this.#shape = shape;
    this.#changes = changes;
    const indexes = Object.entries<(row: Of) => string | null>(shape.indexes ?? {});
    this.#indexesByName = new Map(indexes.map(([name]) => [name, new Map<string, Of>()]));
    this.#indexes = indexes.map(([name, nameIn]) => [nameIn, this.#indexesByName.get(name)!]);
  }

  get size(): number {
    return this.#rows.size;
  }

  /** In the order in which they were first stored. */
  rows(): Iterable<Of> {
    return this.#rows.values();
  }

  /** `key`: a row's columns of the key are enough. */
  find(key: Row): Of | undefined {
    return this.#rows.get(this.#shape.nameOf(key as Of));
  }

  index(name: Index): ReadonlyMap<string, Of> {
    return this.#indexesByName.get(name)!;
  }

  /** For whoever may change it. */
  copyOf(row: Of): Of {
    const copy = { ...row };
    for (const column of this.#shape.json ?? []) {
      const text = row[column];
      if (typeof text === 'string') (copy as Row)[column] = JSON.parse(text);
    }
    return copy;
  }

  /** Throws a `RefusedRowError` when there is one of that name. */
  insert(row: Of): void {
    if (this.find(row) !== undefined) throw this.#taken(row);
    this.put(row);
  }

  /** False: there is one of that name, which stays. */
  insertNew(row: Of): boolean {
    if (this.find(row) !== undefined) return false;
    this.put(row);
    return true;
  }

  /** Inserts it, or puts it in the place of the one of that name. */
  put(given: Of): void {
    const { nameOf, refusal, isNumbered = false } = this.#shape;
    let row = given;
    if (isNumbered) {
      this.#lastId += 1n;
      row = { id: this.#lastId, ...given };
    }
    const name = nameOf(row);
    const before = this.#rows.get(name);
    const why = refusal?.(row, before) ?? null;
    if (why !== null) throw new RefusedRowError('23514', `${this.#shape.name} ${name}: ${why}`);
    for (const [nameIn, rows] of this.#indexes) {
      const holder = rows.get(nameIn(row) ?? '');
      if (holder !== undefined && holder !== before) throw this.#taken(row);
    }
    this.#replace(name, before, row);
    this.#changes.push(this.#change(name, before, row));
  }

  delete(row: Of): void {
    const name = this.#shape.nameOf(row);
    const before = this.#rows.get(name);
    if (before === undefined) return;
    this.#replace(name, before, undefined);
    this.#changes.push(this.#change(name, before, undefined));
  }

  #change(name: string, before: Of | undefined, after: Of | undefined): UndoableChange {
    const undo = (): void => this.#replace(name, after, before);
    return { table: this.#shape.name, before: before ?? null, after: after ?? null, undo };
  }

  #replace(name: string, before: Of | undefined, after: Of | undefined): void {
    for (const [nameIn, rows] of this.#indexes) {
      const nameBefore = before === undefined ? null : nameIn(before);
      const nameAfter = after === undefined ? null : nameIn(after);
      if (nameBefore !== null && nameBefore !== nameAfter) rows.delete(nameBefore);
      if (nameAfter !== null) rows.set(nameAfter, after!);
    }
    if (after === undefined) this.#rows.delete(name);
    else this.#rows.set(name, after);
  }

  #taken(row: Of): RefusedRowError {
    return new RefusedRowError('23505', `${this.#shape.name} ${this.#shape.nameOf(row)} is there`);
  }
}
