// A server as a process: its output goes to a file in its folder, where it also says that it is ready.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const READY_MS_MAX = 60_000;
const LOOK_MS = 25;
const LAST_WORDS = 2000;

/**
 * Resolves to the child once it has said that it is ready; rejects with its last words when it does not. With `detached`
 * it lives on behind this process.
 */
export async function startServer(recipe, folder, { detached = false } = {}) {
  const outputPath = join(folder, 'output.log');
  const output = openSync(outputPath, 'w');
  const child = spawn(recipe.command, recipe.args, {
    ...recipe.user,
    cwd: folder,
    detached,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  let failure = null;
  child.once('error', (error) => {
    failure = error;
  });
  const deadline = Date.now() + READY_MS_MAX;
  for (;;) {
    const said = readFileSync(outputPath, 'utf8');
    if (said.includes(recipe.readyWords)) break;
    if (failure !== null || child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${recipe.command} did not start: ${failure?.message ?? said.slice(-LAST_WORDS)}`);
    }
    await wait(LOOK_MS);
  }
  if (detached) child.unref();
  return child;
}

/** TCP ports of loopback that nobody listens on now, all different. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(
    servers.map(async (server) => {
      server.close();
      await once(server, 'close');
    }),
  );
  return ports;
}
