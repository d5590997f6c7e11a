export function missingForKafka(): string | null;
export function fetchKafkaJars(): Promise<string>;
