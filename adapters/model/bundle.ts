/**
 * Reads a model bundle from a folder: `manifest.json`, `manifest.sig` (base64 of Ed25519 over the exact bytes of the
 * manifest) and the files that the manifest names. Each file is read once and what was hashed is what is used, so a file
 * that changes meanwhile is refused and never half believed.
 */
import { createHash, type KeyObject, verify } from 'node:crypto';
import { join } from 'node:path';
import type { TargetName } from '../../engine/estimation/estimate-target.ts';
import { type RateTables, readRateTablesInSteps } from '../../engine/estimation/features/rate-tables.ts';
import { CalibratedModel } from '../../engine/estimation/models/calibrated-model.ts';
import { readCalibration } from '../../engine/estimation/models/calibration.ts';
import { type GoldenSet, goldenLogLoss, readGoldenSet } from '../../engine/estimation/models/golden-set.ts';
import { parseJson } from '../../engine/estimation/models/json-fields.ts';
import { type Model, readModelInSteps } from '../../engine/estimation/models/model.ts';
import { ModelFormatError } from '../../engine/estimation/models/model-format-error.ts';
import type { Steps } from '../../engine/estimation/models/steps.ts';
import type { ServedModel } from '../../engine/estimation/served-model.ts';
import { inSlices } from '../in-slices.ts';
import { CALIBRATION_FILE, GOLDEN_FILE, type Manifest, MODEL_FILE, RATES_FILE, readManifest } from './manifest.ts';
import { readBounded } from './read-bounded.ts';

/** Why a bundle is not served; stable, a label of metrics. */
export type BundleRefusal =
  /** A file is missing, too large or no regular file, or cannot be read, or not in time. */
  | 'unreadable'
  /** No signature, or none of the keys made it. */
  | 'signature'
  | 'manifest'
  | 'file-hash'
  | 'expired'
  /** Not above the version that is served. */
  | 'old-version'
  | 'schema'
  /** It estimates conversions where clicks are wanted, or the other way round. */
  | 'target'
  /** Model, calibration or golden set are not what they claim to be; also weights that are no numbers. */
  | 'format'
  /** The golden set gives another log-loss than recorded, or a score outside (0, 1). */
  | 'golden'
  /** The trainer's own figures are those of a useless model. */
  | 'metrics';

/** Has a `cause` for a fault of ours only: the log prints causes behind the message, which says all there is to say. */
export class BundleRefused extends Error {
  override readonly name = 'BundleRefused';
  readonly reason: BundleRefusal;

  constructor(reason: BundleRefusal, message: string, options?: { readonly cause: unknown }) {
    super(`${reason}: ${message}`, options);
    this.reason = reason;
  }
}

export interface BundleRules {
  /** Any of them may have signed: two while a key is being replaced. See `public-key.ts`. */
  readonly publicKeys: readonly KeyObject[];
  /** Of the features that this engine builds. */
  readonly schemaHash: string;
  readonly featureCount: number;
  readonly target: TargetName;
}

export interface BundleModel extends ServedModel {
  readonly manifest: Manifest;
  /** Bytes of the manifest, to know it again. */
  readonly manifestBytes: Buffer;
}

/** Larger than any sane model: 100 trees of depth 7 take 1 MB. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;
const MANIFEST_BYTES_MAX = 1024 * 1024;
const SIGNATURE_BYTES_MAX = 1024;

/** Hashed in one step: about a millisecond. */
const HASHED_BYTES = 1024 * 1024;

/** A trainer may record six digits. */
const GOLDEN_LOG_LOSS_TOLERANCE = 1e-6;
/** Predicted by actual clicks. Beyond, a bid by click would be worth half or twice what it is. */
const CALIBRATION_RATIO_MIN = 0.5;
const CALIBRATION_RATIO_MAX = 2;
/** No better than chance. */
const AUC_MIN = 0.5;

/**
 * `versionMin` is the lowest version that is taken; `nowMs` is wall time. Throws a `BundleRefused`, or the reason of
 * `signal` between two reads. Cheap checks come first, and nothing is parsed before its signature or hash is right. Never
 * holds the event loop for long.
 */
export async function readBundle(
  folder: string,
  rules: BundleRules,
  { versionMin, nowMs, signal }: { readonly versionMin: number; readonly nowMs: number; readonly signal?: AbortSignal },
): Promise<BundleModel> {
  const files = new BundleFiles(folder, signal);
  const manifestBytes = await readSignedManifest(files, rules.publicKeys);
  const manifest = manifestOf(manifestBytes);
  checkManifest(manifest, rules, versionMin, nowMs);
  const parts = new Map<string, Buffer>();
  for (const [name, sha256] of manifest.files) parts.set(name, await readHashed(files, name, sha256));
  const { model, rates } = await inSlices(readParts(manifest, parts, rules.featureCount));
  return {
    version: manifest.version,
    schemaHash: manifest.schemaHash,
    rates,
    featureCount: model.featureCount,
    score: (rows, count, out) => model.score(rows, count, out),
    manifest,
    manifestBytes,
  };
}

function manifestOf(bytes: Buffer): Manifest {
  try {
    return readManifest(bytes.toString('utf8'));
  } catch (error) {
    throw asRefusal('manifest', error);
  }
}

