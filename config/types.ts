/** The configuration as the system is composed from: `config/schema/` says what each key means. */

import type { ReserveEstimatorName } from '../engine/auction/reserve/estimator.ts';
import type { AuctionPolicy, Mechanism, MediaType, PricingModel } from '../engine/auction/types.ts';
import type { PacingControllerName } from '../engine/budget/pacing/controllers.ts';
import type { Quirk } from '../engine/dsp/quirks.ts';
import type { PlaybackPoint } from '../engine/markup/tracked-codes.ts';
import type { Strictness } from '../openrtb/diagnostics.ts';

export interface Config {
  readonly server: ServerConfig;
  readonly admin: AdminConfig;
  readonly dataDirectory: string;
  readonly campaigns: CampaignsConfig;
  readonly exchange: ExchangeConfig;
  readonly auction: AuctionConfig;
  readonly floors: readonly FloorConfig[];
  readonly learnedReserve: LearnedReserveConfig;
  readonly placements: readonly PlacementConfig[];
  readonly estimation: EstimationConfig;
  readonly currencies: {
    readonly asOf: string;
    readonly base: string;
    readonly rates: Readonly<Record<string, number>>;
  };
  readonly dsps: readonly DspConfig[];
  readonly dspDefaults: DspDefaultsConfig;
  readonly protection: ProtectionConfig;
  readonly shaping: ShapingConfig;
  readonly admission: AdmissionConfig;
  readonly notices: NoticesConfig;
  readonly events: EventsConfig;
  readonly archive: ArchiveConfig;
  readonly counters: CountersConfig;
  readonly privacy: PrivacyConfig;
  readonly retention: RetentionConfig;
  readonly log: { readonly level: LogLevel };
}

export interface ArchiveConfig {
  readonly enabled: boolean;
  readonly besideEngine: boolean;
  /** Empty: in the data folder. */
  readonly folder: string;
  readonly flushMs: number;
  readonly flushRows: number;
  readonly flushBytes: number;
  readonly reconcile: boolean;
  readonly rawDays: number;
  readonly hourlyDays: number;
  readonly threads: number;
  readonly memoryBytesMax: number;
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';

export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly connectionsMax: number;
  readonly drainIdleMs: number;
  readonly workers: number;
  readonly publisherStrictness: Strictness;
  readonly warmUpAuctions: number;
}

export interface AdminConfig {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly tokens: readonly AdminTokenConfig[];
}

export interface AdminTokenConfig {
  readonly name: string;
  readonly token: string;
  readonly roles: readonly ('read' | 'ops' | 'money')[];
}

export interface ExchangeConfig {
  readonly domain: string;
  readonly sellerId: string;
  readonly currency: string;
  readonly forwardedExtensions: readonly string[];
}

export interface AuctionConfig extends AuctionPolicy {
  readonly secondPriceMechanism: Extract<Mechanism, 'gsp' | 'vcg'>;
  readonly tmaxDefaultMs: number;
  readonly tmaxMaxMs: number;
  readonly networkAllowanceMs: number;
  readonly decisionReserveMs: number;
  readonly progressive: boolean;
  readonly preliminaryAtMs: number;
  readonly waitingCostMicrosPerMs: number;
}

export interface FloorConfig {
  readonly publisherId?: string;
  readonly placementId?: string;
  readonly country?: string;
  /** `WxH`. */
  readonly size?: string;
  readonly mediaType?: MediaType;
  readonly floorCpmMicros: number;
}

export interface LearnedReserveConfig {
  readonly estimator: 'off' | ReserveEstimatorName;
  readonly windowSize: number;
  readonly observationsMin: number;
  readonly changeRatioMax: number;
  readonly stepIntervalMs: number;
  readonly placementsMax: number;
}

export interface EstimationConfig {
  readonly clickPriors: Readonly<Record<MediaType, number>>;
  readonly conversionPriors: Readonly<Record<MediaType, number>>;
  readonly model: ClickModelConfig;
  readonly conversionModel: ModelConfig;
  readonly quality: EstimateQualityConfig;
}

export interface ModelConfig {
  readonly source: 'none' | 'bundle';
  /** Empty: the model that ships. */
  readonly directory: string;
  /** Base64 of the 32 bytes of an Ed25519 key each. */
  readonly publicKeys: readonly string[];
  readonly versionMin: number;
  readonly reloadIntervalMs: number;
}

export interface ShadowModelConfig {
  /** Empty: none. */
  readonly directory: string;
  readonly share: number;
}

export interface EstimateQualityConfig {
  readonly attributionWindowMs: number;
  readonly awaitedMax: number;
  readonly windowCount: number;
  readonly calibrationMin: number;
  readonly calibrationMax: number;
  readonly aucMin: number;
  readonly clicksMin: number;
  readonly fallbackShareMax: number;
}

export interface ClickModelConfig extends Omit<ModelConfig, 'source'> {
  readonly source: ModelConfig['source'] | 'remote';
  readonly shadow: ShadowModelConfig;
  readonly remote: RemoteModelConfig;
  readonly cache: EstimateCacheConfig;
}

export interface RemoteModelConfig {
  readonly url: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty: every rate is average. */
  readonly ratesFile: string;
  readonly budgetMs: number;
  readonly callTimeoutMs: number;
  readonly gatherMs: number;
  readonly batchRowsMax: number;
  readonly callsMax: number;
}

