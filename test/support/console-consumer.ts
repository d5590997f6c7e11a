/** Everything that is in a topic, as Kafka's own console consumer prints it: a client that shares nothing with ours. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fetchKafkaJars } from '../../scripts/local-services/kafka-jars.mjs';
import { collect } from './gavel-process.ts';
import { type TopicMessage, topicEnds } from './topic-reader.ts';

/** Without a message for so long it gives up. */
const SILENT_MS_MAX = 60_000;
const PRINTED = ['print.partition', 'print.offset', 'print.headers', 'print.key'];

/** Up to where the topic ends when it is called. Of topics from which nothing was removed. */
export async function readTopicByConsole(brokers: string, topic: string): Promise<TopicMessage[]> {
  const count = [...(await topicEnds(brokers, topic)).values()].reduce((sum, end) => sum + end, 0);
  if (count === 0) return [];
  const child = spawn('java', [
    ...['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', join(await fetchKafkaJars(), '*')],
    ...['org.apache.kafka.tools.consumer.ConsoleConsumer', '--bootstrap-server', brokers, '--topic', topic],
    ...['--from-beginning', '--max-messages', String(count), '--timeout-ms', String(SILENT_MS_MAX)],
    ...PRINTED.flatMap((name) => ['--property', `${name}=true`]),
  ]);
  const ended = once(child, 'close');
  const stderr = collect(child.stderr);
  const messages: TopicMessage[] = [];
  for await (const line of createInterface({ input: child.stdout })) messages.push(messageOf(line));
  await ended;
  if (messages.length !== count) throw new Error(`${messages.length} of ${count} messages were printed: ${stderr()}`);
  return messages.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/** `Partition:0 TAB Offset:7 TAB id:1:2,type:win TAB KEY TAB VALUE`: values are JSON, which has no tabs in it. */
function messageOf(line: string): TopicMessage {
  const match = /^Partition:(\d+)\tOffset:(\d+)\tid:([^,\t]+),type:([^,\t]+)\t([^\t]*)\t([^\t]*)$/.exec(line);
  if (match === null) throw new Error(`the console consumer printed: ${line.slice(0, 300)}`);
  const [, partition, offset, id, type, key, value] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return { partition: Number(partition), offset: Number(offset), key, id, type, value };
}