function* readParts(
  manifest: Manifest,
  files: ReadonlyMap<string, Buffer>,
  featureCount: number,
): Steps<{ readonly model: Model; readonly rates: RateTables }> {
  const textOf = (name: string): string => files.get(name)!.toString('utf8');
  try {
    const scores = yield* readModelInSteps(manifest.kind, textOf(MODEL_FILE));
    yield;
    const calibration = readCalibration(parseJson(textOf(CALIBRATION_FILE), 'calibration'));
    const model = new CalibratedModel(scores, calibration);
    const golden = readGoldenSet(textOf(GOLDEN_FILE));
    yield;
    checkModel(model, golden, manifest, featureCount);
    yield;
    return { model, rates: yield* readRateTablesInSteps(textOf(RATES_FILE)) };
  } catch (error) {
    throw asRefusal('format', error);
  }
}

async function readSignedManifest(files: BundleFiles, publicKeys: readonly KeyObject[]): Promise<Buffer> {
  const bytes = await files.read('manifest.json', MANIFEST_BYTES_MAX);
  const signature = await files.readIfThere('manifest.sig', SIGNATURE_BYTES_MAX);
  if (signature === null) throw new BundleRefused('signature', 'there is none');
  const raw = Buffer.from(signature.toString('latin1').trim(), 'base64');
  if (!publicKeys.some((key) => verify(null, bytes, key, raw))) {
    throw new BundleRefused('signature', 'it is not of these bytes by a key that is trusted');
  }
  return bytes;
}

function checkManifest(manifest: Manifest, rules: BundleRules, versionMin: number, nowMs: number): void {
  const { version, createdAtMs, expiresAtMs, schemaHash, target, metrics } = manifest;
  if (expiresAtMs <= createdAtMs) throw new BundleRefused('manifest', 'it expires before it was made');
  if (expiresAtMs <= nowMs) throw new BundleRefused('expired', `since ${new Date(expiresAtMs).toISOString()}`);
  if (version < versionMin)
    throw new BundleRefused('old-version', `${version} where ${versionMin} or more is expected`);
  if (schemaHash !== rules.schemaHash) {
    throw new BundleRefused('schema', `trained on features ${schemaHash}, not on ${rules.schemaHash}`);
  }
  if (target !== rules.target) throw new BundleRefused('target', `of a ${target}, not of a ${rules.target}`);
  if (!(metrics.auc >= AUC_MIN && metrics.auc <= 1)) throw new BundleRefused('metrics', `AUC ${metrics.auc}`);
  if (!(metrics.calibrationRatio >= CALIBRATION_RATIO_MIN && metrics.calibrationRatio <= CALIBRATION_RATIO_MAX)) {
    throw new BundleRefused('metrics', `calibration ratio ${metrics.calibrationRatio}`);
  }
}

function checkModel(model: Model, golden: GoldenSet, { golden: recorded }: Manifest, featureCount: number): void {
  if (model.featureCount !== featureCount) {
    throw new BundleRefused('schema', `the model has ${model.featureCount} features, the schema ${featureCount}`);
  }
  if (golden.featureCount !== featureCount) {
    throw new BundleRefused('schema', `the golden set has ${golden.featureCount} features, the schema ${featureCount}`);
  }
  if (golden.count !== recorded.rows) {
    throw new BundleRefused('golden', `${golden.count} rows where ${recorded.rows} are recorded`);
  }
  const logLoss = goldenLogLoss(model, golden);
  if (!(Math.abs(logLoss - recorded.logLoss) <= GOLDEN_LOG_LOSS_TOLERANCE)) {
    throw new BundleRefused('golden', `log-loss ${logLoss} where ${recorded.logLoss} is recorded`);
  }
}

async function readHashed(files: BundleFiles, name: string, sha256: string): Promise<Buffer> {
  const bytes = await files.read(name, FILE_BYTES_MAX);
  if ((await inSlices(hashOf(bytes))) !== sha256) {
    throw new BundleRefused('file-hash', `${name} is not the file that the manifest names`);
  }
  return bytes;
}

function* hashOf(bytes: Buffer): Steps<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += HASHED_BYTES) {
    hash.update(bytes.subarray(at, at + HASHED_BYTES));
    yield;
  }
  return hash.digest('hex');
}

class BundleFiles {
  readonly #folder: string;
  readonly #signal: AbortSignal | undefined;

  constructor(folder: string, signal: AbortSignal | undefined) {
    this.#folder = folder;
    this.#signal = signal;
  }

  async read(name: string, bytesMax: number): Promise<Buffer> {
    const bytes = await this.readIfThere(name, bytesMax);
    if (bytes === null) throw new BundleRefused('unreadable', `${name} is missing`);
    return bytes;
  }

  /** Null: there is no such file. */
  async readIfThere(name: string, bytesMax: number): Promise<Buffer | null> {
    try {
      return await readBounded(join(this.#folder, name), bytesMax, this.#signal);
    } catch (error) {
      this.#signal?.throwIfAborted();
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return null;
      throw new BundleRefused('unreadable', `${name}: ${message}`);
    }
  }
}

function asRefusal(reason: 'manifest' | 'format', error: unknown): unknown {
  return error instanceof ModelFormatError ? new BundleRefused(reason, error.message) : error;
}
