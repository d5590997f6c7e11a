/**
 * The OpenRTB 2.6-202606 object model in the spelling of the specification
 * (https://github.com/InteractiveAdvertisingBureau/openrtb2.x/blob/main/2.6.md); section numbers below are its own.
 *
 * These are messages as the readers of this folder hand them out: valid, in 2.6 places, `null` and `''` turned into
 * absence. Enumerations are open: a number may be any integer, since AdCOM grows with every release. Flags are 0 or 1.
 * The readonly modifiers let variants of a request share their unchanged parts.
 */

/** Opaque extension data: read it key by key, never merge it into a live object. */
export type Ext = Readonly<Record<string, unknown>>;

/** Top-level request for bids (2.6 section 3.2.1). */
export interface BidRequest {
  readonly id: string;
  readonly imp: readonly Imp[];
  readonly site?: Site;
  readonly app?: App;
  readonly dooh?: Dooh;
  readonly device?: Device;
  readonly user?: User;
  readonly test?: number;
  /** 1 first price, 2 second price plus, 500+ agreed with the exchange; absent = 2. */
  readonly at?: number;
  /** Milliseconds until the sender stops waiting, network included. */
  readonly tmax?: number;
  readonly wseat?: readonly string[];
  readonly bseat?: readonly string[];
  readonly allimps?: number;
  /** Upper-case ISO 4217; absent = USD only. */
  readonly cur?: readonly string[];
  readonly wlang?: readonly string[];
  readonly wlangb?: readonly string[];
  readonly acat?: readonly string[];
  readonly bcat?: readonly string[];
  readonly cattax?: number;
  readonly badv?: readonly string[];
  readonly bapp?: readonly string[];
  readonly source?: Source;
  readonly regs?: Regs;
  readonly ext?: Ext;
}

/** Who decides, the transaction and the chain of sellers (3.2.2). */
export interface Source {
  readonly fd?: number;
  readonly tid?: string;
  readonly pchain?: string;
  readonly schain?: SupplyChain;
  readonly ext?: Ext;
}

/** Legal signals (3.2.3). */
export interface Regs {
  readonly coppa?: number;
  readonly gdpr?: number;
  readonly us_privacy?: string;
  readonly gpp?: string;
  readonly gpp_sid?: readonly number[];
  readonly ext?: Ext;
}

/** One impression offered (3.2.4). */
export interface Imp {
  readonly id: string;
  readonly metric?: readonly Metric[];
  readonly banner?: Banner;
  readonly video?: Video;
  readonly audio?: Audio;
  readonly native?: Native;
  readonly pmp?: Pmp;
  readonly displaymanager?: string;
  readonly displaymanagerver?: string;
  readonly instl?: number;
  readonly tagid?: string;
  /** CPM in `bidfloorcur`. */
  readonly bidfloor?: number;
  /** Upper-case ISO 4217; absent = USD. */
  readonly bidfloorcur?: string;
  readonly clickbrowser?: number;
  readonly secure?: number;
  readonly iframebuster?: readonly string[];
  readonly rwdd?: number;
  readonly ssai?: number;
  /** Seconds between the auction and the impression. */
  readonly exp?: number;
  readonly qty?: Qty;
  /** Epoch milliseconds. */
  readonly dt?: number;
  readonly refresh?: Refresh;
  readonly ext?: Ext;
}

/** A measurement of the placement, e.g. viewability (3.2.5). */
export interface Metric {
  readonly type: string;
  readonly value: number;
  readonly vendor?: string;
  readonly ext?: Ext;
}

/** Display slot or companion (3.2.6). `wmax` and its kin left the specification with 2.6; they are read as unknown fields. */
export interface Banner {
  readonly format?: readonly Format[];
  readonly w?: number;
  readonly h?: number;
  readonly btype?: readonly number[];
  readonly battr?: readonly number[];
  readonly pos?: number;
  readonly mimes?: readonly string[];
  readonly topframe?: number;
  readonly expdir?: readonly number[];
  readonly api?: readonly number[];
  readonly id?: string;
  readonly vcm?: number;
  readonly ext?: Ext;
}

