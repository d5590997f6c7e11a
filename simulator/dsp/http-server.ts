import { createServer, type Server, type Socket } from 'node:net';
import { resetConnection } from '../net/tcp-reset.ts';

/**
 * A small HTTP/1.1 server for known callers, in place of node:http: fifty DSPs share one core, and an engine at full load
 * asks them some 25,000 times a second, which is more than node:http can do and within what this can (docs/simulator.md).
 * It knows what this traffic needs: bodies by content-length or chunked, keep-alive, pipelined requests answered in
 * order. It has no idle timeout: closing idle connections is left to the caller, so that no request races against a close.
 */
export interface HttpServer {
  readonly port: number;
  /** Stops listening and closes every connection, answered or not. */
  readonly close: () => Promise<void>;
}

export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** True when the caller accepts gzip. */
  readonly acceptsGzip: boolean;
  /** Valid until the handler returns. */
  readonly body: Buffer;
}

/** One must be called, once, at any time; until then the connection serves nothing else. */
export interface HttpReply {
  /** `headers` are whole lines, each ended by CRLF. Does nothing when the caller has gone. */
  readonly send: (status: number, headers: string, body: string | Buffer) => void;
  /** Breaks the connection with a TCP reset. */
  readonly reset: () => void;
  /** Writes an answer as it is, as fast as the caller reads it at most. Does nothing when the caller has gone. */
  readonly sendRaw: (answer: RawAnswer) => void;
}

/** Bytes that need not be HTTP. */
export interface RawAnswer {
  /** Status line and headers with the empty line that ends them. */
  readonly head: string;
  readonly pieces: Iterable<Buffer>;
  /** Between two pieces; 0: none. */
  readonly intervalMs: number;
  /**
   * After the last piece. `keep`: that was a whole answer, the next request is served. `hang`: nothing ever follows.
   * `close`, `reset`: the connection ends properly, or by a TCP reset.
   */
  readonly ending: 'keep' | 'hang' | 'close' | 'reset';
}

export type HttpHandler = (request: HttpRequest, reply: HttpReply) => void;

const MAX_HEAD_BYTES = 16 * 1024;
/** Above the engine's own limit on requests. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Listens on `port` (0: any free one). Rejects with the system's error, e.g. EADDRINUSE. */
export function listenHttp(host: string, port: number, handler: HttpHandler): Promise<HttpServer> {
  const connections = new Set<Connection>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    const connection = new Connection(socket, handler);
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject);
      const address = server.address() as { port: number };
      resolve({ port: address.port, close: () => closeServer(server, connections) });
    });
  });
}

function closeServer(server: Server, connections: ReadonlySet<Connection>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const connection of connections) connection.close();
  });
}

/** Parses one request at a time; what arrives while an answer is due waits in `#pending`. */
class Connection implements HttpReply {
  readonly #socket: Socket;
  readonly #handler: HttpHandler;
  #pending: Buffer = EMPTY;
  #isAnswerDue = false;
  #closesAfterAnswer = false;

