import type { ChildProcess } from 'node:child_process';
import type { Recipe } from './servers.mjs';

export function startServer(
  recipe: Recipe,
  folder: string,
  options?: { readonly detached?: boolean },
): Promise<ChildProcess>;

export function freePorts(count: number): Promise<number[]>;
