import type { Socket } from 'node:net';

/**
 * Breaks a connection by a TCP reset alone. `Socket.resetAndDestroy` ends the stream first, so that the other side reads
 * an orderly end before the reset; the flag that it sets is what makes `destroy` send the reset.
 */
export function resetConnection(socket: Socket): void {
  if (socket.destroyed) return;
  (socket as Socket & { resetAndClosing: boolean }).resetAndClosing = true;
  socket.destroy();
}
