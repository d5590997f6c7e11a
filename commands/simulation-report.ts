/** `gavel report simulation`: what a simulated run or a comparison of runs came to, as a page that people can read. */
import { writeFileSync } from 'node:fs';
import { renderPage } from '../simulator/report/page/page.ts';
import { RecordError, readRecordFile } from '../simulator/report/record-file.ts';
import { summaryOf } from '../simulator/report/summary.ts';
import { jsonText } from './cell-text.ts';
import { readOptions, takeOperand } from './options.ts';
import { checkOutputFile } from './output-path.ts';
import { blaming, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'report simulation',
  summary: 'make a page of FILE, the record of a simulated run or comparison (docs/simulation-report.md)',
  operand: 'FILE',
  options: {
    out: { type: 'string', value: 'PAGE', help: 'where the page goes (default: printed, unless --json is)' },
    json: { type: 'boolean', help: 'print what the page says as JSON' },
  },
} as const;

export async function simulationReport(args: readonly string[]): Promise<void> {
  const { operand: file, rest } = takeOperand(COMMAND.options, args);
  const options = readOptions(COMMAND, rest);
  if (options === null) return;
  if (file === null) {
    throw new UsageError('report simulation: name the FILE that gavel simulate --world … --out FILE has written');
  }
  const { out, json } = options;
  if (out !== undefined) checkOutputFile('report simulation: --out', out);
  const record = readRecord(file);
  if (out !== undefined) blaming('report simulation: --out', out, () => writeFileSync(out, renderPage(record)));
  if (json === true) process.stdout.write(jsonText(summaryOf(record)));
  else if (out === undefined) process.stdout.write(renderPage(record));
}

function readRecord(file: string): ReturnType<typeof readRecordFile> {
  try {
    return blaming('report simulation', file, () => readRecordFile(file));
  } catch (error) {
    if (error instanceof RecordError) throw new UsageError(`report simulation: ${file}: ${error.message}`);
    throw error;
  }
}