export interface EstimateCacheConfig {
  readonly entriesMax: number;
  readonly refreshesPerSecondMax: number;
  /** Empty: this process's own memory. */
  /** 0: caches start empty. */
  readonly warmUpMs: number;
  readonly warmUpRowsMax: number;
  readonly redisUrl: string;
  readonly exact: HorizonConfig;
  readonly coarse: HorizonConfig;
}

export interface HorizonConfig {
  readonly localMs: number;
  readonly sharedMs: number;
  readonly staleMs: number;
}

export interface PlacementConfig {
  readonly id: string;
  readonly mechanism?: Mechanism;
  readonly slotWeights?: readonly number[];
}

export interface DspDefaultsConfig {
  readonly timeoutMs: number;
  readonly timeoutMsMin: number;
  readonly callsPerSecond: number;
  readonly waitingMax: number;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
}

export interface ProtectionConfig {
  readonly enabled: boolean;
  readonly timeoutQuantile: number;
  readonly timeoutHeadroom: number;
  readonly timeoutExplorationShare: number;
  readonly errorRatioMax: number;
  readonly errorWindowMs: number;
  readonly backOffMs: number;
  readonly probeCount: number;
  readonly probeSuccessRatioMin: number;
  readonly inTimeRatioMin: number;
}

export interface ShapingConfig {
  readonly enabled: boolean;
  readonly revenueLossMax: number;
  readonly explorationShare: number;
  readonly answersMin: number;
}

export interface AdmissionConfig {
  readonly enabled: boolean;
  readonly limitInitial: number;
  readonly limitMin: number;
  readonly limitMax: number;
  readonly latencyRatioMax: number;
  readonly burstMax: number;
  readonly loopDelayMsMax: number;
  readonly queueAgeMsMax: number;
  readonly heapShareShed: number;
  readonly dwellMs: number;
  readonly valuedQuantile: number;
}

export interface DspConfig {
  readonly id: string;
  readonly url: string;
  readonly version: '2.5' | '2.6';
  readonly timeoutMs?: number;
  readonly callsPerSecond?: number;
  readonly callsPerSecondMax?: number;
  readonly strictness: Strictness;
  readonly pricing: PricingModel;
  readonly quality: number;
  readonly gzipRequests: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly quirks: readonly Quirk[];
  readonly blockedAdvertisers: readonly string[];
  readonly blockedCategories: readonly string[];
}

export interface NoticesConfig {
  readonly allowedHosts: readonly string[];
  readonly queueLengthMax: number;
  readonly concurrencyMax: number;
  readonly timeoutMs: number;
}

export interface EventsConfig {
  readonly billing: boolean;
  readonly segmentBytesMax: number;
  readonly totalBytesMax: number;
  readonly retention: 'remove-oldest' | 'refuse';
  readonly syncIntervalMs: number;
  readonly pendingBytesMax: number;
  readonly lossSampleRate: number;
  readonly userSecret: string;
  readonly tracking: TrackingConfig;
  readonly fastFilter: {
    /** Empty: there is none. */
    readonly redisUrl: string;
    readonly rememberedMax: number;
  };
  readonly sellUnstored: 'dsps' | 'nothing';
  readonly kafka: EventsKafkaConfig;
}

export interface CountersConfig {
  readonly enabled: boolean;
  /** Empty: in the memory of the process that counts. */
  readonly redisUrl: string;
  readonly keptMs: number;
  readonly thingsMax: number;
  readonly rememberedMax: number;
}

export interface RetentionConfig {
  readonly deadLettersMs: number;
  readonly billingNoticesMs: number;
  readonly deletionsMs: number;
}

export interface PrivacyConfig {
  readonly deletions: boolean;
}

export interface TrackingConfig {
  readonly baseUrl: string;
  readonly key: string;
  readonly previousKey: string;
  readonly previousKeyUntil: string;
  readonly playback: readonly Exclude<PlaybackPoint, 'error'>[];
  readonly clickAfterMs: number;
  readonly conversionMs: number;
  readonly underWayMax: number;
  readonly rememberedMax: number;
}

export interface EventsKafkaConfig {
  /** Empty: events stay in their segments. */
  readonly brokers: string;
  readonly topicPrefix: string;
  readonly clientId: string;
  readonly tls: boolean;
  readonly tlsCaFile: string;
  readonly saslMechanism: 'none' | 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly saslUsername: string;
  readonly saslPassword: string;
  readonly compression: 'gzip' | 'none';
  readonly lingerMs: number;
  readonly batchBytesMax: number;
  readonly bytesPerSecondMax: number;
  readonly requestTimeoutMs: number;
}

export interface CampaignsConfig {
  readonly enabled: boolean;
  /** Empty: files in the data folder. */
  readonly databaseUrl: string;
  /** Empty: this process has its own. */
  readonly redisUrl: string;
  readonly refreshIntervalMs: number;
  readonly pacingIntervalMs: number;
  readonly pacing: PacingControllerName;
  readonly feePpm: number;
  readonly held: {
    readonly bannerMs: number;
    readonly videoMs: number;
    readonly nativeMs: number;
    readonly clickMs: number;
    readonly conversionMs: number;
    readonly backlogMs: number;
    readonly shareMin: number;
  };
  readonly alerts: {
    readonly lowBalanceShare: number;
    readonly paceMin: number;
  };
  readonly frequency: {
    readonly secret: string;
    readonly unknownUser: 'refuse' | 'allow';
    readonly silentStore: 'refuse' | 'allow';
    readonly lifetimeMs: number;
    readonly usersMax: number;
  };
}