/** A size, or a ratio with a least width (3.2.10). */
export interface Format {
  readonly w?: number;
  readonly h?: number;
  readonly wratio?: number;
  readonly hratio?: number;
  readonly wmin?: number;
  readonly ext?: Ext;
}

/** In-stream or out-stream video slot (3.2.7). Durations in seconds. */
export interface Video {
  readonly mimes: readonly string[];
  readonly minduration?: number;
  readonly maxduration?: number;
  readonly startdelay?: number;
  readonly maxseq?: number;
  readonly poddur?: number;
  readonly protocols?: readonly number[];
  readonly w?: number;
  readonly h?: number;
  readonly podid?: string;
  readonly podseq?: number;
  readonly rqddurs?: readonly number[];
  /** @deprecated since 2.6-202303 */
  readonly placement?: number;
  readonly plcmt?: number;
  readonly linearity?: number;
  readonly skip?: number;
  readonly skipmin?: number;
  readonly skipafter?: number;
  /** @deprecated since 2.6 */
  readonly sequence?: number;
  readonly slotinpod?: number;
  readonly mincpmpersec?: number;
  readonly battr?: readonly number[];
  readonly maxextended?: number;
  readonly minbitrate?: number;
  readonly maxbitrate?: number;
  readonly boxingallowed?: number;
  readonly playbackmethod?: readonly number[];
  readonly playbackend?: number;
  readonly delivery?: readonly number[];
  readonly pos?: number;
  readonly companionad?: readonly Banner[];
  readonly api?: readonly number[];
  readonly companiontype?: readonly number[];
  readonly poddedupe?: readonly number[];
  readonly durfloors?: readonly DurFloors[];
  readonly ext?: Ext;
}

/** Audio slot (3.2.8). Durations in seconds. */
export interface Audio {
  readonly mimes: readonly string[];
  readonly minduration?: number;
  readonly maxduration?: number;
  readonly poddur?: number;
  readonly protocols?: readonly number[];
  readonly startdelay?: number;
  readonly rqddurs?: readonly number[];
  readonly podid?: string;
  readonly podseq?: number;
  /** @deprecated since 2.6 */
  readonly sequence?: number;
  readonly slotinpod?: number;
  readonly mincpmpersec?: number;
  readonly battr?: readonly number[];
  readonly maxextended?: number;
  readonly minbitrate?: number;
  readonly maxbitrate?: number;
  readonly delivery?: readonly number[];
  readonly companionad?: readonly Banner[];
  readonly api?: readonly number[];
  readonly companiontype?: readonly number[];
  readonly maxseq?: number;
  readonly feed?: number;
  readonly stitched?: number;
  readonly nvol?: number;
  readonly durfloors?: readonly DurFloors[];
  readonly ext?: Ext;
}

/** Native slot (3.2.9). */
export interface Native {
  /** A Native 1.2 request as JSON text. */
  readonly request: string;
  readonly ver?: string;
  readonly api?: readonly number[];
  readonly battr?: readonly number[];
  readonly ext?: Ext;
}

/** Private marketplace (3.2.11). */
export interface Pmp {
  readonly private_auction?: number;
  readonly deals?: readonly Deal[];
  readonly ext?: Ext;
}

/** Terms agreed between seller and buyer (3.2.12). */
export interface Deal {
  readonly id: string;
  /** CPM in `bidfloorcur`. */
  readonly bidfloor?: number;
  /** Absent = USD: never inherited from the imp. */
  readonly bidfloorcur?: string;
  readonly at?: number;
  readonly wseat?: readonly string[];
  readonly wadomain?: readonly string[];
  readonly guar?: number;
  readonly mincpmpersec?: number;
  readonly durfloors?: readonly DurFloors[];
  readonly ext?: Ext;
}

/** Floor for a range of durations in seconds; at least one bound, ranges may overlap. */
export interface DurFloors {
  readonly mindur?: number;
  readonly maxdur?: number;
  readonly bidfloor?: number;
  readonly ext?: Ext;
}

