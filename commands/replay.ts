/** `gavel replay ACTION`: recorded traffic once more. */
import { UsageError } from './usage-error.ts';

interface Action {
  readonly summary: string;
  readonly run: (args: readonly string[]) => Promise<void>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  verify: {
    summary: 'decide every recorded auction again by this build, and compare',
    run: async (args) => (await import('./replay-verify.ts')).replayVerify(args),
  },
  'what-if': {
    summary: 'decide recorded auctions by another configuration, and compare what they sell',
    run: async (args) => (await import('./replay-what-if.ts')).replayWhatIf(args),
  },
  load: {
    summary: 'send recorded requests to a running engine, at their own times or a rate',
    run: async (args) => (await import('./replay-load.ts')).replayLoad(args),
  },
};

export async function replay(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args;
  if (name === '--help' || name === '-h') {
    const lines = Object.entries(ACTIONS).map(([action, { summary }]) => `  ${action.padEnd(10)}${summary}`);
    process.stdout.write(
      `gavel replay: recorded traffic once more\n\nUsage: gavel replay ACTION [options]\n\nActions:\n${lines.join('\n')}\n\n\`gavel replay ACTION --help\` lists the options of one.\n`,
    );
    return;
  }
  const action = name !== undefined && Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) {
    const problem = name === undefined ? 'say what to do' : `"${name}" is nothing that can be done`;
    throw new UsageError(`replay: ${problem}; there are ${Object.keys(ACTIONS).join(', ')}`);
  }
  await action.run(rest);
}