  constructor(socket: Socket, handler: HttpHandler) {
    this.#socket = socket;
    this.#handler = handler;
    // A caller that breaks off is no news to a DSP.
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
      this.#serve();
    });
  }

  send(status: number, headers: string, body: string | Buffer): void {
    this.#isAnswerDue = false;
    if (this.#socket.destroyed) return;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    // 204 has no body and therefore no length (RFC 9110 section 8.6).
    const lengthLine = status === 204 ? '' : `Content-Length: ${length}\r\n`;
    const closeLine = this.#closesAfterAnswer ? 'Connection: close\r\n' : '';
    const head = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Status'}\r\n${headers}${lengthLine}${closeLine}\r\n`;
    if (typeof body === 'string') this.#socket.write(head + body);
    else this.#socket.write(Buffer.concat([Buffer.from(head), body]));
    if (this.#closesAfterAnswer) this.#socket.end();
    else if (this.#pending.length > 0) this.#serve();
  }

  reset(): void {
    resetConnection(this.#socket);
  }

  sendRaw({ head, pieces, intervalMs, ending }: RawAnswer): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(head);
    this.#sendPieces(pieces[Symbol.iterator](), intervalMs, ending);
  }

  #sendPieces(pieces: Iterator<Buffer>, intervalMs: number, ending: RawAnswer['ending']): void {
    const resume = (): void => this.#sendPieces(pieces, intervalMs, ending);
    while (!this.#socket.destroyed) {
      const piece = pieces.next();
      if (piece.done === true) {
        this.#endRaw(ending);
        return;
      }
      const isWritable = this.#socket.write(piece.value);
      if (intervalMs > 0) {
        setTimeout(resume, intervalMs);
        return;
      }
      if (!isWritable) {
        this.#socket.once('drain', resume);
        return;
      }
    }
  }

  #endRaw(ending: RawAnswer['ending']): void {
    switch (ending) {
      case 'keep':
        this.#isAnswerDue = false;
        this.#serve();
        return;
      case 'hang':
        return;
      case 'close':
        this.#socket.end();
        return;
      case 'reset':
        // An empty write calls back when everything before it has left: a reset drops what is still buffered.
        this.#socket.write('', () => this.reset());
        return;
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #serve(): void {
    while (!this.#isAnswerDue && !this.#closesAfterAnswer && this.#pending.length > 0) {
      const parsed = parseRequest(this.#pending);
      if (parsed === 'incomplete') return;
      this.#isAnswerDue = true;
      if (parsed === 'too-large' || parsed === 'malformed') {
        this.#closesAfterAnswer = true;
        this.send(parsed === 'too-large' ? 413 : 400, '', '');
        return;
      }
      this.#pending = parsed.rest;
      this.#closesAfterAnswer = parsed.closes;
      this.#handler(parsed.request, this);
    }
  }
}

const EMPTY = Buffer.alloc(0);
const HEAD_END = Buffer.from('\r\n\r\n');

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  302: 'Found',
  400: 'Bad Request',
  404: 'Not Found',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  500: 'Internal Server Error',
};

interface ParsedRequest {
  readonly request: HttpRequest;
  readonly closes: boolean;
  /** What follows the request. */
  readonly rest: Buffer;
}

function parseRequest(bytes: Buffer): ParsedRequest | 'incomplete' | 'too-large' | 'malformed' {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return bytes.length > MAX_HEAD_BYTES ? 'too-large' : 'incomplete';
  const head = bytes.toString('latin1', 0, headEnd);
  const [method, target, protocol] = head.slice(0, lineEnd(head, 0)).split(' ');
  if (method === undefined || target === undefined || !protocol?.startsWith('HTTP/1.')) return 'malformed';
  const headers = head.toLowerCase();
  const body = readBody(bytes, headEnd + HEAD_END.length, headers);
  if (typeof body === 'string') return body;
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  const acceptsGzip = headerValue(headers, 'accept-encoding').includes('gzip');
  return {
    request: { method, path, acceptsGzip, body: body.content },
    closes: protocol === 'HTTP/1.0' || headerValue(headers, 'connection') === 'close',
    rest: bytes.subarray(body.end),
  };
}

interface Body {
  readonly content: Buffer;
  /** Where the next request begins. */
  readonly end: number;
}

function readBody(bytes: Buffer, start: number, headers: string): Body | 'incomplete' | 'too-large' | 'malformed' {
  if (headerValue(headers, 'transfer-encoding') === 'chunked') return readChunks(bytes, start);
  const declared = headerValue(headers, 'content-length');
  if (declared === '') return { content: EMPTY, end: start };
  const length = Number(declared);
  if (!Number.isInteger(length) || length < 0) return 'malformed';
  if (length > MAX_BODY_BYTES) return 'too-large';
  const end = start + length;
  return end > bytes.length ? 'incomplete' : { content: bytes.subarray(start, end), end };
}

function readChunks(bytes: Buffer, start: number): Body | 'incomplete' | 'too-large' | 'malformed' {
  const chunks: Buffer[] = [];
  let position = start;
  while (position - start <= MAX_BODY_BYTES) {
    const sizeEnd = bytes.indexOf('\r\n', position);
    if (sizeEnd === -1) return 'incomplete';
    const size = Number.parseInt(bytes.toString('latin1', position, sizeEnd), 16);
    if (!(size >= 0)) return 'malformed';
    const chunkEnd = sizeEnd + 2 + size;
    if (chunkEnd + 2 > bytes.length) return 'incomplete';
    if (size === 0) return { content: Buffer.concat(chunks), end: chunkEnd + 2 };
    chunks.push(bytes.subarray(sizeEnd + 2, chunkEnd));
    position = chunkEnd + 2;
  }
  return 'too-large';
}

/** Trimmed value of a header in a lower-cased head; empty when absent. */
function headerValue(headers: string, name: string): string {
  const at = headers.indexOf(`\r\n${name}:`);
  if (at === -1) return '';
  const start = at + name.length + 3;
  return headers.slice(start, lineEnd(headers, start)).trim();
}

function lineEnd(text: string, from: number): number {
  const at = text.indexOf('\r\n', from);
  return at === -1 ? text.length : at;
}