/** Impressions counted per play of a shared screen (3.2.31). */
export interface Qty {
  readonly multiplier: number;
  readonly sourcetype?: number;
  readonly vendor?: string;
  readonly ext?: Ext;
}

/** How the placement refreshes itself (3.2.33). */
export interface Refresh {
  readonly refsettings?: readonly RefSettings[];
  readonly count?: number;
  readonly ext?: Ext;
}

/** One refresh trigger (3.2.34). */
export interface RefSettings {
  readonly reftype?: number;
  /** Seconds. */
  readonly minint?: number;
  readonly ext?: Ext;
}

/** Website (3.2.13). */
export interface Site {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: string;
  readonly cattax?: number;
  readonly cat?: readonly string[];
  readonly sectioncat?: readonly string[];
  readonly pagecat?: readonly string[];
  readonly page?: string;
  readonly ref?: string;
  readonly search?: string;
  readonly mobile?: number;
  readonly privacypolicy?: number;
  readonly publisher?: Publisher;
  readonly content?: Content;
  readonly keywords?: string;
  readonly kwarray?: readonly string[];
  readonly inventorypartnerdomain?: string;
  readonly ext?: Ext;
}

/** Application (3.2.14). */
export interface App {
  readonly id?: string;
  readonly name?: string;
  readonly bundle?: string;
  readonly domain?: string;
  readonly storeurl?: string;
  readonly cattax?: number;
  readonly cat?: readonly string[];
  readonly sectioncat?: readonly string[];
  readonly pagecat?: readonly string[];
  readonly ver?: string;
  readonly privacypolicy?: number;
  readonly paid?: number;
  readonly publisher?: Publisher;
  readonly content?: Content;
  readonly keywords?: string;
  readonly kwarray?: readonly string[];
  readonly inventorypartnerdomain?: string;
  readonly ext?: Ext;
}

/** Digital out-of-home screen (3.2.32). */
export interface Dooh {
  readonly id?: string;
  readonly name?: string;
  readonly venuetype?: readonly string[];
  readonly venuetypetax?: number;
  readonly publisher?: Publisher;
  readonly domain?: string;
  readonly keywords?: string;
  readonly content?: Content;
  readonly ext?: Ext;
}

/** Publisher of the site or app, or producer of the content (3.2.15, 3.2.17). */
export interface Publisher {
  readonly id?: string;
  readonly name?: string;
  readonly cattax?: number;
  readonly cat?: readonly string[];
  readonly domain?: string;
  readonly ext?: Ext;
}

/** What the ad appears in (3.2.16). */
export interface Content {
  readonly id?: string;
  readonly episode?: number;
  readonly title?: string;
  readonly series?: string;
  readonly season?: string;
  readonly artist?: string;
  readonly genre?: string;
  readonly album?: string;
  readonly isrc?: string;
  readonly gtax?: number;
  readonly genres?: readonly string[];
  readonly producer?: Publisher;
  readonly url?: string;
  readonly cattax?: number;
  readonly cat?: readonly string[];
  readonly prodq?: number;
  readonly context?: number;
  readonly contentrating?: string;
  readonly userrating?: string;
  readonly qagmediarating?: number;
  readonly keywords?: string;
  readonly kwarray?: readonly string[];
  readonly livestream?: number;
  readonly sourcerelationship?: number;
  /** Seconds. */
  readonly len?: number;
  readonly language?: string;
  readonly langb?: string;
  readonly embeddable?: number;
  readonly data?: readonly Data[];
  readonly network?: Network;
  readonly channel?: Network;
  readonly realtime?: number;
  readonly firstbroadcast?: number;
  readonly ext?: Ext;
}

/** Network or channel the content is shown on (3.2.23, 3.2.24). */
export interface Network {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: string;
  readonly ext?: Ext;
}

