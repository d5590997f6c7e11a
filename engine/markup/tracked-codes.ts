/** What is told of an ad by calling a URL in its markup. */

/** How far a video or audio ad was played; `error`: the player gave up. None of them bills. */
export const PLAYBACK_POINTS = ['start', 'firstQuartile', 'midpoint', 'thirdQuartile', 'complete', 'error'] as const;
export type PlaybackPoint = (typeof PLAYBACK_POINTS)[number];

/** The position is what is signed, so the list only grows, at its end. */
export const TRACKED_CODES = ['impression', 'viewable', 'click', 'conversion', ...PLAYBACK_POINTS] as const;
export type TrackedCode = (typeof TRACKED_CODES)[number];
