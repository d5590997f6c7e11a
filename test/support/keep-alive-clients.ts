/** Clients that each keep one connection as long as the engine lets them, and remember what became of each request. */
import { Agent, request } from 'node:http';
import type { BidRequest } from '../../openrtb/types.ts';
import { adRequest } from './test-gavel.ts';

export interface KeepAliveClient {
  /** Ids of requests that were answered whole. */
  readonly answered: string[];
  /** Errors of requests that had a connection and got no whole answer. */
  readonly failures: string[];
  /** Answers that were no 200. */
  readonly otherStatuses: number[];
  /** Body of a page, over the same connection. */
  readonly get: (path: string) => Promise<string>;
  /** Sends requests back to back until stopped, or until nobody listens. */
  readonly run: () => Promise<void>;
  readonly stop: () => void;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

export function keepAliveClient(url: string, name: string): KeepAliveClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answered: string[] = [];
  const failures: string[] = [];
  const otherStatuses: number[] = [];
  let isStopped = false;

  const runOne = async (index: number): Promise<void> => {
    const id = `${name}-${index}`;
    try {
      const { status } = await exchange(agent, `${url}/openrtb2/auction`, adRequest(id));
      if (status === 200) answered.push(id);
      else otherStatuses.push(status);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ECONNREFUSED') isStopped = true;
      else failures.push(code ?? message);
    }
  };
  return {
    answered,
    failures,
    otherStatuses,
    get: async (path) => (await exchange(agent, `${url}${path}`, null)).body,
    run: async () => {
      for (let index = 0; !isStopped; index += 1) await runOne(index);
      agent.destroy();
    },
    stop: () => {
      isStopped = true;
    },
  };
}

function exchange(agent: Agent, url: string, body: BidRequest | null): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, method: body === null ? 'GET' : 'POST' }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode!, body: text }));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body === null ? undefined : JSON.stringify(body));
  });
}
