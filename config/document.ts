/** Renders the schema as `docs/configuration.md`, so that the page cannot say anything else. */
import { environmentVariables } from './environment.ts';
import type { ConfigSchema } from './schema/kinds.ts';
import { CONFIG_SCHEMA } from './schema.ts';

const INTRODUCTION = `# Configuration

Made from \`config/schema/\` (\`npm run docs:config\`); change it there.

A YAML (or JSON) file given by \`--config FILE\`, environment variables, and the options \`--port\` and \`--data\`; the
command line beats the environment, which beats the file, which beats the defaults below. Anything unknown or out of
bounds refuses the whole configuration with one line that names file, line and key, and nothing starts. The effective
configuration is logged at start with secrets masked. Examples are in \`config/examples/\`.
`;

export function documentConfig(): string {
  const sections: string[] = [INTRODUCTION];
  const variables = new Map([...environmentVariables()].map(([name, { path }]) => [path, name]));
  const scalars: string[] = [];
  for (const [key, schema] of Object.entries(CONFIG_SCHEMA.properties ?? {})) {
    if (schema.properties !== undefined) sections.push(sectionOf(key, schema, variables));
    else if (schema.type === 'array') sections.push(listOf(key, schema));
    else scalars.push(rowOf(key, schema, variables.get(key)));
  }
  sections.splice(1, 0, `${TABLE_HEAD}${scalars.join('')}`);
  return `${sections.join('\n').trimEnd()}\n`;
}

const TABLE_HEAD = '| Key | Type and bounds | Default | Meaning | Variable |\n| --- | --- | --- | --- | --- |\n';

function sectionOf(path: string, schema: ConfigSchema, variables: ReadonlyMap<string, string>): string {
  const rows: string[] = [];
  collectRows(path, schema, variables, rows);
  return `## ${path}\n\n${schema.description}\n\n${TABLE_HEAD}${rows.join('')}`;
}

function collectRows(path: string, schema: ConfigSchema, variables: ReadonlyMap<string, string>, rows: string[]): void {
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const childPath = `${path}.${key}`;
    if (child.properties !== undefined) collectRows(childPath, child, variables, rows);
    else rows.push(rowOf(childPath, child, variables.get(childPath)));
  }
}

function listOf(path: string, schema: ConfigSchema): string {
  const required = schema.items?.required ?? [];
  const rows = Object.entries(schema.items?.properties ?? {}).map(([key, child]) =>
    rowOf(required.includes(key) ? `${key} (required)` : key, child, undefined),
  );
  return `## ${path}[]\n\n${schema.description}\n\n${TABLE_HEAD}${rows.join('')}`;
}

function rowOf(path: string, schema: ConfigSchema, variable: string | undefined): string {
  const standard = schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``;
  const meaning = `${schema.description ?? ''}${schema.secret === true ? ' Masked when printed.' : ''}`;
  return `| \`${path}\` | ${boundsOf(schema)} | ${standard} | ${meaning} | ${variable === undefined ? '' : `\`${variable}\``} |\n`;
}

function boundsOf(schema: ConfigSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'anything' : boundsOf(schema.items)}`;
  const lowest = schema.minimum ?? schema.exclusiveMinimum;
  if (lowest === undefined && schema.maximum === undefined) return schema.type === 'object' ? 'mapping' : schema.type;
  const from = schema.exclusiveMinimum === undefined ? `from ${lowest}` : `above ${lowest}`;
  if (schema.exclusiveMaximum !== undefined) return `${schema.type} ${from} and below ${schema.exclusiveMaximum}`;
  return `${schema.type} ${from}${schema.maximum === undefined ? '' : ` to ${schema.maximum}`}`;
}
