/** Matrices in NumPy's own format (version 1.0, little endian, row by row). */
import { closeSync, openSync, writeSync } from 'node:fs';
import { InputError, readInput } from './input-file.ts';

const MAGIC = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
/** The data begin at a multiple of this. */
const ALIGNMENT = 64;

export function writeMatrix(path: string, values: Float64Array, columns: number): void {
  const shape = `(${values.length / columns}, ${columns})`;
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`;
  const unpadded = MAGIC.length + 2 + header.length + 1;
  const padded = `${header}${' '.repeat((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  const file = openSync(path, 'w');
  try {
    writeSync(file, Buffer.concat([MAGIC, length, Buffer.from(padded, 'latin1')]));
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
  } finally {
    closeSync(file);
  }
}

/** A matrix that `writeMatrix` or NumPy wrote. Throws an `InputError` for any other array, and for one that was cut. */
export function readMatrix(path: string): { readonly values: Float64Array; readonly columns: number } {
  const bytes = readInput(path);
  const start = MAGIC.length + 2;
  if (bytes.length < start || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new InputError(`${path}: is not in NumPy's format 1.0 (.npy)`);
  }
  const end = start + bytes.readUInt16LE(MAGIC.length);
  const { rows, columns } = readHeader(path, bytes.toString('latin1', start, end));
  const byteLength = rows * columns * Float64Array.BYTES_PER_ELEMENT;
  if (bytes.length - end !== byteLength) {
    const held = Math.max(0, bytes.length - end);
    throw new InputError(`${path}: has ${held} bytes of numbers where ${rows} x ${columns} take ${byteLength}`);
  }
  // Copied: a view needs its bytes at a multiple of eight in memory.
  const values = new Float64Array(rows * columns);
  new Uint8Array(values.buffer).set(bytes.subarray(end));
  return { values, columns };
}

function readHeader(path: string, header: string): { readonly rows: number; readonly columns: number } {
  const type = /'descr': ('[^']*'|\[)/.exec(header)?.[1];
  if (type !== "'<f8'") {
    throw new InputError(`${path}: holds ${type ?? 'no type'}, not '<f8' (float64, little endian)`);
  }
  if (!/'fortran_order': False\b/.test(header)) {
    throw new InputError(`${path}: is in Fortran order, not row by row (numpy.ascontiguousarray)`);
  }
  const shape = /'shape': (\([^)]*\))/.exec(header)?.[1] ?? '()';
  const sides = /^\((\d+), (\d+)\)$/.exec(shape);
  if (sides === null) throw new InputError(`${path}: has the shape ${shape}, not (rows, columns)`);
  return { rows: Number(sides[1]), columns: Number(sides[2]) };
}
