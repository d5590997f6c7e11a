/**
 * The versions of a model that a server answers with: which of them have the schema of this engine's rows, which one
 * predictions are kept by, and how sound the answers of each are. During a rolling deploy there are two at a time.
 */
import { ModelSanity } from '../../engine/estimation/model-sanity.ts';
import { isServing, type ModelSignature } from './inference-protocol.ts';

interface Version {
  /** Null: not checked, or no longer. */
  signature: ModelSignature | null;
  /** Outlives checks: a model that is checked anew is no better for it. */
  readonly sanity: ModelSanity;
}

/** The one before, the one after, and two more; beyond, the oldest is forgotten and would be checked anew. */
const VERSIONS_MAX = 4;
/**
 * Answers of another version in a row that make it the current one. Of two that answer by turns at random neither gets
 * there more than once in ten million calls.
 */
const SWITCH_RUN = 24;

export class ServedVersions {
  readonly #versions = new Map<string, Version>();
  #current = '';
  /** The version of the latest answers that were not of the current one, and how many in a row. */
  #other = '';
  #otherRun = 0;

  /** What predictions are kept by; empty when the server does not say. */
  get current(): string {
    return this.#current;
  }

  /** That of the current version; null while it has to be checked. */
  get signature(): ModelSignature | null {
    return this.#versions.get(this.#current)?.signature ?? null;
  }

  /**
   * The metadata has just been read and is right: from here on this version is the current one. Empty: the one that was,
   * if it is still served, or else the latest.
   */
  accept(version: string, signature: ModelSignature): void {
    const isStillServed = this.#current !== '' && isServing(signature, this.#current);
    this.#use(version || (isStillServed ? this.#current : signature.version));
    this.#versionOf(this.#current).signature = signature;
  }

  /** Whatever was checked has to be checked anew. */
  forget(): void {
    for (const version of this.#versions.values()) version.signature = null;
  }

  /** What the server says the version takes; null: has to be checked. */
  signatureOf(version: string): ModelSignature | null {
    const known = this.#versions.get(version)?.signature ?? null;
    const current = this.signature;
    if (known !== null || current === null || !current.versions.includes(version)) return known;
    this.#versionOf(version).signature = current;
    return current;
  }

  sanityOf(version: string): ModelSanity {
    return this.#versionOf(version).sanity;
  }

  /** An answer of this version, which has been checked, has come. */
  answered(version: string): void {
    if (version === this.#current) {
      this.#otherRun = 0;
      return;
    }
    this.#otherRun = version === this.#other ? this.#otherRun + 1 : 1;
    this.#other = version;
    if (this.#otherRun >= SWITCH_RUN) this.#use(version);
  }

  #use(version: string): void {
    this.#current = version;
    this.#otherRun = 0;
  }

  #versionOf(name: string): Version {
    const known = this.#versions.get(name);
    if (known !== undefined) return known;
    const version: Version = { signature: null, sanity: new ModelSanity() };
    this.#versions.set(name, version);
    if (this.#versions.size > VERSIONS_MAX) this.#forgetOldest();
    return version;
  }

  #forgetOldest(): void {
    for (const name of this.#versions.keys()) {
      if (name === this.#current) continue;
      this.#versions.delete(name);
      return;
    }
  }
}
