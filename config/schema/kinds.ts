/** What the sections of the configuration are described with. */
/** The part of JSON Schema used here. */
export interface ConfigSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, ConfigSchema>>;
  readonly additionalProperties?: boolean | ConfigSchema;
  readonly required?: readonly string[];
  readonly items?: ConfigSchema;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  /** Masked wherever configuration is printed. */
  readonly secret?: boolean;
}

export const NO_PROPERTIES = {};

export function section(
  description: string,
  properties: Record<string, ConfigSchema>,
  required: string[] = [],
): ConfigSchema {
  return { type: 'object', description, default: NO_PROPERTIES, additionalProperties: false, properties, required };
}

export function integer(standard: number, minimum: number, maximum: number, description: string): ConfigSchema {
  return { type: 'integer', default: standard, minimum, maximum, description };
}

export function optionalInteger(minimum: number, maximum: number, description: string): ConfigSchema {
  return { type: 'integer', minimum, maximum, description };
}

export function number(standard: number, minimum: number, maximum: number, description: string): ConfigSchema {
  return { type: 'number', default: standard, minimum, maximum, description };
}

/** Above 0, up to 1. */
export function share(standard: number, description: string): ConfigSchema {
  return { type: 'number', default: standard, exclusiveMinimum: 0, maximum: 1, description };
}

export function text(standard: string, description: string): ConfigSchema {
  return { type: 'string', default: standard, minLength: 1, description };
}

export function choice(standard: string, values: readonly string[], description: string): ConfigSchema {
  return { type: 'string', default: standard, enum: values, description };
}

export function list(items: ConfigSchema, description: string): ConfigSchema {
  return { type: 'array', default: [], items, description };
}

/** Of those that are hashed or signed with. */
export const SECRET: ConfigSchema = {
  type: 'string',
  default: '',
  pattern: '^$|^[\\x21-\\x7e]{16,256}$',
  secret: true,
};
export const TEXTS: ConfigSchema = { type: 'string', minLength: 1 };
export const CURRENCY: ConfigSchema = { type: 'string', pattern: '^[A-Z]{3}$' };
export const HEADERS: ConfigSchema = {
  type: 'object',
  default: NO_PROPERTIES,
  additionalProperties: { type: 'string', pattern: '^[^\\r\\n\\0]*$', secret: true },
  secret: true,
};
export const STRICTNESS = ['strict', 'default', 'lenient'];
export const MIB = 1024 * 1024;
export const DAY_MS = 86_400_000;
