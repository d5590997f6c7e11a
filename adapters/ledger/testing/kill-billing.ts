import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BILLING_PROCESS = fileURLToPath(new URL('./billing-process.ts', import.meta.url));

/** Runs it until it has acknowledged `batches` of two, kills it in the middle of its work; the last key it acknowledged. */
export function billAndKill(args: readonly string[], batches: number): Promise<number> {
  const script = `import { runnerImport } from 'vite'; await runnerImport(${JSON.stringify(BILLING_PROCESS)});`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, ...args]);
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (stdout.split('\n').length > batches) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('close', (_code, signal) => {
      // What stands behind the last line end may be half a number.
      const last = Number(stdout.slice(0, stdout.lastIndexOf('\n')).split('\n').at(-1));
      if (signal === 'SIGKILL' && Number.isInteger(last)) resolve(last);
      else reject(new Error(`${signal} ${stdout} ${stderr}`));
    });
  });
}
