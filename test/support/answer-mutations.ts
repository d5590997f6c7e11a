/** Answers of DSPs, damaged at random: values and keys of the JSON, bytes, length. */
import fc from 'fast-check';

export type Mutation = (body: Buffer) => Buffer;

const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  '',
  '0',
  '\u0000',
  '\ud800',
  [],
  {},
  [[]],
  'x'.repeat(5000),
  { polluted: 1 },
];

/** Replaces a value of the JSON tree, or damages the bytes. */
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({ at: fc.nat(60), value: fc.constantFrom(...VALUES) })
      .map(({ at, value }) => replaceValue(at, value)),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ at: fc.nat(60), key: fc.constantFrom('__proto__', 'constructor', 'price', 'id') })
      .map(({ at, key }) => renameKey(at, key)),
  },
  {
    weight: 1,
    arbitrary: fc.record({ at: fc.nat(1000), byte: fc.nat(255) }).map(({ at, byte }) => replaceByte(at, byte)),
  },
  {
    weight: 1,
    arbitrary: fc
      .nat(1000)
      .map((length) => (body: Buffer) => body.subarray(0, Math.max(1, body.length - (length % 40)))),
  },
);

/** One to six mutations, to be applied in order. */
export const mutations: fc.Arbitrary<Mutation[]> = fc.array(mutation, { minLength: 1, maxLength: 6 });

export function mutate(body: Buffer, applied: readonly Mutation[]): Buffer {
  return applied.reduce<Buffer>((damaged, apply) => apply(damaged), body);
}

function replaceValue(at: number, value: unknown): Mutation {
  return inTree((holder, key) => {
    (holder as Record<string, unknown>)[key] = value;
  }, at);
}

function renameKey(at: number, name: string): Mutation {
  return inTree((holder, key) => {
    if (Array.isArray(holder)) return;
    const value = (holder as Record<string, unknown>)[key];
    delete (holder as Record<string, unknown>)[key];
    Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
  }, at);
}

/** Leaves what is no JSON any more as it is. */
function inTree(change: (holder: object, key: string) => void, at: number): Mutation {
  return (body) => {
    let tree: unknown;
    try {
      tree = JSON.parse(body.toString('utf8'));
    } catch {
      return body;
    }
    const places: [object, string][] = [];
    const walk = (holder: unknown): void => {
      if (typeof holder !== 'object' || holder === null) return;
      for (const key of Object.keys(holder)) {
        places.push([holder, key]);
        walk((holder as Record<string, unknown>)[key]);
      }
    };
    walk(tree);
    if (places.length > 0) change(...places[at % places.length]!);
    return Buffer.from(JSON.stringify(tree));
  };
}

function replaceByte(at: number, byte: number): Mutation {
  return (body) => {
    const copy = Buffer.from(body);
    if (copy.length > 0) copy[at % copy.length] = byte;
    return copy;
  };
}
