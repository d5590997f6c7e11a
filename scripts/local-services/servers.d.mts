export interface Recipe {
  readonly command: string;
  readonly args: readonly string[];
  readonly user: { readonly uid?: number; readonly gid?: number };
  /** In its output once it serves. */
  readonly readyWords: string;
  /** Ends it in order, and soon. */
  readonly stopSignal: NodeJS.Signals;
  readonly url: string;
}

export interface ServerKind {
  /** Environment variable that says where one is. */
  readonly variable: string;
  /** Those that say it to Gavel. */
  readonly settings: readonly string[];
  readonly portCount: number;
  readonly missing: () => string | null;
  readonly prepare: (folder: string, ports: readonly number[]) => Promise<void>;
  readonly recipe: (folder: string, ports: readonly number[]) => Recipe | Promise<Recipe>;
}

export type ServerName = 'redis' | 'postgres' | 'kafka';

export const SERVERS: Readonly<Record<ServerName, ServerKind>>;
