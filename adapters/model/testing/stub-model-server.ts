/** A server of the Open Inference Protocol v2 whose answers a test decides. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StubAnswer {
  readonly status?: number;
  /** In place of a right body. */
  readonly body?: string;
}

export interface InferCall {
  readonly rowCount: number;
  readonly data: readonly (number | null)[];
  readonly answer: (values: readonly unknown[], answer?: StubAnswer) => void;
}

export interface StubModelServer {
  readonly url: string;
  readonly calls: InferCall[];
  isReady: boolean;
  version: string;
  metadata: Record<string, unknown>;
  /** Answers at once instead of leaving calls to the test. */
  respond: ((call: InferCall) => void) | null;
  readonly close: () => Promise<void>;
}

/** `port` 0: a free one. */
export async function startStubModelServer(featureCount: number, port = 0): Promise<StubModelServer> {
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stub: StubModelServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    isReady: true,
    version: '1',
    metadata: { inputs: [{ name: 'rows', datatype: 'FP64', shape: [-1, featureCount] }] },
    respond: null,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return stub;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url } = request;
    if (method === 'GET' && url === '/v2/models/clicks/ready') {
      response.writeHead(stub.isReady ? 200 : 503).end('{}');
    } else if (method === 'GET' && url === '/v2/models/clicks') {
      response.end(JSON.stringify({ name: 'clicks', versions: [stub.version], platform: 'stub', ...stub.metadata }));
    } else if (method === 'POST' && url === '/v2/models/clicks/infer') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      take(JSON.parse(Buffer.concat(chunks).toString()), response);
    } else {
      response.writeHead(404).end();
    }
  }

  function take(
    { inputs: [input] }: { inputs: [{ shape: [number, number]; data: (number | null)[] }] },
    response: ServerResponse,
  ): void {
    const [rowCount] = input.shape;
    const call: InferCall = {
      rowCount,
      data: input.data,
      answer: (values, { status = 200, body } = {}) => {
        const outputs = [{ name: 'rates', datatype: 'FP64', shape: [values.length], data: values }];
        const right = { model_name: 'clicks', model_version: stub.version, outputs };
        response.writeHead(status).end(body ?? JSON.stringify(right));
      },
    };
    stub.calls.push(call);
    stub.respond?.(call);
  }
}
