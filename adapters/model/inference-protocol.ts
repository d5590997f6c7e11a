/**
 * The Open Inference Protocol v2 in JSON, as far as a model of clicks needs it: one input of rows, one output of rates.
 * https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
 */

/** What a model says of itself: `GET /v2/models/{model}`. */
export interface ModelSignature {
  readonly inputName: string;
  readonly datatype: 'FP32' | 'FP64';
  /** Latest of the versions that are served; empty when it does not say. */
  readonly version: string;
  /** All that are served, as far as it says. */
  readonly versions: readonly string[];
}

export interface SignatureRules {
  readonly featureCount: number;
  /** Compared with `parameters.schemaHash` of the metadata, where the server has it. */
  readonly schemaHash: string;
}

/** The server speaks the protocol, but not about what was expected. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

type Json = { readonly [key: string]: unknown };

const NOTHING: Json = {};
const VERSION_LENGTH_MAX = 64;
/** Letters, marks, numbers, punctuation, symbols and the space. */
const VERSION = new RegExp(`^[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]{0,${VERSION_LENGTH_MAX}}$`, 'u');

/** Throws a `ProtocolError` when rows of this engine are not what the model takes. */
export function readSignature(body: string, { featureCount, schemaHash }: SignatureRules): ModelSignature {
  const metadata = readObject(body);
  const inputs = metadata.inputs;
  if (!Array.isArray(inputs) || inputs.length !== 1) {
    throw new ProtocolError('the model does not declare exactly one input');
  }
  const { name, datatype, shape } = isObject(inputs[0]) ? inputs[0] : NOTHING;
  if (typeof name !== 'string') throw new ProtocolError('the input has no name');
  if (datatype !== 'FP32' && datatype !== 'FP64') throw new ProtocolError(`input of ${datatype}, not of FP32 or FP64`);
  if (!Array.isArray(shape) || shape.length !== 2 || !(shape[1] === featureCount || shape[1] === -1)) {
    throw new ProtocolError(`input of shape ${JSON.stringify(shape)}, not of [-1, ${featureCount}]`);
  }
  const trainedOn = isObject(metadata.parameters) ? metadata.parameters.schemaHash : undefined;
  if (trainedOn !== undefined && trainedOn !== schemaHash) {
    throw new ProtocolError(`trained on features ${trainedOn}, not on ${schemaHash}`);
  }
  const versions = Array.isArray(metadata.versions)
    ? metadata.versions.map(readVersion).filter((version) => version !== '')
    : [];
  return { inputName: name, datatype, version: versions.at(-1) ?? '', versions };
}

/** As far as the metadata says; an empty version is any. */
export function isServing({ versions }: ModelSignature, version: string): boolean {
  return versions.length === 0 || version === '' || versions.includes(version);
}

/** Of `POST /v2/models/{model}/infer`. What is missing (NaN) becomes `missing`, since JSON has no NaN. */
export function inferenceRequest(
  { inputName, datatype }: ModelSignature,
  rows: readonly Float64Array[],
  missing: number | null,
): string {
  const data: (number | null)[] = [];
  for (const row of rows) for (const value of row) data.push(Number.isFinite(value) ? value : missing);
  const shape = [rows.length, rows[0]?.length ?? 0];
  return JSON.stringify({ inputs: [{ name: inputName, shape, datatype, data }] });
}

export interface InferenceResponse {
  /** As given: not yet checked to be rates. */
  readonly values: readonly unknown[];
  /** Empty when the server does not say. */
  readonly version: string;
}

/** Throws a `ProtocolError` when there is not one value for each row. */
export function readInferenceResponse(body: string, rowCount: number): InferenceResponse {
  const response = readObject(body);
  const outputs = response.outputs;
  if (!Array.isArray(outputs) || outputs.length !== 1) throw new ProtocolError('not exactly one output');
  const { data } = isObject(outputs[0]) ? outputs[0] : NOTHING;
  // Servers may nest rows: [[0.1], [0.2]].
  const values: unknown[] = Array.isArray(data) ? data.flat() : [];
  if (values.length !== rowCount) throw new ProtocolError(`${values.length} values for ${rowCount} rows`);
  return { values, version: readVersion(response.model_version) };
}

/** Versions are part of keys, events and labels of metrics. Empty when it is no text: it does not say. */
function readVersion(version: unknown): string {
  if (typeof version !== 'string') return '';
  if (version.length > 2 * VERSION_LENGTH_MAX || !VERSION.test(version)) {
    throw new ProtocolError(`a version that is not of ${VERSION_LENGTH_MAX} printable characters at most`);
  }
  return version;
}

function readObject(body: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw new ProtocolError(`not JSON: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw new ProtocolError('not an object');
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