/** Device of the user (3.2.18). */
export interface Device {
  readonly geo?: Geo;
  readonly dnt?: number;
  readonly lmt?: number;
  readonly ua?: string;
  /** Wins over `ua`. */
  readonly sua?: UserAgent;
  readonly ip?: string;
  readonly ipv6?: string;
  readonly devicetype?: number;
  readonly make?: string;
  readonly model?: string;
  readonly os?: string;
  readonly osv?: string;
  readonly hwv?: string;
  readonly h?: number;
  readonly w?: number;
  readonly ppi?: number;
  readonly pxratio?: number;
  readonly js?: number;
  readonly geofetch?: number;
  readonly flashver?: string;
  readonly language?: string;
  readonly langb?: string;
  readonly carrier?: string;
  readonly mccmnc?: string;
  readonly connectiontype?: number;
  readonly ifa?: string;
  /** @deprecated since 2.6 */
  readonly didsha1?: string;
  /** @deprecated since 2.6 */
  readonly didmd5?: string;
  /** @deprecated since 2.6 */
  readonly dpidsha1?: string;
  /** @deprecated since 2.6 */
  readonly dpidmd5?: string;
  /** @deprecated since 2.6 */
  readonly macsha1?: string;
  /** @deprecated since 2.6 */
  readonly macmd5?: string;
  readonly ext?: Ext;
}

/** Structured user agent, from client hints (3.2.29). */
export interface UserAgent {
  readonly browsers?: readonly BrandVersion[];
  readonly platform?: BrandVersion;
  readonly mobile?: number;
  readonly architecture?: string;
  readonly bitness?: string;
  readonly model?: string;
  readonly source?: number;
  readonly ext?: Ext;
}

/** A browser or platform with its version parts (3.2.30). */
export interface BrandVersion {
  readonly brand: string;
  readonly version?: readonly string[];
  readonly ext?: Ext;
}

/** Place of the device or home of the user (3.2.19). */
export interface Geo {
  /** Degrees, -90..90. */
  readonly lat?: number;
  /** Degrees, -180..180. */
  readonly lon?: number;
  readonly type?: number;
  /** Metres. */
  readonly accuracy?: number;
  /** Seconds. */
  readonly lastfix?: number;
  readonly ipservice?: number;
  /** ISO 3166-1 alpha-3. */
  readonly country?: string;
  readonly region?: string;
  readonly regionfips104?: string;
  readonly metro?: string;
  readonly city?: string;
  readonly zip?: string;
  /** Minutes. */
  readonly utcoffset?: number;
  readonly ext?: Ext;
}

/** Human user of the device (3.2.20). */
export interface User {
  readonly id?: string;
  readonly buyeruid?: string;
  /** @deprecated since 2.6 */
  readonly yob?: number;
  /** @deprecated since 2.6 */
  readonly gender?: string;
  readonly keywords?: string;
  readonly kwarray?: readonly string[];
  readonly customdata?: string;
  readonly geo?: Geo;
  readonly data?: readonly Data[];
  /** TCF string. */
  readonly consent?: string;
  readonly eids?: readonly Eid[];
  readonly ext?: Ext;
}

/** Identifiers of one source (3.2.27). */
export interface Eid {
  readonly source: string;
  readonly uids: readonly Uid[];
  readonly inserter?: string;
  readonly matcher?: string;
  readonly mm?: number;
  readonly ext?: Ext;
}

/** One identifier (3.2.28). */
export interface Uid {
  readonly id: string;
  readonly atype?: number;
  readonly ext?: Ext;
}

/** Segments of one data provider (3.2.21). */
export interface Data {
  readonly id?: string;
  readonly name?: string;
  readonly cids?: readonly string[];
  readonly segment?: readonly Segment[];
  readonly ext?: Ext;
}

/** A key-value pair about the user or content (3.2.22). */
export interface Segment {
  readonly id?: string;
  readonly name?: string;
  readonly value?: string;
  readonly ext?: Ext;
}

/** Sellers of the inventory in order; the last one sent this request (3.2.25). */
export interface SupplyChain {
  readonly complete: number;
  readonly nodes: readonly SupplyChainNode[];
  readonly ver: string;
  readonly ext?: Ext;
}

/** One seller (3.2.26). */
export interface SupplyChainNode {
  readonly asi: string;
  readonly sid: string;
  readonly rid?: string;
  readonly name?: string;
  readonly domain?: string;
  readonly hp?: number;
  readonly ext?: Ext;
}

