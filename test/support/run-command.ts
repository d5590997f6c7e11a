/** A command in this process: what it printed and what it would have ended with. */
import { vi } from 'vitest';
import { UsageError } from '../../commands/usage-error.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  /** The line of what the caller got wrong, else what it wrote there. */
  readonly stderr: string;
}

export async function runCommand(
  command: (args: string[]) => Promise<void>,
  args: readonly string[],
): Promise<CommandResult> {
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += String(text);
      return true;
    });
  }
  const exitCode = process.exitCode;
  process.exitCode = 0;
  try {
    await command([...args]);
    return { ...printed, code: Number(process.exitCode) };
  } catch (error) {
    if (error instanceof UsageError) return { ...printed, stderr: error.message, code: 2 };
    throw error;
  } finally {
    process.exitCode = exitCode;
    vi.restoreAllMocks();
  }
}
