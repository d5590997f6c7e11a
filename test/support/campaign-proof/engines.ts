/** Engines as processes of their own on one PostgreSQL and one Redis, and their admin API over HTTP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLogFolder } from '../../../adapters/event-log/log-folders.ts';
import { readEvents } from '../../../adapters/event-log/reader.ts';
import { readEvent } from '../../../engine/events/read-event.ts';
import { COLD, type RunningGavel, serveGavel } from '../gavel-process.ts';
import { freePort } from '../services.ts';

const TOKEN = 'a-token-of-the-proof';

export interface EngineOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** How long a win is held for its bill, by what bills it: `campaigns.held`. */
  readonly held: Readonly<Record<string, number>>;
  /** Sections of the configuration besides, each in place of the one that there is. */
  readonly sections?: Readonly<Record<string, unknown>>;
}

/** One place for a process: who is killed is replaced by another one. */
export class Engine {
  readonly name: string;
  /** Of its data. */
  readonly dataDirectory: string;
  /** Its configuration, from its first start on. */
  readonly configFile: string;
  readonly #options: EngineOptions;
  #running: RunningGavel | null = null;
  #adminUrl = '';
  /** Lives of this engine so far. */
  life = 0;

  constructor(name: string, folder: string, options: EngineOptions) {
    this.name = name;
    this.dataDirectory = join(folder, name);
    this.configFile = `${this.dataDirectory}.yaml`;
    this.#options = options;
  }

  /** Rejects with what there is to say while it is down. */
  get url(): string {
    if (this.#running === null) throw new Error(`${this.name} is down`);
    return this.#running.url;
  }

  get isUp(): boolean {
    return this.#running !== null;
  }

  /** Rejects when it does not come up. */
  async start(): Promise<void> {
    const adminPort = await freePort();
    await writeFile(this.configFile, JSON.stringify(this.#config(adminPort)));
    const running = await serveGavel(['--config', this.configFile, '--data', this.dataDirectory], COLD);
    this.#adminUrl = `http://127.0.0.1:${adminPort}`;
    this.life++;
    this.#running = running;
  }

  /** By SIGKILL, in the middle of whatever it does. */
  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    running?.kill('SIGKILL');
    await running?.ended;
  }

  /** `SIGSTOP` and `SIGCONT`; nothing while it is down. */
  signal(signal: NodeJS.Signals): void {
    this.#running?.kill(signal);
  }

  /** In order: it gives back what it holds. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    running?.kill('SIGTERM');
    await running?.ended;
  }

  /** Auctions that it has written down, in all its lives. */
  async auctionsOnDisk(): Promise<string[]> {
    const auctionIds: string[] = [];
    const folder = eventLogFolder(this.dataDirectory);
    for await (const { payload } of readEvents(folder)) {
      const event = readEvent(payload);
      if (event.type === 'auction') auctionIds.push(event.auctionId);
    }
    return auctionIds;
  }

  /** What it has logged. */
  get words(): string {
    return this.#running?.stderr() ?? '';
  }

  /** Rejects when the engine dies before it has answered. */
  async auction(request: unknown): Promise<Response> {
    return await fetch(`${this.url}/openrtb2/auction`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(CALL_MS_MAX),
    });
  }

  async admin(method: string, path: string, body: unknown): Promise<Response> {
    return await fetch(`${this.#adminUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_MS_MAX),
    });
  }

  #config(adminPort: number): object {
    const { databaseUrl, redisUrl, held, sections } = this.#options;
    return {
      log: { level: 'warn' },
      admin: { port: adminPort, token: TOKEN },
      learnedReserve: { estimator: 'off' },
      estimation: { model: { source: 'none' } },
      campaigns: {
        enabled: true,
        databaseUrl,
        redisUrl,
        refreshIntervalMs: 200,
        pacingIntervalMs: 1000,
        held,
        frequency: { secret: TOKEN },
      },
      ...sections,
    };
  }
}

const CALL_MS_MAX = 10_000;

export interface Fleet {
  readonly engines: readonly Engine[];
  readonly close: () => Promise<void>;
}

export async function startFleet(count: number, options: EngineOptions): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'gavel-fleet-'));
  const engines = Array.from({ length: count }, (_, index) => new Engine(`engine-${index}`, folder, options));
  const close = async (): Promise<void> => {
    await Promise.all(engines.map((engine) => engine.kill()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    // One makes the tables; the others find them.
    for (const engine of engines) await engine.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { engines, close };
}
