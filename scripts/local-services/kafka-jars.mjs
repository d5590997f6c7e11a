// The jars of a Kafka broker: fetched once by Maven into a cache folder, used from there ever after.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const POM = fileURLToPath(new URL('kafka-pom.xml', import.meta.url));
const JAVA_VERSION_MIN = 17;
/** A registry that hangs is as good as none. */
const FETCH_MS_MAX = 180_000;

/** Why no Kafka can be run here, or null. */
export function missingForKafka() {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  if (java.status !== 0) return 'no Java: install a JRE of version 17 or newer';
  const version = Number(/version "(\d+)/.exec(java.stderr)?.[1]);
  if (!(version >= JAVA_VERSION_MIN)) return `Java ${version} is too old: ${JAVA_VERSION_MIN} or newer is needed`;
  if (existsSync(jarsFolder())) return null;
  return spawnSync('mvn', ['-v']).status === 0 ? null : 'no Maven to fetch Kafka with: install maven';
}

/** The folder of the jars; rejects with Maven's last words, and the code `unavailable`. */
export async function fetchKafkaJars() {
  const folder = jarsFolder();
  // One at a time: Maven's own repository is not made for more. Who waited finds the jars there.
  const fetching = `${folder}.fetching`;
  while (!existsSync(folder) && !mayFetch(fetching)) await wait(200);
  if (existsSync(folder)) return folder;
  try {
    const jars = join(fetching, 'jars');
    await runMaven(['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${jars}`]);
    renameSync(jars, folder);
  } finally {
    rmSync(fetching, { recursive: true, force: true });
  }
  return folder;
}

/** Whether it is ours to fetch. Whoever began longer ago than it can take was killed. */
function mayFetch(fetching) {
  try {
    mkdirSync(join(fetching, '..'), { recursive: true });
    mkdirSync(fetching);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    const startedAtMs = statSync(fetching, { throwIfNoEntry: false })?.birthtimeMs ?? Date.now();
    if (Date.now() - startedAtMs > FETCH_MS_MAX) rmSync(fetching, { recursive: true, force: true });
    return false;
  }
}

/** Another pom is another folder. */
function jarsFolder() {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const version = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12);
  return join(cache, 'gavel', `kafka-${version}`);
}

function runMaven(goals) {
  return new Promise((resolve, reject) => {
    const child = spawn('mvn', ['-B', '-q', '-f', POM, ...goals], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: FETCH_MS_MAX,
    });
    let said = '';
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', (text) => {
        said = (said + text).slice(-4000);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(Object.assign(new Error(`Maven could not fetch Kafka:\n${said.trim()}`), { code: 'unavailable' }));
    });
  });
}
