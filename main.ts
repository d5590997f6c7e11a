#!/usr/bin/env node
import { UsageError } from './commands/usage-error.ts';
/** `gavel COMMAND [options]`: picks the command; exit code 2 with one line for anything the caller got wrong. */
import { VERSION } from './config/version.ts';

interface Command {
  readonly summary: string;
  readonly run: (args: string[]) => Promise<void>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    summary: 'run the engine',
    run: async (args) => (await import('./commands/serve.ts')).serve(args),
  },
  simulate: {
    summary: 'run the engine under generated traffic against simulated DSPs, and print what happened',
    run: async (args) => (await import('./commands/simulate.ts')).simulate(args),
  },
  replay: {
    summary: 'recorded traffic once more: gavel replay --help lists what can be done with it',
    run: async (args) => (await import('./commands/replay.ts')).replay(args),
  },
  events: {
    summary: 'print or count the outcome events in a data folder',
    run: async (args) => (await import('./commands/events.ts')).events(args),
  },
  features: {
    summary: 'write the features of impressions or clicks, for training a model or testing one',
    run: async (args) => (await import('./commands/features.ts')).features(args),
  },
  score: {
    summary: 'score rows of features by the model of a bundle, of clicks or of conversions',
    run: async (args) => (await import('./commands/score.ts')).score(args),
  },
  report: {
    summary: 'print what was sold, shown, paid and owed: gavel report --help lists the reports',
    run: async (args) => (await import('./commands/report.ts')).report(args),
  },
  consume: {
    summary: 'bill, count and archive events, in a process of its own',
    run: async (args) => (await import('./commands/consume.ts')).consume(args),
  },
  reconcile: {
    summary: 'compute every charge again from the archived events, and compare it with the books',
    run: async (args) => (await import('./commands/reconcile.ts')).reconcile(args),
  },
  drain: {
    summary: 'send to Kafka what stopped engines have left',
    run: async (args) => (await import('./commands/drain.ts')).drain(args),
  },
  topics: {
    summary: 'make the topics in Kafka that events go to',
    run: async (args) => (await import('./commands/topics.ts')).topics(args),
  },
  bench: {
    summary: 'measure CPU per auction, throughput and hot functions',
    run: async (args) => (await import('./commands/bench.ts')).bench(args),
  },
};

function help(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(11)}${summary}`);
  return `gavel: an OpenRTB auction engine\n\nUsage: gavel COMMAND [options]\n\nCommands:\n${lines.join('\n')}\n\n\`gavel COMMAND --help\` lists the options of one, \`gavel --version\` says which build this is.\n`;
}

async function main(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help());
    return;
  }
  if (name === '--version') {
    process.stdout.write(`gavel ${VERSION}\n`);
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    throw new UsageError(`no command "${name}"; there are ${Object.keys(COMMANDS).join(', ')}`);
  }
  await command.run(rest);
}

// `gavel events | head` closes our output early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

main(process.argv.slice(2)).catch((error: unknown) => {
  const isCallersFault = error instanceof UsageError;
  process.stderr.write(isCallersFault ? `gavel: ${error.message}\n` : `gavel: ${(error as Error)?.stack ?? error}\n`);
  process.exit(isCallersFault ? 2 : 1);
});
