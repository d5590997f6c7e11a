/** The house rule `openrtb <- engine <- actors <- compose/main -> adapters`: wrong arrows and cycles fail. */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const ROOMS = ['openrtb', 'engine', 'actors', 'adapters', 'config', 'compose', 'simulator', 'bench', 'commands'];

/** Which rooms a room's product code may import. Files beside `compose.ts` may import anything but the simulator. */
const MAY_IMPORT: Record<string, string[]> = {
  openrtb: [],
  engine: ['openrtb'],
  actors: ['engine', 'openrtb'],
  adapters: ['engine', 'openrtb'],
  config: ['engine', 'openrtb'],
  simulator: ['openrtb', 'engine', 'config', 'compose.ts'],
  'compose.ts': ['openrtb', 'engine', 'actors', 'adapters', 'config', 'compose'],
  compose: ['openrtb', 'engine', 'actors', 'adapters', 'config'],
  bench: ['openrtb', 'engine', 'actors', 'adapters', 'config', 'simulator', 'compose.ts'],
  commands: ['openrtb', 'engine', 'adapters', 'config', 'simulator', 'bench', 'compose.ts'],
  'main.ts': ['commands', 'config'],
};

/** Rooms that decide: no I/O, clock or randomness of their own. */
const PURE_ROOMS = ['openrtb', 'engine'];
// node:url for domainToASCII, which only computes.
const PURE_MODULES = new Set(['node:buffer', 'node:url', 'ajv', 'ajv-formats']);

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sourceFiles(): SourceFile[] {
  const paths: string[] = readdirSync(ROOT).filter((name) => name.endsWith('.ts') && !name.startsWith('vitest.'));
  for (const room of ROOMS) {
    for (const entry of readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })) {
      if (entry.endsWith('.ts')) paths.push(join(room, entry));
    }
  }
  return paths.filter(isProductCode).map((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return { path, text, imports: importsOf(path, text) };
  });
}

/** Tests, contract suites and their helpers may reach across. */
function isProductCode(path: string): boolean {
  return !/\.(test|contract)\.ts$/.test(path) && !path.includes('/testing/');
}

function importsOf(path: string, text: string): string[] {
  const specifiers = [
    ...text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g),
  ];
  return specifiers.map(([, fixed, dynamic]) => resolve(path, (fixed ?? dynamic)!));
}

function resolve(importer: string, specifier: string): string {
  return specifier.startsWith('.') ? normalize(join(dirname(importer), specifier)) : specifier;
}

function roomOf(path: string): string {
  return path.includes('/') ? path.split('/', 1)[0]! : path;
}

const files = sourceFiles();

test('every import follows the arrows', () => {
  const wrong: string[] = [];
  for (const { path, imports } of files) {
    const room = roomOf(path);
    for (const target of imports.filter((specifier) => specifier.endsWith('.ts'))) {
      const targetRoom = roomOf(target);
      if (targetRoom !== room && !MAY_IMPORT[room]?.includes(targetRoom)) wrong.push(`${path} -> ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('decisions import no I/O and read neither clock nor randomness', () => {
  const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
  const wrong: string[] = [];
  for (const { path, imports, text } of files.filter((file) => PURE_ROOMS.includes(roomOf(file.path)))) {
    for (const target of imports) {
      const isOutside = builtins.has(target) || !target.endsWith('.ts');
      if (isOutside && !PURE_MODULES.has(target)) wrong.push(`${path} -> ${target}`);
    }
    if (/\b(Date\.now|new Date\(\)|performance\.now|Math\.random|setTimeout|setInterval|setImmediate)\b/.test(text)) {
      wrong.push(`${path} reads clock, timers or randomness`);
    }
  }
  expect(wrong).toEqual([]);
});

test('there is no cycle among files', () => {
  expect(cyclesIn(new Map(files.map(({ path, text }) => [path, runtimeImports(path, text)])))).toEqual([]);
});

test("there is no cycle among engine's folders, types included", () => {
  const folderOf = (path: string): string => path.split('/').slice(0, 2).join('/');
  const graph = new Map<string, Set<string>>();
  for (const { path, imports } of files.filter((file) => roomOf(file.path) === 'engine')) {
    const folder = folderOf(path);
    const others = imports.filter((target) => roomOf(target) === 'engine' && folderOf(target) !== folder);
    graph.set(folder, new Set([...(graph.get(folder) ?? []), ...others.map(folderOf)]));
  }
  expect(cyclesIn(graph)).toEqual([]);
});

function cyclesIn(graph: ReadonlyMap<string, Iterable<string>>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]): void => {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
}

/** `import type` vanishes when compiled, so it cannot make a cycle. */
function runtimeImports(path: string, text: string): string[] {
  return importsOf(path, text.replace(/(?:^|\n)\s*(?:import|export) type\b[^;]*;/g, '')).filter((target) =>
    target.endsWith('.ts'),
  );
}

test('the rule itself is able to fail', () => {
  expect(roomOf(relative(ROOT, join(ROOT, 'engine/auction/clear.ts')))).toBe('engine');
  expect(MAY_IMPORT.engine).not.toContain('adapters');
  expect(files.length).toBeGreaterThan(40);
});