/** Answer to one request (4.2.1). */
export interface BidResponse {
  /** The id of the request. */
  readonly id: string;
  readonly seatbid?: readonly SeatBid[];
  readonly bidid?: string;
  /** Upper-case ISO 4217 of every price; absent = USD. */
  readonly cur?: string;
  readonly customdata?: string;
  readonly nbr?: number;
  readonly ext?: Ext;
}

/** Bids on behalf of one seat (4.2.2). */
export interface SeatBid {
  readonly bid: readonly Bid[];
  readonly seat?: string;
  /** 1 = all bids win or none does. */
  readonly group?: number;
  readonly ext?: Ext;
}

/** One offer for one imp (4.2.3). */
export interface Bid {
  readonly id: string;
  readonly impid: string;
  /** CPM in the currency of the response. */
  readonly price: number;
  readonly nurl?: string;
  readonly burl?: string;
  readonly lurl?: string;
  readonly adm?: string;
  readonly adid?: string;
  readonly adomain?: readonly string[];
  readonly bundle?: string;
  readonly iurl?: string;
  readonly cid?: string;
  readonly crid?: string;
  readonly tactic?: string;
  readonly cattax?: number;
  readonly cat?: readonly string[];
  readonly attr?: readonly number[];
  readonly apis?: readonly number[];
  /** @deprecated since 2.6 */
  readonly api?: number;
  readonly protocol?: number;
  readonly qagmediarating?: number;
  readonly language?: string;
  readonly langb?: string;
  readonly dealid?: string;
  readonly w?: number;
  readonly h?: number;
  readonly wratio?: number;
  readonly hratio?: number;
  /** Seconds the bidder will wait for the impression. */
  readonly exp?: number;
  /** Seconds. */
  readonly dur?: number;
  /** 1 banner, 2 video, 3 audio, 4 native. */
  readonly mtype?: number;
  readonly slotinpod?: number;
  readonly ext?: Ext;
}

/** The JSON text in `imp.native.request` (Native 1.2 section 4.1). `layout` and `adunit` are of 1.0. */
export interface NativeRequest {
  readonly ver?: string;
  readonly context?: number;
  readonly contextsubtype?: number;
  readonly plcmttype?: number;
  readonly plcmtcnt?: number;
  readonly seq?: number;
  readonly assets: readonly NativeAsset[];
  readonly aurlsupport?: number;
  readonly durlsupport?: number;
  readonly privacy?: number;
  readonly eventtrackers?: readonly NativeEventTracker[];
  readonly layout?: number;
  readonly adunit?: number;
  readonly ext?: Ext;
}

/** One element of the ad; exactly one of title, img, video and data (4.2). */
export interface NativeAsset {
  /** Absent only until the reader has numbered the assets. */
  readonly id?: number;
  readonly required?: number;
  readonly title?: NativeTitle;
  readonly img?: NativeImage;
  readonly video?: NativeVideo;
  readonly data?: NativeData;
  readonly ext?: Ext;
}

/** Text of at most `len` characters (4.3). */
export interface NativeTitle {
  readonly len: number;
  readonly ext?: Ext;
}

/** Picture of a size or at least a size (4.4). */
export interface NativeImage {
  readonly type?: number;
  readonly w?: number;
  readonly wmin?: number;
  readonly h?: number;
  readonly hmin?: number;
  readonly mimes?: readonly string[];
  readonly ext?: Ext;
}

/** Video inside the native ad (4.5). */
export interface NativeVideo {
  readonly mimes: readonly string[];
  readonly minduration: number;
  readonly maxduration: number;
  readonly protocols: readonly number[];
  readonly ext?: Ext;
}

/** Any other text, e.g. sponsor, rating, price (4.6). */
export interface NativeData {
  readonly type: number;
  readonly len?: number;
  readonly ext?: Ext;
}

/** Which event may be tracked how (4.7). */
export interface NativeEventTracker {
  readonly event: number;
  readonly methods: readonly number[];
  readonly ext?: Ext;
}

/** For whoever owns a message alone and mends it in place. */
export type Mutable<T> = { -readonly [key in keyof T]: T[key] };
