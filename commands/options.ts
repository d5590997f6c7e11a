/** Command line options, declared once per command for parsing and for `--help`. */
import { parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** Shown for the value in `--help`, e.g. `FILE`. */
  readonly value?: string;
  /** It may be given again: all of its values, in their order. */
  readonly multiple?: true;
  readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export type Options<S extends OptionSpecs> = {
  readonly [K in keyof S]?: S[K]['type'] extends 'boolean'
    ? boolean
    : S[K] extends { readonly multiple: true }
      ? readonly string[]
      : string;
};

interface Command<S> {
  readonly name: string;
  readonly summary: string;
  /** What stands in front of the options. */
  readonly operand?: string;
  /** Commands of the same name with options of their own, and what each does. */
  readonly others?: readonly (readonly [usage: string, summary: string])[];
  readonly options: S;
}

/** Prints help and gives null for `--help`; throws a UsageError for unknown options. */
export function readOptions<const S extends OptionSpecs>(
  command: Command<S>,
  args: readonly string[],
): Options<S> | null {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpOf(command));
    return null;
  }
  try {
    const options = Object.fromEntries(
      Object.entries(command.options).map(([name, { type, multiple = false }]) => [name, { type, multiple }]),
    );
    return parseArgs({ args: joined(args, options), options, strict: true, allowPositionals: false })
      .values as Options<S>;
  } catch (error) {
    throw new UsageError(
      `${command.name}: ${(error as Error).message.split('\n', 1)[0]} (see gavel ${command.name} --help)`,
    );
  }
}

/** `--rate -3` as `--rate=-3`, so that the number is refused as one; parseArgs would take it for an option. */
function joined(args: readonly string[], options: Readonly<Record<string, { readonly type: string }>>): string[] {
  const parts: string[] = [];
  for (const arg of args) {
    const option = parts.at(-1) ?? '';
    const takesValue = option.startsWith('--') && options[option.slice(2)]?.type === 'string';
    if (takesValue && /^-\d/.test(arg)) parts[parts.length - 1] = `${option}=${arg}`;
    else parts.push(arg);
  }
  return parts;
}

/**
 * Apart: the first argument that is neither an option nor the value of one, and all others, which go to `readOptions`.
 * Null: there is none.
 */
export function takeOperand(
  options: OptionSpecs,
  args: readonly string[],
): { readonly operand: string | null; readonly rest: readonly string[] } {
  const takesValue = (arg: string) => arg.startsWith('--') && options[arg.slice(2)]?.type === 'string';
  const at = args.findIndex((arg, index) => !arg.startsWith('-') && !takesValue(args[index - 1] ?? ''));
  return at < 0 ? { operand: null, rest: args } : { operand: args[at]!, rest: args.toSpliced(at, 1) };
}

function helpOf({ name, summary, operand, others = [], options }: Command<OptionSpecs>): string {
  const rows = Object.entries(options).map(
    ([option, { value, help }]) => [`--${option}${value === undefined ? '' : ` ${value}`}`, help] as const,
  );
  const usage = `gavel ${name}${operand === undefined ? '' : ` ${operand}`} [options]`;
  const also = others.map(([other, does]) => [`gavel ${other}`, does] as const);
  const end = also.length === 0 ? '' : `\nAlso, each with options of its own (--help):\n\n${columns(also)}`;
  return `gavel ${name}: ${summary}\n\nUsage: ${usage}\n\n${columns(rows)}${end}`;
}

function columns(rows: readonly (readonly [left: string, right: string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 3;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}\n`).join('');
}

/** A whole number within bounds, or a UsageError that names the option. */
export function wholeNumber(
  text: string | undefined,
  option: string,
  standard: number,
  bounds: { readonly min: number; readonly max: number },
): number {
  if (text === undefined) return standard;
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= bounds.min && value <= bounds.max) return value;
  throw new UsageError(`--${option} must be a whole number from ${bounds.min} to ${bounds.max}, is "${text}"`);
}
