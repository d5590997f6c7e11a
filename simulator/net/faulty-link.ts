import type { Socket } from 'node:net';
import type { NetworkConditions } from './network-conditions.ts';

export interface FaultyLinkOptions {
  readonly from: Socket;
  readonly to: Socket;
  /** Those that hold now. */
  readonly conditions: () => NetworkConditions;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The connection must be reset. */
  readonly onReset: () => void;
}

/** Bytes on their way beyond which the sender is made to wait. */
const UNDER_WAY_BYTES_MAX = 256 * 1024;

/** Null ends the stream. */
interface Piece {
  readonly bytes: Buffer | null;
  readonly dueAtMs: number;
}

/** One direction of a connection: takes bytes, holds them for as long as the conditions say, passes them on in order. */
export class FaultyLink {
  readonly #options: FaultyLinkOptions;
  readonly #underWay: Piece[] = [];
  #bytesUnderWay = 0;
  #bytesPassed = 0;
  /** When the last piece has left the sender. */
  #sentAtMs = 0;
  #lastDueAtMs = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: FaultyLinkOptions) {
    this.#options = options;
    const { from, to } = options;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => this.#schedule(null));
    // `drain` follows a write that was refused, and only then.
    to.on('drain', () => this.#pass());
    to.once('close', () => this.#stop());
    from.once('close', () => {
      // After an orderly end what is under way still arrives; otherwise both sides are gone.
      if (!from.readableEnded) to.destroy();
    });
  }

  #take(bytes: Buffer): void {
    const { mode, pieceBytesMax } = this.#options.conditions();
    if (mode === 'blackhole') return;
    const size = pieceBytesMax ?? bytes.length;
    for (let start = 0; start < bytes.length; start += size) this.#schedule(bytes.subarray(start, start + size));
    if (this.#bytesUnderWay > UNDER_WAY_BYTES_MAX) this.#options.from.pause();
  }

  #schedule(bytes: Buffer | null): void {
    const { mode, latencyMs, jitterMs, bytesPerSecMax, pieceBytesMax, pieceGapMs } = this.#options.conditions();
    if (mode === 'blackhole') return;
    const length = bytes?.length ?? 0;
    const gapMs = pieceBytesMax === null ? 0 : pieceGapMs;
    const sendMs = bytesPerSecMax === null ? gapMs : Math.max(gapMs, (length / bytesPerSecMax) * 1000);
    this.#sentAtMs = Math.max(performance.now(), this.#sentAtMs) + sendMs;
    const arrivesAtMs = this.#sentAtMs + latencyMs + jitterMs * this.#options.random();
    const dueAtMs = Math.max(arrivesAtMs, this.#lastDueAtMs);
    this.#lastDueAtMs = dueAtMs;
    this.#bytesUnderWay += length;
    this.#underWay.push({ bytes, dueAtMs });
    if (this.#timer === null) this.#pass();
  }

  /** Passes on what is due; a timer or `drain` brings it back for the rest. */
  #pass(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const { from, to } = this.#options;
    for (;;) {
      const piece = this.#underWay[0];
      if (piece === undefined || to.destroyed) break;
      const waitMs = piece.dueAtMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pass(), Math.ceil(waitMs));
        break;
      }
      if (to.writableNeedDrain) break;
      this.#underWay.shift();
      this.#send(piece.bytes);
    }
    if (this.#bytesUnderWay <= UNDER_WAY_BYTES_MAX && from.isPaused()) from.resume();
  }

  #send(bytes: Buffer | null): void {
    const { to, conditions, onReset } = this.#options;
    if (bytes === null) {
      to.end();
      return;
    }
    this.#bytesUnderWay -= bytes.length;
    const { resetAfterBytes } = conditions();
    if (resetAfterBytes !== null && this.#bytesPassed + bytes.length >= resetAfterBytes) {
      to.write(bytes.subarray(0, Math.max(0, resetAfterBytes - this.#bytesPassed)), onReset);
      this.#bytesPassed = resetAfterBytes;
      return;
    }
    this.#bytesPassed += bytes.length;
    to.write(bytes);
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#underWay.length = 0;
    this.#bytesUnderWay = 0;
  }
}
