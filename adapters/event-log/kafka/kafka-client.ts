/** How Kafka is spoken to, for all that do: addresses, security, time limits, and a log of kafkajs that keeps quiet. */
import kafkajs, { type Kafka, type KafkaConfig, type logCreator } from 'kafkajs';

export interface KafkaConnection {
  /** `host:port` of some brokers; the others are learned from them. */
  readonly brokers: readonly string[];
  /** Shown in the brokers' logs and quotas. */
  readonly clientId: string;
  /** Null: without TLS. `ca`: certificates in PEM to trust instead of the system's. */
  readonly tls: { readonly ca: string | null } | null;
  readonly sasl: KafkaCredentials | null;
  /** ms to wait for an answer of a broker. */
  readonly requestTimeoutMs: number;
}

export interface KafkaCredentials {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

const CONNECTION_TIMEOUT_MS = 3000;
/** Within one call: leaders that moved are found again. Everything longer is the caller's to wait for. */
const RETRIES = { retries: 2, initialRetryTime: 100, maxRetryTime: 500 };

/** Told at level debug: what fails is thrown besides, and an outage would fill the log with one line for each try. */
export type KafkaLog = (line: { readonly message: string }) => void;

export function createKafkaClient(connection: KafkaConnection, onLog: KafkaLog): Kafka {
  const { brokers, clientId, tls, sasl, requestTimeoutMs } = connection;
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    ssl: tlsOptions(tls),
    ...(sasl === null ? {} : { sasl: sasl as NonNullable<KafkaConfig['sasl']> }),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    retry: RETRIES,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: logTo(onLog),
  });
}

function tlsOptions(tls: KafkaConnection['tls']): NonNullable<KafkaConfig['ssl']> {
  if (tls === null) return false;
  return tls.ca === null ? true : { ca: [tls.ca] };
}

function logTo(onLog: KafkaLog): logCreator {
  return () =>
    ({ namespace, log: { message } }) =>
      onLog({ message: `kafkajs ${namespace}: ${message}` });
}
